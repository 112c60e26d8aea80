"""Time that passes only when nothing is left to do: an event loop with a clock of its own.

It is what looptime does, with less on the way: it waits for nothing outside, and a simulation turns it some ten
thousand times a second.
"""

import asyncio
import contextvars
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVarTuple

BEGIN: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""What the API server's clock shows when a world begins."""
_Given = TypeVarTuple("_Given")
AT_ONCE: Final = 1e-9
"""Seconds within which everything is due at one moment: times are sums, and these round."""

MOST_AT_ONCE: Final = 100_000
"""Rounds at one moment; the busiest of a world has some hundreds."""


class DeadlockError(Exception):
    """Nothing is left to do, and nothing is due."""


class EndlessError(Exception):
    """So much is done at one moment that time would never pass."""


class _Due(asyncio.TimerHandle):
    """Something to do, and when."""

    __slots__ = ("args", "at", "callback", "context", "dropped")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
        *,
        at: float = 0.0,
    ) -> None:
        self.callback = callback
        self.args = args
        self.context = contextvars.copy_context() if context is None else context
        self.at = at
        self.dropped = False

    def cancel(self) -> None:
        self.dropped = True

    def cancelled(self) -> bool:
        return self.dropped

    def when(self) -> float:
        return self.at


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose seconds take no time; what is due at one moment is done in the order it was asked for."""

    def __init__(self, begin: float = 0.0) -> None:
        super().__init__()
        self._clock = begin
        self.shown = BEGIN + timedelta(seconds=begin)
        """The same as a time of day."""
        self._now: deque[_Due] = deque()
        self._later: list[tuple[float, int, _Due]] = []
        self._order = itertools.count()
        self._rounds = 0
        """Since time has passed."""

    def time(self) -> float:
        return self._clock

    def call_soon(
        self,
        callback: Callable[[*_Given], object],
        *args: *_Given,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        due = _Due(callback, args, context)
        self._now.append(due)
        return due

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Given], object],
        *args: *_Given,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._clock + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Given], object],
        *args: *_Given,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        due = _Due(callback, args, context, at=when)
        heapq.heappush(self._later, (when, next(self._order), due))
        return due

    def _run_once(self) -> None:
        """Do what is to be done now, or go on to the moment when something is due; `run_forever` calls this."""
        now, later = self._now, self._later
        self._rounds += 1
        if self._rounds > MOST_AT_ONCE:
            raise EndlessError(f"{MOST_AT_ONCE} rounds at {self._clock}: it is asked for again and again")
        while later and later[0][2].dropped:
            heapq.heappop(later)
        if not now:
            if not later:
                raise DeadlockError("nobody waits for a time that will come")
            self._pass_to(later[0][0])
        while later and later[0][0] < self._clock + AT_ONCE:
            self._pass_to(later[0][0])  # who is woken finds that its time has come
            now.append(heapq.heappop(later)[2])
        for _ in range(len(now)):
            due = now.popleft()
            if not due.dropped:
                due.context.run(due.callback, *due.args)

    def _pass_to(self, moment: float) -> None:
        if moment > self._clock:
            self._clock = moment
            self._rounds = 0
            self.shown = BEGIN + timedelta(seconds=moment)


def true_time() -> datetime:
    """Return what a clock shows that is right: the API server's."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.shown


def stamp(moment: datetime) -> str:
    """Write a time as the API server does: cut to whole seconds."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
