"""The six verdicts, and what the judge remembers of one threshold on one version between two looks.

Only `Breach` is ever acted on (rule J1); every other verdict says why there is nothing to act on.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lastgood.api.thresholds import Verdict


class Reason(enum.StrEnum):
    """Why a verdict is what it is, where the verdict alone does not say."""

    NONE = ""
    NOT_RUNNING = "NotRunning"
    WARMING_UP = "WarmingUp"
    TOO_FEW_SAMPLES = "TooFewSamples"
    NOT_A_NUMBER = "NotANumber"
    UNREACHABLE = "Unreachable"
    PARTIAL_DATA = "PartialData"
    NO_DATA = "NoData"
    REFUSED = "Refused"
    SEVERAL_SERIES = "SeveralSeries"
    NO_LIMIT = "NoLimit"
    ABOVE_MAX = "AboveMax"
    BELOW_MIN = "BelowMin"
    NOT_CLEAR_YET = "NotClearYet"


@dataclass(frozen=True, slots=True)
class Track:
    """What the judge remembers of one threshold on one version.

    Time is counted only between two looks that both saw the same thing: a gap without data adds nothing, so that
    missing data never makes a breach, and takes nothing away, so that it never clears one (rule J5).
    """

    breaching_for: timedelta | None = None
    """How long breaching values were seen; None while the last value seen was not breaching."""
    clear_for: timedelta | None = None
    """How long clear values were seen since a breach was established; None outside a breach."""
    established: bool = False
    """Whether `breaching_for` has reached the threshold's `for`, and `clear_for` not yet its `clearFor`."""
    looked_at: datetime | None = None
    """When the last value was seen; None when the last look brought no value."""
    was_clear: bool = False
    """Whether it was seen without a breach, by a value or before the version was judged: only then is it known of a
    breach that it began, and was not there all along."""
    began_at: datetime | None = None
    """When the first breaching value of this breach was seen; None outside one, and where that is not known."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge says of one threshold at one moment."""

    verdict: Verdict
    reason: Reason = Reason.NONE
    message: str = ""
    value: float | None = None
    track: Track = field(default_factory=Track)
    due: timedelta | None = None
    """For `Pending`: after how much more breaching time it becomes `Breach`."""
