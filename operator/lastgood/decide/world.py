"""What is observed of a model's workload: never recorded, always read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from lastgood.decide import facts

MOST_NAMED: Final = 5
"""Pods that a sentence names; of more it says how many they are."""


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod that belongs to the workload by its owner references, or to one of the same name that is gone."""

    name: str
    uid: str
    digest: str | None
    """Digest of the template it was made from; None when its ReplicaSet is not known."""
    ready: bool
    terminating: bool
    ready_since: datetime | None = None
    failure: str = ""
    """Why its containers do not start, as the kubelet names it: `CrashLoopBackOff`, `ImagePullBackOff`, ..."""
    failure_message: str = ""
    labels: Mapping[str, str] | None = None
    replica_set: str = ""
    """The ReplicaSet that wants it; empty once that wants no pods any more."""
    left: bool = False
    """Whether it was made by a Deployment that is gone: the one of that name that is there now does not end it."""


def named(pods: Sequence[Pod]) -> str:
    """Return the names of some pods, and of how many more they are, for a sentence."""
    names = ", ".join(pod.name for pod in pods[:MOST_NAMED])
    return f"{names} and {len(pods) - MOST_NAMED} more" if len(pods) > MOST_NAMED else names


@dataclass(frozen=True, slots=True)
class Workload:
    """The Deployment that runs the model."""

    name: str
    uid: str
    resource_version: str
    replicas: int
    template: facts.Template
    digest: str
    paused: bool = False
    complete: bool = False
    """Whether the Deployment controller has seen the template and made every replica available."""
    progressed_at: datetime | None = None
    """When its rollout last got further, or was resumed after a pause."""
    rolling: bool = False
    """Whether the Deployment controller still rolls the template out; scaling it later is no rollout."""
    pods: tuple[Pod, ...] = ()
    scaled_by: str = ""
    """The field manager that wrote `replicas` last."""
    scaled_at: datetime | None = None
    """When it wrote last."""
    managed: tuple[Mapping[str, Any], ...] = ()
    """Which field manager owns what, as the API server keeps it."""
    templated_by: str = ""
    """The field manager that wrote to the template last."""
    selector: Mapping[str, str] = field(default_factory=dict)
    """The labels that its template must have; the API server lets nobody change them."""

    def admits(self, template: facts.Template) -> bool:
        """Whether the API server lets it have a template: one of the pods that it selects."""
        labels = (template.get("metadata") or {}).get("labels") or {}
        return self.selector.items() <= labels.items()

    @property
    def settled(self) -> bool:
        """Whether only pods of the wanted template exist, and all of them are available."""
        return self.complete and self.replicas > 0 and all(pod.digest == self.digest for pod in self.pods)


@dataclass(frozen=True, slots=True)
class Service:
    """The Service that brings the model its requests."""

    name: str
    uid: str
    resource_version: str
    selector: Mapping[str, str]
    """Empty for one that selects nothing, as with endpoints made by hand."""
    selected_by: str = ""
    """The field manager that wrote the selector last."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The Deployment that a model falls back to: looked at, and only its pods are labelled."""

    name: str
    selector: Mapping[str, str]
    """Labels that a Service must select to reach its pods."""
    labels: Mapping[str, str]
    """The labels of its pods."""
    available: int = 0
    """Pods that are ready to serve."""
    uid: str = ""
    pods: tuple[Pod, ...] = ()
    """Those that may be labelled: none of a Deployment that is a model by itself."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who serves the model's requests, or could; empty for a model without fallback."""

    service: Service | None = None
    stand_in: StandIn | None = None
    unread: str = ""
    """Why one of them could not be read, other than that it is not there."""
    claimed_by: str = ""
    """The other model that the Service is switched for: it sends requests to one fallback, and not to two."""


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """The autoscaler that scales the workload, as it is set now."""

    kind: str
    name: str
    uid: str
    resource_version: str
    min_replicas: int
    max_replicas: int
    scale_up: str | None = None
    """Of a HorizontalPodAutoscaler: `behavior.scaleUp.selectPolicy`; None without a behavior."""
    paused_replicas: int | None = None
    """Of a ScaledObject: the number at which KEDA pauses; None while it does not."""
    scaled_to_zero: bool = False
    """Of a HorizontalPodAutoscaler: whether it has brought the workload to zero by itself, and so may bring it back."""
    elsewhere: bool = False
    """Whether it is on record for the workload and scales something else by now."""
    others_behavior: bool = False
    """Whether anybody but the operator has written to its `behavior`."""

    @property
    def bounds(self) -> facts.Bounds:
        """What it is set to."""
        return facts.Bounds(self.min_replicas, self.max_replicas, self.scale_up, self.paused_replicas)
