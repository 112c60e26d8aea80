"""How many models automatic kills may stop in a short time (semantics.md, J9).

One bad query in a policy that many models use, or one sick metric, must not stop a whole company. A model counts once,
however often it was killed; kills by people are neither counted nor limited.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

WINDOW: Final = timedelta(minutes=10)
"""Kills count for this long."""

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Room:
    """What the kills of the last ten minutes leave for one model more."""

    others: int = 0
    """Other models that were killed automatically."""
    limit: int = 5

    @property
    def left(self) -> bool:
        """Whether one more model may be killed automatically."""
        return self.others < self.limit


def limit(*, most: int, percent: int, models: int) -> int:
    """Return how many models may be killed: `most`, or `percent` of all models where that is more."""
    return max(most, models * percent // 100)


def recent(kills: Mapping[T, datetime], *, now: datetime) -> dict[T, datetime]:
    """Return the kills that count now.

    One that seems to be later than now counts as well, since another machine's clock may be ahead; one that lies
    further ahead than kills count was not dated by a clock that means anything.
    """
    return {killed: at for killed, at in kills.items() if abs(now - at) < WINDOW}
