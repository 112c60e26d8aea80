"""Judging the past again, from what Prometheus kept of it: so a restart loses no breach time (semantics.md, J6).

The same judge sees the same values at the same pace as it would have seen them, one look after the other. Only what
would have been judged then counts: nothing from before the moment from which samples count (rule J7), and only moments
whose whole `$window` lies after it, since one text with one window is asked for all of them. Where there is no value,
there is none: that adds nothing, and clears nothing.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lastgood.api import thresholds
from lastgood.api.thresholds import Verdict
from lastgood.judge import judging, look, readings, steady, warmup
from lastgood.judge.verdict import Judgement, Track


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one threshold over a span of time."""

    threshold: thresholds.ResolvedThreshold
    earliest: datetime
    """The first moment that counts (`earliest`)."""
    value: readings.Series
    samples: readings.Series | None = None
    up: readings.Series | None = None
    """When the server had targets that were up; None where missing data is no breach anyway (rule J5)."""

    @property
    def counts_from(self) -> datetime:
        """The first moment of our clock that counts by the server's clock too."""
        return by_both_clocks(self.earliest, ahead=self.value.ahead)

    @property
    def known_until(self) -> float:
        """Unix seconds until which no value means that there was none."""
        return min(self.value.until, math.inf if self.samples is None else self.samples.until)


def earliest(
    threshold: thresholds.ResolvedThreshold,
    *,
    settling: warmup.Settling,
    windowed: bool,
    asked_since: datetime | None,
) -> datetime | None:
    """Return the first moment at which a threshold could be judged in full; None while pods are being replaced.

    `windowed` tells whether its queries look back by `$window`. `asked_since` is when the model's spec was written
    last: breach time under another query or limit is not breach time under this one.
    """
    begins = warmup.counting_from(threshold, settling=settling)
    if begins is None:
        return None
    counts = begins + (threshold.window if windowed else warmup.SECOND)
    return counts if asked_since is None else max(counts, asked_since + warmup.SECOND)


def by_both_clocks(moment: datetime, *, ahead: float) -> datetime:
    """Return when, by our clock, a moment has come by ours and by the server's, which is `ahead` by so many seconds.

    What is written down of switches and pods was dated by other clocks, or by ours before it was set: if ours is the
    one that is wrong, the server's tells what was before and what after.
    """
    return moment + timedelta(seconds=max(0.0, -ahead))


def has_memory(threshold: thresholds.ResolvedThreshold) -> bool:
    """Whether what was seen earlier changes a verdict at all."""
    dead_band = threshold.clear_max != threshold.max or threshold.clear_min != threshold.min
    return dead_band or threshold.for_ + threshold.clear_for > timedelta(0)


def moments(*, first: datetime, now: datetime, step: timedelta, most: int) -> tuple[datetime, ...]:
    """Return the moments to look at again: whole seconds, `step` apart, the last one `step` before `now`."""
    last = now.replace(microsecond=0) - step
    count = min((last - first) // step + 1, most)
    return tuple(last - step * place for place in reversed(range(max(count, 0))))


def judgements(
    past: Past, *, at: Sequence[datetime], settling: warmup.Settling, longest_gap: timedelta
) -> list[Judgement]:
    """Judge a threshold at each moment, in their order, as it would have been judged then."""
    values, samples, up = _by_moment(past.value), _by_moment(past.samples), _by_moment(past.up)
    found: list[Judgement] = []
    track = Track()
    counts_from = past.counts_from
    for now in at:
        window = warmup.window_for(past.threshold, settling=settling, now=now)
        seen: look.Look = look.WarmingUp()
        if window is not None and now >= counts_from:
            seen = look.Asked(
                value=readings.Values(values.get(_key(now), ()), past.value.warnings),
                samples=None
                if past.samples is None
                else readings.Values(samples.get(_key(now), ()), past.samples.warnings),
                server_has_data=_key(now) in up and now.timestamp() <= past.known_until,
                window_filling=window < past.threshold.window,
            )
        found.append(judging.judge(past.threshold, look=seen, track=track, now=now, longest_gap=longest_gap))
        # Nobody knows whether a breach that is there with the first moment that counts began with it.
        track = Track() if now < counts_from else found[-1].track
    return found


def steady_time(
    acting: Collection[Sequence[Judgement]],
    *,
    start: steady.Start,
    at: Sequence[datetime],
    available_since: datetime,
    blind_since: datetime | None = None,
    longest_gap: timedelta,
) -> steady.Steady:
    """Return for how long the pods of now were available and every acting threshold was OK, by its values alone.

    From `blind_since` on somebody looked and saw nothing, which pauses a bake (rule O3).
    """
    known = steady.Steady(start)
    for place, now in enumerate(at):
        fine = all(judged[place].verdict is Verdict.OK for judged in acting)
        seen = blind_since is None or now < blind_since
        counts = fine and seen and now >= available_since
        known = steady.accumulate(known, start=start, counts=counts, now=now, longest_gap=longest_gap)
    return known


def _by_moment(series: readings.Series | None) -> dict[int, tuple[float, ...]]:
    return {} if series is None else {round(at * 1000): values for at, values in series.points}


def _key(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
