"""For how long a version has been fine: the time that a bake or a probation needs (semantics.md, O3, K9).

Only time between two evaluations that both counted is added, and no more than `longest_gap` for one pair: what nobody
looked at proves nothing. A moment that does not count pauses the sum; only another start empties it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Start:
    """What a sum of steady time belongs to; another digest, switch, probation, content or workload is another start."""

    digest: str
    activated_at: datetime | None = None
    probation_since: datetime | None = None
    content_changed_at: datetime | None = None
    """When its ConfigMaps were last seen to hold something else (rule O7); breaches are timed across that."""
    workload_uid: str = ""
    """The Deployment that runs it: what was seen of one that was deleted says nothing of its successor's pods."""


@dataclass(frozen=True, slots=True)
class Steady:
    """The steady time since one start."""

    start: Start
    lasted: timedelta = timedelta(0)
    counted_at: datetime | None = None
    """When the last evaluation was, if it counted; None otherwise."""


def accumulate(
    earlier: Steady | None, *, start: Start, counts: bool, now: datetime, longest_gap: timedelta
) -> Steady:
    """Return the sum after one more evaluation, which counted or not (`decide.rules.bake.counts`)."""
    known = earlier if earlier is not None and earlier.start == start else Steady(start)
    if not counts:
        return Steady(start, known.lasted)
    added = timedelta(0)
    if known.counted_at is not None:
        added = min(max(now - known.counted_at, timedelta(0)), longest_gap)
    return Steady(start, known.lasted + added, now)
