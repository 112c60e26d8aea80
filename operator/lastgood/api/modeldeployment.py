"""ModelDeployment: one model, its workload, its versions, and what keeps it safe."""

import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from lastgood.api import durations, schema
from lastgood.api.base import LENIENT, LabelValue, Model, Name, Resource
from lastgood.api.durations import Duration
from lastgood.api.modeldeployment_status import ModelDeploymentStatus
from lastgood.api.rollback import Checkpoints, Fallback, KillSwitchField, OnNoGoodVersion, Rollback, Standby
from lastgood.api.rollout import Rollout
from lastgood.api.thresholds import Threshold
from lastgood.api.versions import Version
from lastgood.api.workloads import ContainerRef, Replicas

FOLLOWS: Final = "(has(self.follow) && self.follow)"
POD_SPEC: Final = {
    "required": ["containers"],
    "properties": {
        "containers": {
            "description": "The pod's containers, as in a Deployment's template.",
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        }
    },
}
"""The little that must be there for a pod to start; the API server checks the rest when the Deployment is made."""


class WorkloadTemplate(Model):
    """A workload that the operator creates: a pod template and a number of replicas."""

    replicas: Replicas = 1
    """How many pods to create it with; afterwards people and autoscalers own the number."""
    container: Annotated[str | None, schema.text(63, shortest=1, pattern=schema.DNS_LABEL)] = None
    """The container whose image, args and env a version sets. Default: the first."""
    metadata: Annotated[dict[str, Any] | None, schema.FREE_FORM] = None
    """Labels and annotations of the pods."""
    spec: Annotated[dict[str, Any], schema.FREE_FORM, schema.Wire(POD_SPEC)]
    """The pod's spec, as in a Deployment's template."""

    @property
    def pod_template(self) -> dict[str, Any]:
        """`metadata` and `spec`, as a Deployment's `spec.template` takes them."""
        return {"metadata": self.metadata or {}, "spec": self.spec}


class AuthSecretRef(Model):
    """A Secret of the same namespace."""

    name: Name
    """The Secret's name; keys token, or username and password; a CA bundle in ca.crt."""


class Prometheus(Model):
    """The Prometheus that answers this model's queries; the operator's own credentials never go there."""

    url: Annotated[
        str,
        schema.text(2048),
        schema.Wire(
            None,
            schema.Rule(
                rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHost() != ''",
                message="must be an http:// or https:// address, like http://prometheus.monitoring:9090",
            ),
            schema.Rule(
                rule="!self.matches('^[a-z]+://[^/]*@')",
                message="must not hold a user or password; name a Secret with them in authSecretRef",
                reason="FieldValueForbidden",
            ),
        ),
    ]
    """The address before /api/v1."""
    timeout: Annotated[Duration, durations.between("100ms", "2m")] = datetime.timedelta(seconds=5)
    """How long one query may take; after that its verdict is Blind."""
    auth_secret_ref: AuthSecretRef | None = None
    """The Secret that holds the credentials."""
    headers: Annotated[
        dict[str, Annotated[str, schema.text(1024)]] | None,
        schema.mapping(most=20),
        schema.Wire(
            None,
            schema.Rule(
                rule="self.all(name, name.lowerAscii() != 'authorization')",
                message="must not hold Authorization; name a Secret with the credentials in authSecretRef",
                reason="FieldValueForbidden",
            ),
        ),
    ] = None
    """Headers of each request, such as X-Scope-OrgID for the tenants of Mimir, Thanos and VictoriaMetrics."""


class ModelDeploymentSpec(Model):
    """What is wanted for one model."""

    rules = (
        schema.Rule(
            rule="has(self.workloadRef) != has(self.template)",
            message="give exactly one of workloadRef (a Deployment that exists) and template "
            "(the operator creates it)",
            path=".workloadRef",
        ),
        schema.Rule(
            rule=f"{FOLLOWS} || (has(self.versions) && self.versions.size() > 0)",
            message="list at least one version, or set follow: true",
            path=".versions",
            reason="FieldValueRequired",
        ),
        schema.Rule(
            rule=f"{FOLLOWS} || has(self.version) || !has(self.versions) || self.versions.size() < 2",
            message="say in version which of the versions is wanted",
            path=".version",
            reason="FieldValueRequired",
        ),
        schema.Rule(
            rule=f"{FOLLOWS} || !has(self.version) || !has(self.versions) || self.versions.size() == 0 "
            "|| self.versions.exists(listed, listed.name == self.version)",
            message="must be the name of one of versions; add it there or correct it",
            path=".version",
        ),
        schema.Rule(
            rule="!has(self.fallback) || !has(self.workloadRef) "
            "|| self.fallback.workloadRef.name != self.workloadRef.name",
            message="a model cannot be its own fallback; name another Deployment",
            path=".fallback.workloadRef.name",
        ),
        schema.Rule(
            rule="!has(self.fallback) || has(self.fallback.service) "
            "|| (has(self.rollout) && has(self.rollout.traffic))",
            message="say which Service is switched to the fallback, here or in rollout.traffic",
            path=".fallback.service",
            reason="FieldValueRequired",
        ),
        schema.Rule(
            rule="has(self.fallback) || !has(self.rollback) || !has(self.rollback.onNoGoodVersion) "
            "|| self.rollback.onNoGoodVersion != 'Fallback'",
            message="onNoGoodVersion: Fallback needs spec.fallback",
            path=".rollback.onNoGoodVersion",
        ),
        schema.Rule(
            rule="has(self.fallback) || !has(self.killSwitch) || !has(self.killSwitch.action) "
            "|| self.killSwitch.action != 'Fallback'",
            message="action: Fallback needs spec.fallback",
            path=".killSwitch.action",
        ),
    )

    workload_ref: ContainerRef | None = None
    """The Deployment that serves the model and that lastgood adopts, without restarting a pod. Either this or
    template."""
    template: WorkloadTemplate | None = None
    """Instead of workloadRef: a pod template and replicas; the operator then creates the Deployment, named
    like this object."""
    follow: bool = False
    """True: versions may be empty, and each new pod template that people or CI put on the workload becomes a
    version."""
    version: LabelValue | None = None
    """The name of the version that is wanted. May be left out with a single version, or with follow."""
    versions: Annotated[tuple[Version, ...], schema.list_map("name", most=100)] = ()
    """What may run."""
    prometheus: Prometheus | None = None
    """The Prometheus that answers the thresholds. Default: the operator's own setting."""
    interval: Annotated[Duration, durations.between("1s", "1h"), schema.STABLE_DEFAULT] = datetime.timedelta(
        seconds=15
    )
    """How often thresholds are evaluated, 1s to 1h."""
    thresholds: Annotated[tuple[Threshold, ...], schema.list_map("name", most=50)] = ()
    """What is measured on each running version, and what happens when it is too much."""
    rollout: Rollout = Rollout()
    """How a new version comes in, and when it counts as good."""
    rollback: Rollback = Rollback()
    """When an automatic rollback may happen."""
    kill_switch: KillSwitchField = KillSwitchField()
    """Turns the model off and keeps it off. It works without Prometheus and on a suspended, paused or invalid
    model."""
    fallback: Fallback | None = None
    """A smaller, older or rule-based stand-in, kept warm."""
    checkpoints: Checkpoints = Checkpoints()
    """What is saved, and for how long."""
    standby: Standby = Standby()
    """The last good version kept warm as <workload>-standby, watched by the same thresholds."""
    owners: Annotated[tuple[Annotated[str, schema.text(253, shortest=1)], ...], schema.list_set(most=50)] = ()
    """Who answers for the model; named in notices."""
    runbook_url: Annotated[str | None, schema.text(2048, pattern="^https?://")] = Field(
        None, alias="runbookURL"
    )
    """What to do when it breaks; linked in notices."""
    suspend: bool = False
    """True: judged and reported, no automatic action. The manual kill switch still works."""

    @property
    def on_no_good_version(self) -> OnNoGoodVersion:
        """What a breach does without a version to go back to, with the default applied."""
        if self.rollback.on_no_good_version is not None:
            return self.rollback.on_no_good_version
        return OnNoGoodVersion.FALLBACK if self.fallback is not None else OnNoGoodVersion.HOLD

    @property
    def wanted_version(self) -> str | None:
        """The name of the wanted version: given, or the only one listed; else none, as with `follow`."""
        if self.version is None and not self.follow and len(self.versions) == 1:
            return self.versions[0].name
        return self.version

    @property
    def fallback_service(self) -> str | None:
        """The Service that a fallback takes over, with the default applied."""
        if self.fallback is None:
            return None
        traffic = self.rollout.traffic
        return self.fallback.service or (traffic.service if traffic is not None else None)


class ModelDeployment(Resource):
    """One model: its workload, versions, thresholds, rollout, rollback and kill switch."""

    rules = (
        schema.Rule(
            rule="!self.metadata.name.endsWith('-spec')",
            message="metadata.name must not end in -spec: <model>-spec is the KillSwitch "
            "of a model's spec.killSwitch",
            path=".metadata.name",
        ),
        schema.Rule(
            rule="self.metadata.name.size() <= 63",
            message="metadata.name must not exceed 63 characters: it becomes the value of a pod label",
            path=".metadata.name",
        ),
        schema.Rule(
            rule="!has(self.spec.template) || !has(self.spec.fallback) "
            "|| self.spec.fallback.workloadRef.name != self.metadata.name",
            message="a model cannot be its own fallback; name another Deployment",
            path=".spec.fallback.workloadRef.name",
        ),
    )

    spec: ModelDeploymentSpec
    """What is wanted."""
    status: Annotated[ModelDeploymentStatus | None, LENIENT] = None
    """What is observed. A report: no decision reads it."""

    @property
    def workload_name(self) -> str:
        """The Deployment that serves the model: adopted, or created under the model's own name."""
        return self.spec.workload_ref.name if self.spec.workload_ref is not None else self.metadata.name

    @property
    def container_name(self) -> str | None:
        """The model's container, if the spec names it; otherwise the first of the pod template counts."""
        source: ContainerRef | WorkloadTemplate | None = self.spec.workload_ref or self.spec.template
        return source.container if source is not None else None
