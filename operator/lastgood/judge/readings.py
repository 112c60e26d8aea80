"""What one question to Prometheus was answered with: pure data, the input of every judgement.

Three outcomes that people confuse are kept apart by type, because they call for different things: values
(even none at all), no answer (the way to Prometheus is broken, so nothing is known), and a refusal (the
question is wrong). Only `Values` can ever become a breach; this module imports nothing that does I/O.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Values:
    """An answer: zero, one or several series, each with one number; NaN and ±Inf are kept as they came.

    `warnings` are the server's own words, for example that a part of the data is missing. A scalar is one
    value.
    """

    values: tuple[float, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer that can be trusted: refused, timed out, 429, 5xx, no Prometheus, cut off, a clock astray."""

    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Prometheus answers, but not this: it does not parse, fails, or gives no plain number (400, 422)."""

    message: str


Reading = Values | Unreachable | Refused


@dataclass(frozen=True, slots=True)
class Series:
    """The answer to one query over a span of time, so that the length of a breach survives a restart.

    `points` are `(unix seconds by our clock, values at that time)` in order of time; a step without data has no point.
    """

    points: tuple[tuple[float, tuple[float, ...]], ...]
    warnings: tuple[str, ...] = ()
    ahead: float = 0.0
    """Seconds by which the server's clock, in which it was asked, is ahead of ours."""
    until: float = math.inf
    """Unix seconds by our clock: of later moments nothing is known, as they have not certainly come for the server."""
