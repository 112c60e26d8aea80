"""What the tests of the judge start from: a threshold, and looks at it one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.api import thresholds
from lastgood.judge import judging, readings
from lastgood.judge import look as looking
from lastgood.judge.verdict import Judgement, Track

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GAP = timedelta(seconds=30)
NO_ANSWER = readings.Unreachable("connection refused")
REFUSED = readings.Refused("parse error")
NAN, INF = float("nan"), float("inf")


def threshold(**fields: Any) -> thresholds.ResolvedThreshold:
    """A threshold as a manifest gives it, `max: 10` and `rollback.warmup: 0s` unless told."""
    given = {"name": "errors", "query": "q", "max": 10.0, **fields}
    return thresholds.resolve(thresholds.Threshold.model_validate(given), None, warmup=timedelta(0))


def asked(*values: float, **fields: Any) -> looking.Asked:
    return looking.Asked(value=readings.Values(values), **fields)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@dataclass
class Watch:
    """One threshold watched over time, with what the judge remembers of it."""

    threshold: thresholds.ResolvedThreshold
    now: datetime = START
    track: Track = field(default_factory=Track)

    def look(self, seen: looking.Look | float, *, after: float = 10) -> Judgement:
        """Judge what is seen, so many seconds after the last look."""
        self.now += timedelta(seconds=after)
        shown = asked(seen) if isinstance(seen, int | float) else seen
        judgement = judging.judge(self.threshold, look=shown, track=self.track, now=self.now, longest_gap=GAP)
        self.track = judgement.track
        return judgement

    def looks(self, seen: Sequence[looking.Look | float]) -> list[str]:
        """Judge several looks, ten seconds apart, and return their verdicts."""
        return [self.look(each).verdict.value for each in seen]


def once(seen: looking.Look | float, **fields: Any) -> Judgement:
    """Judge a single look at a threshold."""
    return Watch(threshold(**fields)).look(seen)
