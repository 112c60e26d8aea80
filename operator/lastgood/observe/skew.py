"""Two clocks that are apart: by how much, since when that is known, and what that makes of a question (rule J3).

A Prometheus dates its samples by its own clock, so it is asked in its own time. Asked in ours, a clock of ours
that is ahead would name moments that have not come: Prometheus answers such with what is now, and a breach
that has just begun looks like one that has lasted.

Both clocks are known only as well as the server's answer was quick: it told its time at some moment between
question and answer. Whole seconds are enough for all that is judged, so less than half of one counts as none.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST_SKEW: Final = 30.0
"""Seconds between Prometheus' clock and ours (rule J3)."""
SET: Final = 0.5
"""Seconds by which our clock and the time that passes may part before ours counts as having been set."""


@dataclass(frozen=True, slots=True)
class Skew:
    """What a server's clock said, and what ours said and what time had passed by when its answer came."""

    theirs: float
    ours: float
    passed: float
    """Seconds of a clock that nobody sets."""
    took: float = 0.0
    """Seconds from question to answer: by at most so much is `theirs` older than `ours`."""

    @property
    def ahead(self) -> float:
        """Seconds by which the server's clock is ahead of ours, give or take half of what its answer took."""
        return self.theirs + self.took / 2 - self.ours

    @property
    def bearable(self) -> bool:
        """Whether answers may be judged (rule J3); no number is none that can be borne."""
        return abs(self.ahead) <= MOST_SKEW

    def holds(self, *, ours: float, passed: float) -> bool:
        """Whether our clock has not been set since."""
        return abs((ours - self.ours) - (passed - self.passed)) <= SET

    def moment(self, at: datetime) -> datetime:
        """Return what the server's clock shows when ours shows `at`."""
        return at + timedelta(seconds=round(self.ahead))

    @property
    def shift(self) -> timedelta:
        """What is added to moments of the past, in whole seconds: none is asked for earlier than it was."""
        return timedelta(seconds=round(self.ahead + self.took / 2))

    def come(self, *, passed: float) -> float:
        """Return the last whole second, in Unix seconds, that the server's own clock has certainly reached."""
        return float(math.floor(self.theirs + passed - self.passed))
