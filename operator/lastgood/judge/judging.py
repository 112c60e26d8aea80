"""Judging one threshold: from answers to a verdict, in the order of precedence that semantics.md gives.

`Invalid`, `Blind` by transport, `Insufficient`, `Blind` by an empty answer, and only then the value. Each step is one
function that either settles the verdict or passes on.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from lastgood.api import durations, thresholds
from lastgood.api.thresholds import Verdict
from lastgood.judge import look as looks
from lastgood.judge import readings
from lastgood.judge.verdict import Judgement, Reason, Track


def judge(
    threshold: thresholds.ResolvedThreshold,
    *,
    look: looks.Look,
    track: Track,
    now: datetime,
    longest_gap: timedelta,
) -> Judgement:
    """Judge one threshold on one version.

    `longest_gap` bounds how much time one pair of looks may add to a breach: two looks far apart prove nothing about
    the time between them.
    """
    settled = _without_a_value(threshold, look)
    if settled is not None:
        return _no_data(threshold, look, settled, track=track, now=now, longest_gap=longest_gap)
    if not isinstance(look, looks.Asked) or not isinstance(look.value, readings.Values):
        raise TypeError("a look that settles nothing has a value")  # _without_a_value settles the others
    value = _reduced(look.value.values, threshold.reduce)
    breached = _limit_breached(threshold, value)
    return _by_value(threshold, value=value, breached=breached, track=track, now=now, longest_gap=longest_gap)


def _without_a_value(threshold: thresholds.ResolvedThreshold, look: looks.Look) -> Judgement | None:
    if threshold.max is None and threshold.min is None:
        return Judgement(Verdict.INVALID, Reason.NO_LIMIT, "there is no max or min to judge by")
    if isinstance(look, looks.NotRunning):
        return Judgement(Verdict.INSUFFICIENT, Reason.NOT_RUNNING, "the version has no pods to look at")
    if isinstance(look, looks.WarmingUp):
        settled = "once all its pods are available and none of another version is left"
        until = settled if look.until is None else f"from {look.until:%H:%M:%S} UTC on"
        return Judgement(Verdict.INSUFFICIENT, Reason.WARMING_UP, f"warming up: it is judged {until}")
    steps: Iterable[Callable[[], Judgement | None]] = (
        lambda: _invalid(threshold, look),
        lambda: _blind_by_transport(look),
        lambda: _insufficient(threshold, look),
        lambda: _blind_by_empty_answer(look),
    )
    return next((found for step in steps if (found := step()) is not None), None)


def _invalid(threshold: thresholds.ResolvedThreshold, look: looks.Asked) -> Judgement | None:
    for answer in (look.value, look.samples):
        if isinstance(answer, readings.Refused):
            return Judgement(Verdict.INVALID, Reason.REFUSED, answer.message)
    for answer, reduce in ((look.value, threshold.reduce), (look.samples, None)):
        if isinstance(answer, readings.Values) and len(answer.values) > 1 and reduce is None:
            count = len(answer.values)
            return Judgement(
                Verdict.INVALID,
                Reason.SEVERAL_SERIES,
                f"the query gives {count} series; aggregate it to one, or set reduce",
            )
    return None


def _blind_by_transport(look: looks.Asked) -> Judgement | None:
    for answer in (look.value, look.samples):
        if isinstance(answer, readings.Unreachable):
            return Judgement(Verdict.BLIND, Reason.UNREACHABLE, answer.message)
        if isinstance(answer, readings.Values) and (partial := _partial(answer.warnings)):
            return Judgement(Verdict.BLIND, Reason.PARTIAL_DATA, f"the data is partial: {partial}")
    return None


def _partial(warnings: tuple[str, ...]) -> str:
    # Prometheus' own remarks on a query start with "PromQL"; anything else comes from a store that left data out.
    return next((text for text in warnings if not text.startswith("PromQL ")), "")


def _insufficient(threshold: thresholds.ResolvedThreshold, look: looks.Asked) -> Judgement | None:
    if threshold.samples is not None and isinstance(look.samples, readings.Values):
        seen = _reduced(look.samples.values, None) if look.samples.values else 0.0
        # NaN is not less than anything, so the comparison asks for what must hold.
        if not seen >= threshold.samples.min:
            return Judgement(
                Verdict.INSUFFICIENT,
                Reason.TOO_FEW_SAMPLES,
                f"{seen:g} samples, {threshold.samples.min:g} are needed",
            )
    if isinstance(look.value, readings.Values) and look.value.values:
        value = _reduced(look.value.values, threshold.reduce)
        if math.isnan(value):
            return Judgement(
                Verdict.INSUFFICIENT, Reason.NOT_A_NUMBER, "the query gives NaN, as 0/0 does without traffic"
            )
    return None


def _blind_by_empty_answer(look: looks.Asked) -> Judgement | None:
    if isinstance(look.value, readings.Values) and not look.value.values:
        if look.window_filling:
            return Judgement(Verdict.INSUFFICIENT, Reason.WARMING_UP, "no data yet since the warm-up ended")
        return Judgement(Verdict.BLIND, Reason.NO_DATA, "the query gives no series")
    return None


def _reduced(values: tuple[float, ...], reduce: str | None) -> float:
    if reduce is None:
        return values[0]
    numbers = [value for value in values if not math.isnan(value)]
    if reduce == "max":
        return max(numbers, default=math.nan)
    if reduce == "min":
        return min(numbers, default=math.nan)
    # A sum or mean that leaves out a part is wrong, so NaN stays NaN; inf - inf is NaN too.
    total = sum(values)
    return total / len(values) if reduce == "avg" else total


def _limit_breached(threshold: thresholds.ResolvedThreshold, value: float) -> Reason:
    if threshold.max is not None and value > threshold.max:
        return Reason.ABOVE_MAX
    if threshold.min is not None and value < threshold.min:
        return Reason.BELOW_MIN
    return Reason.NONE


def _is_clear(threshold: thresholds.ResolvedThreshold, value: float) -> bool:
    below = threshold.clear_max is None or value <= threshold.clear_max
    above = threshold.clear_min is None or value >= threshold.clear_min
    return below and above


def _no_data(
    threshold: thresholds.ResolvedThreshold,
    look: looks.Look,
    settled: Judgement,
    *,
    track: Track,
    now: datetime,
    longest_gap: timedelta,
) -> Judgement:
    """Freeze the track, or let missing data breach where a person asked for it and it is really missing.

    A stop or a restart is no gap in the data but another start, before which nothing counts (rule J7).
    """
    if not isinstance(look, looks.Asked):
        return dataclasses.replace(settled, track=Track(was_clear=True))
    missing = settled.reason in (Reason.NO_DATA, Reason.TOO_FEW_SAMPLES, Reason.NOT_A_NUMBER)
    asked = look.server_has_data and not look.window_filling
    if threshold.on_no_data == "Breach" and missing and asked:
        return _by_value(
            threshold,
            value=None,
            breached=settled.reason,
            track=track,
            now=now,
            longest_gap=longest_gap,
            message=f"{settled.message}, which onNoData: Breach takes for a breach",
        )
    frozen = dataclasses.replace(track, looked_at=None)
    return Judgement(settled.verdict, settled.reason, settled.message, track=frozen)


def _by_value(
    threshold: thresholds.ResolvedThreshold,
    *,
    value: float | None,
    breached: Reason,
    track: Track,
    now: datetime,
    longest_gap: timedelta,
    message: str = "",
) -> Judgement:
    zero = timedelta(0)
    since_last = zero
    if track.looked_at is not None:
        since_last = min(max(now - track.looked_at, zero), longest_gap)
    if breached is not Reason.NONE:
        # Time before the first breaching value is not breach time, nor is time across a look that was not breaching.
        lasted = zero if track.breaching_for is None else track.breaching_for
        if track.breaching_for is not None and track.clear_for is None:
            lasted += since_last
        established = track.established or lasted >= threshold.for_
        begins = track.breaching_for is None and track.was_clear
        held = Track(
            breaching_for=lasted,
            established=established,
            looked_at=now,
            was_clear=track.was_clear,
            began_at=now if begins else track.began_at,
        )
        text = message or _limit_sentence(threshold, value, breached)
        if established:
            return Judgement(Verdict.BREACH, breached, text, value, held)
        return Judgement(Verdict.PENDING, breached, text, value, held, due=threshold.for_ - lasted)
    if not track.established:
        return Judgement(Verdict.OK, value=value, track=Track(looked_at=now, was_clear=True))
    return _leaving_a_breach(threshold, value=value, track=track, now=now, since_last=since_last)


def _leaving_a_breach(
    threshold: thresholds.ResolvedThreshold,
    *,
    value: float | None,
    track: Track,
    now: datetime,
    since_last: timedelta,
) -> Judgement:
    clear_for = None
    if value is not None and _is_clear(threshold, value):
        clear_for = timedelta(0) if track.clear_for is None else track.clear_for + since_last
        if clear_for >= threshold.clear_for:
            return Judgement(Verdict.OK, value=value, track=Track(looked_at=now, was_clear=True))
    held = dataclasses.replace(track, clear_for=clear_for, established=True, looked_at=now)
    text = f"inside its limits, but {_not_clear_because(threshold, value)}"
    return Judgement(Verdict.BREACH, Reason.NOT_CLEAR_YET, text, value, held)


def _not_clear_because(threshold: thresholds.ResolvedThreshold, value: float | None) -> str:
    if value is not None and threshold.clear_max is not None and value > threshold.clear_max:
        return f"{value:.4g} is above clearMax {threshold.clear_max:g}"
    if value is not None and threshold.clear_min is not None and value < threshold.clear_min:
        return f"{value:.4g} is below clearMin {threshold.clear_min:g}"
    return f"not clear for clearFor {durations.canonical(threshold.clear_for)} yet"


def _limit_sentence(threshold: thresholds.ResolvedThreshold, value: float | None, breached: Reason) -> str:
    shown = "no data" if value is None else f"{value:.4g}"
    if breached is Reason.ABOVE_MAX:
        return f"{shown} is above the maximum {threshold.max:g}"
    return f"{shown} is below the minimum {threshold.min:g}"
