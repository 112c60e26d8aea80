"""What the judge is given of one threshold: its answers, or why it was not asked at all."""

from dataclasses import dataclass
from datetime import datetime

from lastgood.judge import readings


@dataclass(frozen=True, slots=True)
class NotRunning:
    """The version has no wanted replicas, or the model is killed: there is nothing to look at."""


@dataclass(frozen=True, slots=True)
class WarmingUp:
    """The version is not judged yet (rule J7); `until` is None while pods are still being replaced."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers to a threshold's queries, all evaluated at one moment."""

    value: readings.Reading
    samples: readings.Reading | None = None
    """The answer to `samples.query`; None when the threshold has none."""
    server_has_data: bool = False
    """Whether the same server answered `vector(1)` and has targets that are up (rule J5)."""
    window_filling: bool = False
    """Whether `$window` is still shorter than the threshold's own, because the version is that young."""


Look = NotRunning | WarmingUp | Asked
