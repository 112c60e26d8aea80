"""What a decision does to the world: each step is idempotent and says what it takes the world to be (rule F3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lastgood.decide import facts, world


@dataclass(frozen=True, slots=True)
class SwitchTemplate:
    """Give the workload another pod template, and unpause it where a rollback must not wait."""

    workload: world.Workload
    template: facts.Template
    version: str
    why: facts.Why
    decided_at: datetime | None = None
    """When the version was switched to: another switch to it is another step, and no repetition."""
    unpause: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Set the workload's replicas: to zero for a kill, to N for a probation, to those of before at its end."""

    workload: world.Workload
    replicas: int


@dataclass(frozen=True, slots=True)
class SetAutoscaler:
    """Set an autoscaler: to hold it at a number, or to what people want (rule K3)."""

    autoscaler: world.Autoscaler
    bounds: facts.Bounds


@dataclass(frozen=True, slots=True)
class SwitchTraffic:
    """Let a Service select other pods. Whatever becomes of it, the steps behind it are taken (rule K1)."""

    service: world.Service
    selector: Mapping[str, str]
    to: str
    """The Deployment that serves from then on."""


@dataclass(frozen=True, slots=True)
class LabelPod:
    """Label a live pod with its model and version, without restarting it (rule O5).

    A step is one write, so that each is sent only by whoever holds the Lease at that moment (rule F5).
    """

    pod: world.Pod
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """Remove an annotation by which a person asked for something, once it is done."""

    annotation: str
    resource_version: str
    """Of the ModelDeployment that carries it: what is asked meanwhile must not go with it."""


@dataclass(frozen=True, slots=True)
class EmptyReplicaSet:
    """Scale a ReplicaSet of an earlier template to zero, so that the pods to go back to need not wait for its own."""

    name: str


Step = EmptyReplicaSet | SwitchTemplate | Scale | SetAutoscaler | SwitchTraffic | LabelPod | ForgetRequest


def described(step: Step) -> str:
    """Return what a step does, for the log."""
    match step:
        case Scale():
            return f"Scale to {step.replicas}"
        case SwitchTemplate():
            return f"SwitchTemplate to {step.version}"
        case SetAutoscaler():
            return f"SetAutoscaler {step.autoscaler.kind} {step.autoscaler.name} to {step.bounds}"
        case SwitchTraffic():
            return f"SwitchTraffic of Service {step.service.name} to {step.to}"
        case LabelPod():
            return f"LabelPod {step.pod.name}"
        case _:
            return type(step).__name__
