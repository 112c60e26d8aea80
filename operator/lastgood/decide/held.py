"""What a switch holds of a workload, to bring it back as it was (`spec.restore[]`; semantics.md, K2, K3, K9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """What of an autoscaler is changed to hold it; None is absent, or left alone."""

    min_replicas: int | None = None
    max_replicas: int | None = None
    scale_up: str | None = None
    """Of a HorizontalPodAutoscaler: `behavior.scaleUp.selectPolicy`."""
    paused_replicas: int | None = None
    """Of a ScaledObject: KEDA's annotation."""


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """What people want an autoscaler to be set to, and what it was set to meanwhile to hold it (rule K3)."""

    kind: str
    name: str
    before: Bounds = field(default_factory=Bounds)
    uid: str = ""
    """Whose record this is; one that was created again under its name is somebody else's."""
    held: tuple[Bounds, ...] = ()
    """What it was held at, or is about to be, the newest first: any other value is somebody else's wish."""
    revision: int = 0
    """Of which resourceVersion of the autoscaler this was noted; 0: not known. The later of two counts."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a Service sent the model's requests before they went to the fallback."""

    service: str
    selector: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probation:
    """The first time after a release: `since` is None until the workload is started again."""

    since: datetime | None = None
    round: int = 1
    start_at: datetime | None = None
    """When it starts, where many were released together (rule K10)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a switch holds of one workload (`spec.restore[]`)."""

    workload: str
    model: str
    replicas: int
    ceiling: int
    autoscaler: Autoscaler | None = None
    probation: Probation | None = None
    traffic: Route | None = None
    """What the model's Service selected; None where the kill leaves traffic alone."""
