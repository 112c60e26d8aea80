"""What several kinds say about workloads: Deployments, containers, autoscalers, artifacts.

Pod templates are kept as the plain objects that the API server gives: lastgood restores them whole and must
not lose a field that this release does not know.
"""

from enum import StrEnum
from typing import Annotated, Any

from lastgood.api import schema
from lastgood.api.base import Model, Name

PodTemplate = Annotated[dict[str, Any], schema.FREE_FORM]
"""A whole pod template: `metadata` and `spec`."""


class WorkloadKind(StrEnum):
    """The kinds of workload that lastgood can switch."""

    DEPLOYMENT = "Deployment"


class WorkloadRef(Model):
    """A workload of the same namespace."""

    api_version: Annotated[str | None, schema.Wire({"enum": ["apps/v1"]})] = None
    """The workload's API version; only apps/v1."""
    kind: Annotated[WorkloadKind, schema.STABLE_DEFAULT] = WorkloadKind.DEPLOYMENT
    """The workload's kind; only Deployment."""
    name: Name
    """The workload's name."""


class ContainerRef(WorkloadRef):
    """A workload of the same namespace, and the container in it that holds the model."""

    container: Annotated[str | None, schema.text(63, shortest=1, pattern=schema.DNS_LABEL)] = None
    """The container whose image, args and env a version sets. Default: the first."""


class EnvVar(Model):
    """One environment variable."""

    rules = (
        schema.Rule(
            rule="!(has(self.value) && has(self.valueFrom))",
            message="give value or valueFrom, not both",
            reason="FieldValueForbidden",
        ),
    )

    name: Annotated[str, schema.text(256, shortest=1, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]
    """The variable's name."""
    value: Annotated[str | None, schema.text(32768)] = None
    """The variable's value."""
    value_from: Annotated[dict[str, Any] | None, schema.FREE_FORM] = None
    """A source as in a container: configMapKeyRef, secretKeyRef, fieldRef or resourceFieldRef."""


Args = Annotated[tuple[Annotated[str, schema.text(8192)], ...], schema.list_atomic(most=200)]
"""A container's arguments."""
Env = Annotated[tuple[EnvVar, ...], schema.list_map("name", most=200)]
"""A container's environment."""
Image = Annotated[str, schema.text(1024, shortest=1, pattern=r"^[^\s]+$")]
"""A container image, best by digest."""


class Artifact(Model):
    """The file or directory that holds the weights of a model."""

    uri: Annotated[str, schema.text(2048, shortest=1)]
    """Where it is: s3://, gs://, https://, pvc:// or what the checker that is configured understands."""
    sha256: Annotated[str | None, schema.text(64, shortest=64, pattern=r"^[0-9a-f]{64}$")] = None
    """Its SHA-256, as 64 hex digits in lower case. With it, a changed artifact is found before it is
    needed."""


class AutoscalerKind(StrEnum):
    """The autoscalers that lastgood can hold during a kill."""

    HPA = "HorizontalPodAutoscaler"
    SCALED_OBJECT = "ScaledObject"


class AutoscalerBounds(Model):
    """What of an autoscaler lastgood changes to hold it; left out: absent, or not changed."""

    min_replicas: Annotated[int | None, schema.number(least=0, most=100000)] = None
    """Its lower bound."""
    max_replicas: Annotated[int | None, schema.number(least=0, most=100000)] = None
    """Its upper bound."""
    scale_up: Annotated[str | None, schema.text(16)] = None
    """HorizontalPodAutoscaler: spec.behavior.scaleUp.selectPolicy; left out where there was no behavior."""
    paused_replicas: Annotated[int | None, schema.number(least=0, most=100000)] = None
    """KEDA: the annotation autoscaling.keda.sh/paused-replicas; left out where it was not there."""


class Autoscaler(AutoscalerBounds):
    """The state of a workload's autoscaler before lastgood held it; it returns as it was."""

    kind: AutoscalerKind
    """HorizontalPodAutoscaler, or KEDA's ScaledObject."""
    name: Name
    """The autoscaler's name."""


class HeldAutoscaler(Autoscaler):
    """The state of a held workload's autoscaler, and what lastgood has set of it."""

    uid: Annotated[str | None, schema.text(64)] = None
    """The autoscaler's uid; one that was created again meanwhile is somebody else's."""
    resource_version: Annotated[str | None, schema.text(64)] = None
    """Of which of the autoscaler's versions this was noted; of switches that disagree, the latest counts."""
    held: Annotated[tuple[AutoscalerBounds, ...], schema.list_atomic(most=2)] = ()
    """What lastgood has set or is about to set, the newest first. Any other value is somebody else's, and
    stays when the autoscaler is given back."""


Replicas = Annotated[int, schema.number(least=0, most=100000)]
"""A number of pods."""
