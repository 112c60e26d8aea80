"""A simulated Prometheus: one number for each metric of each version, and every way in which it may not be given.

It also remembers what it said to whom and when: the evidence by which the invariants judge what the operator does.
"""

import asyncio
import enum
import functools
import math
import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lastgood.judge import readings
from lastgood.observe.server import Server
from tests.simulation.connection import Connection
from tests.simulation.faults import Fault, Injector
from tests.simulation.virtual_time import BEGIN

_QUERY = re.compile(r'(\w+)\{model="([^"]*)",version="([^"]*)"\}')
MOST_LOOKS = 60
LIMIT = 1.0
"""The `max` of every threshold in these worlds."""


class Signal(enum.StrEnum):
    """What a metric says of a version."""

    FINE = "fine"
    BAD = "bad"
    ENDLESS = "+Inf"
    NAN = "NaN"
    EMPTY = "empty"
    SEVERAL = "several series"
    PARTIAL = "partial"
    REFUSED = "refused"
    FLAPPING = "flapping"


_READINGS: dict[Signal, readings.Reading] = {
    Signal.FINE: readings.Values((0.0,)),
    Signal.BAD: readings.Values((5.0,)),
    Signal.ENDLESS: readings.Values((float("inf"),)),
    Signal.NAN: readings.Values((float("nan"),)),
    Signal.EMPTY: readings.Values(()),
    Signal.SEVERAL: readings.Values((0.0, 5.0)),
    Signal.PARTIAL: readings.Values((5.0,), warnings=("a store did not answer",)),
    Signal.REFUSED: readings.Refused("the query does not parse"),
}
UNREACHABLE = readings.Unreachable("connection refused")
ASTRAY = readings.Unreachable("its clock and ours are 90 s apart")
MOST_SKEW = timedelta(seconds=30)
"""A Prometheus whose clock is further from ours is not believed (rule J3)."""
UP = "count(up) > 0"
BREACHING = (Signal.BAD, Signal.ENDLESS)
MISSING = (Signal.NAN, Signal.EMPTY)
"""What `onNoData: Breach` takes for a breach."""

Metric = tuple[str, str, str]
"""Model, version and name."""
Asker = tuple[str, Metric]
"""The process that asks, and for what: what it was told is no evidence for another."""


@dataclass(slots=True)
class Look:
    """One answer that an operator was given: when it asked by its own clock and by the true one, and what was said."""

    at: datetime
    asked: float
    said: Signal | None
    """None when nothing could be said: no answer at all."""
    told: float = 0.0
    """When it was said, and all else that is asked along with it: before that nothing is judged."""


_ROUND: ContextVar[list[Look]] = ContextVar("round")
"""What a round of an evaluation, which is a task, was told so far."""


@dataclass
class Prometheus:
    """One server, and what it was asked."""

    injector: Injector
    signals: dict[Metric, Signal] = field(default_factory=dict)
    history: dict[Metric, list[tuple[float, Signal]]] = field(default_factory=lambda: defaultdict(list))
    """What each metric said, and from when on."""
    recalled: dict[Asker, tuple[float, list[Look]]] = field(default_factory=dict)
    """When the past of a metric was asked for last, and what that was."""
    reachable: bool = True
    astray: bool = False
    """Whether its clock is wrong."""
    targets_up: bool = True
    slow_until: float = 0.0
    looks: dict[Asker, deque[Look]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=MOST_LOOKS))
    )

    def say(self, metric: Metric, signal: Signal) -> None:
        """Let a metric say something from now on."""
        self.signals[metric] = signal
        self.history[metric].append((asyncio.get_running_loop().time(), signal))

    def settle(self, metric: Metric) -> None:
        """Let a metric that goes up and down be fine again."""
        if self.signals.get(metric) is Signal.FLAPPING:
            self.say(metric, Signal.FINE)

    def said(self, metric: Metric, then: float) -> Signal:
        """Return what a metric said at a moment that is over."""
        told = [signal for since, signal in self.history[metric] if since <= then]
        signal = told[-1] if told else Signal.FINE
        if signal is Signal.FLAPPING:
            return _flapped(then)
        return signal

    def now_says(self, metric: Metric, now: float) -> Signal:
        """Return what a metric says at a moment."""
        signal = self.signals.get(metric, Signal.FINE)
        if signal is Signal.FLAPPING:
            self.injector.last(Fault.FLAPPING, until=now + 1.0)
            return _flapped(now)
        return signal

    def heal(self) -> None:
        """Answer again as it should."""
        self.reachable, self.astray, self.targets_up, self.slow_until = True, False, True, 0.0


class Answers:
    """Implements `Asks` of `lastgood.runtime.evaluation` for one process."""

    def __init__(
        self, prometheus: Prometheus, connection: Connection, *, ahead: Callable[[], timedelta]
    ) -> None:
        self.asked_by = connection.identity
        self._prometheus = prometheus
        self._connection = connection
        self._ahead = ahead

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        asked = asyncio.get_running_loop().time()
        await self._connection.awake()
        await self._delayed()
        _ROUND.set([])
        return [self._answer(query, at, asked) for query in queries]

    async def query_range(
        self, server: Server, query: str, start: datetime, end: datetime, step: timedelta
    ) -> readings.Series | readings.Unreachable | readings.Refused:
        """Return what a metric has said, at each step."""
        await self._connection.awake()
        await self._more()
        if self._silent is not None:
            return self._silent
        now, clock = asyncio.get_running_loop().time(), self._ahead()
        ahead, until = -clock.total_seconds(), (BEGIN + timedelta(seconds=now) + clock).timestamp()
        # Moments are named by the operator's clock and asked for by the server's: none that has not come for it (J6).
        moments = [start + number * step for number in range((end - start) // step + 1)]
        moments = [at for at in moments if true_seconds(at - clock) <= now]
        if query == UP:
            return readings.Series(tuple((at.timestamp(), (1.0,)) for at in moments), (), ahead, until)
        metric, prometheus = metric_of(query), self._prometheus
        then = [true_seconds(at - clock) for at in moments]
        # What its store would have said while that was away is not known: there is nothing of that time.
        said = [Signal.EMPTY if (one := prometheus.said(metric, t)) is Signal.PARTIAL else one for t in then]
        looks = [Look(*each) for each in zip(moments, then, said, strict=True)]
        prometheus.recalled[self._connection.identity, metric] = now, looks
        points = []
        for look in looks:
            reading = _READINGS[look.said or Signal.EMPTY]
            if isinstance(reading, readings.Refused):
                return reading
            if isinstance(reading, readings.Values) and reading.values:
                points.append((look.at.timestamp(), reading.values))
        partial = prometheus.signals.get(metric) is Signal.PARTIAL
        return readings.Series(tuple(points), ("a store did not answer",) if partial else (), ahead, until)

    @property
    def _silent(self) -> readings.Unreachable | None:
        if not self._prometheus.reachable:
            return UNREACHABLE
        return ASTRAY if self._prometheus.astray or abs(self._ahead()) > MOST_SKEW else None

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        await self._more()
        prometheus = self._prometheus
        return self._silent is None and prometheus.targets_up

    async def _delayed(self) -> None:
        left = self._prometheus.slow_until - asyncio.get_running_loop().time()
        if left > 0:
            self._prometheus.injector.last(
                Fault.PROMETHEUS, until=asyncio.get_running_loop().time() + left + 5
            )
            await asyncio.sleep(min(left, 10.0))

    async def _more(self) -> None:
        """Ask for more in a round: what it was told is judged no sooner than that is answered too."""
        told = _ROUND.get([])
        try:
            for look in told:
                look.told = math.inf
            await self._delayed()
        finally:
            for look in told:
                look.told = asyncio.get_running_loop().time()

    def _answer(self, query: str, at: datetime, asked: float) -> readings.Reading:
        metric = metric_of(query)
        prometheus, now = self._prometheus, asyncio.get_running_loop().time()
        silent = self._silent
        signal = prometheus.now_says(metric, now) if silent is None else None
        look = Look(at, asked, signal, now)
        prometheus.looks[self._connection.identity, metric].append(look)
        _ROUND.get().append(look)
        return _READINGS[signal] if signal is not None else silent or ASTRAY


def _flapped(now: float) -> Signal:
    return Signal.BAD if int(now / 13) % 2 else Signal.FINE


@functools.lru_cache(maxsize=1024)
def metric_of(query: str) -> Metric:
    """Return which metric of which version a query asks for."""
    found = _QUERY.search(query)
    assert found is not None, f"not a query of this world: {query}"
    return found[2], found[3], found[1]


def breached(
    looks: Sequence[Look], *, for_: timedelta, longest_gap: timedelta, is_breach: Callable[[Signal], bool]
) -> bool:
    """Whether what was said is a breach that has lasted: an account of rule J1 and J5 of its own.

    Time counts between two looks in a row that were given, and no look that was given said otherwise since.
    """
    lasted, clear, last, established, begun = timedelta(0), timedelta(0), None, False, False
    for look in looks:
        if look.said is None or (not is_breach(look.said) and look.said is not Signal.FINE):
            last = None  # no data: proves nothing, and clears nothing
            continue
        passed = timedelta(0) if last is None else min(max(look.at - last, timedelta(0)), longest_gap)
        last = look.at
        if look.said is Signal.FINE:
            clear = clear + passed if not begun else timedelta(0)
            begun = False
            if not established or clear >= for_:
                lasted, established = timedelta(0), False
            continue
        lasted = lasted + passed if begun else lasted
        begun, clear = True, timedelta(0)
        established = established or lasted >= for_
    return established and bool(looks) and is_breach_now(looks[-1], is_breach)


def true_seconds(at: datetime) -> float:
    """Return a time of day in the loop's seconds."""
    return (at - BEGIN).total_seconds()


def is_breach_now(look: Look, is_breach: Callable[[Signal], bool]) -> bool:
    """Whether the newest thing said is a breach."""
    return look.said is not None and is_breach(look.said)
