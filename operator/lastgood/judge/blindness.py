"""Mass blindness: when most models on a Prometheus are Blind, it is that Prometheus which fails (semantics.md, J8).

What it still says of the others is then not to be acted on either. The newest look at each model counts; since every
model is looked at once in its interval, models that turn blind within one interval are blind together here.
"""

import statistics
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from lastgood.judge.verdict import Judgement, Reason

REASON: Final = "MassBlindness"
"""As people are told of it: in a condition and in an event."""
FEWEST: Final = 3
"""Models; fewer say more of themselves than of their Prometheus."""
LOOKS: Final = 3
"""A look older than this many intervals of its model, and than `OLDEST`, says nothing of now: the model is gone."""
OLDEST: Final = timedelta(minutes=1)
"""An answer may take longer than an interval."""


@dataclass(frozen=True, slots=True)
class Glance:
    """The newest look at one model."""

    at: datetime
    blind: bool
    """Whether one of its thresholds was Blind because of the way to Prometheus, not because of an empty answer."""
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of one Prometheus."""

    glances: Mapping[Hashable, Glance] = field(default_factory=dict)
    blinded: bool = False
    """Whether nothing is to be done on its word."""
    clear_since: datetime | None = None
    """While blinded: since when no longer most models are blind; None while they are."""

    @property
    def blind(self) -> int:
        """How many models cannot be seen."""
        return sum(glance.blind for glance in self.glances.values())


def is_blind(judgement: Judgement) -> bool:
    """Whether a verdict was not reached because of the way to Prometheus."""
    return judgement.reason in (Reason.UNREACHABLE, Reason.PARTIAL_DATA)


def look(earlier: Sight, glances: Mapping[Hashable, Glance], *, now: datetime) -> Sight:
    """Return what is known after some models were looked at; it stays blinded until a whole interval was clean."""
    known = {
        model: glance
        for model, glance in {**earlier.glances, **glances}.items()
        if now - glance.at <= max(LOOKS * glance.interval, OLDEST)
    }
    seen = Sight(known)
    if seen.blind >= FEWEST and seen.blind * 2 > len(known):
        return Sight(known, blinded=True)
    if not earlier.blinded or not known:
        return seen
    clear_since = earlier.clear_since or now
    # The usual interval: a model that is looked at once an hour does not make the others wait for an hour.
    interval = statistics.median_high(glance.interval for glance in known.values())
    if now - clear_since >= interval:
        return seen
    return Sight(known, blinded=True, clear_since=clear_since)
