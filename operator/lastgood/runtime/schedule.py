"""One heap of due times, and a bounded number of workers (architecture.md, Runtime).

A timer or task for every object would cost memory and wake-ups by the thousand; a heap costs one entry. A key never
runs twice at once; marked due while it runs, it runs again right afterwards, so that no change is missed.
"""

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

log = logging.getLogger(__name__)

LONGEST_PAUSE: Final = 60.0
"""Seconds between two tries at a key whose callback keeps failing, from 1 s doubling."""

KeyT = TypeVar("KeyT", bound=Hashable)


class Schedule(Generic[KeyT]):
    """Runs a callback for each key when it is due: the earliest due time of a key wins."""

    def __init__(self, run: Callable[[KeyT], Awaitable[None]], *, workers: int) -> None:
        self._run = run
        self._workers = workers
        self._due: dict[KeyT, float] = {}
        self._heap: list[tuple[float, int, KeyT]] = []
        self._order = itertools.count()
        self._running: dict[KeyT, asyncio.Task[None]] = {}
        self._again: dict[KeyT, float] = {}
        self._failures: dict[KeyT, int] = {}
        self._changed = asyncio.Event()

    def due(self, key: KeyT, *, after: float = 0.0) -> None:
        """Run `key` in so many seconds, or earlier if it is due earlier already."""
        at = asyncio.get_running_loop().time() + max(after, 0.0)
        if key in self._running:
            self._again[key] = min(at, self._again.get(key, at))
        else:
            self._push(key, at)

    def forget(self, key: KeyT) -> None:
        """Take a key out of the schedule; one that runs ends as it would."""
        self._due.pop(key, None)
        self._again.pop(key, None)
        self._failures.pop(key, None)

    async def run(self) -> None:
        """Run what is due until cancelled; what runs then is cancelled too."""
        clock = asyncio.get_running_loop().time
        try:
            while True:
                self._changed.clear()
                next_at = self._start_due(clock())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(next_at):
                        await self._changed.wait()
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _push(self, key: KeyT, at: float) -> None:
        if at < self._due.get(key, float("inf")):
            self._due[key] = at
            heapq.heappush(self._heap, (at, next(self._order), key))
            self._changed.set()

    def _start_due(self, now: float) -> float | None:
        """Start what is due, as far as workers are free; return when the next one is."""
        while self._heap and len(self._running) < self._workers:
            at, _, key = self._heap[0]
            if self._due.get(key) == at and at > now:
                return at
            heapq.heappop(self._heap)
            if self._due.get(key) == at:  # else superseded by an earlier time, or forgotten
                del self._due[key]
                self._running[key] = asyncio.create_task(self._work(key))
        return None

    async def _work(self, key: KeyT) -> None:
        try:
            await self._run(key)
        except Exception:
            self._failures[key] = self._failures.get(key, 0) + 1
            pause = min(2.0 ** (self._failures[key] - 1), LONGEST_PAUSE)
            log.exception("%s: looking at it failed; it is looked at again in %g s", key, pause)
            at = asyncio.get_running_loop().time() + pause
            self._again[key] = min(at, self._again.get(key, at))
        else:
            self._failures.pop(key, None)
        finally:
            self._running.pop(key, None)
            again = self._again.pop(key, None)
            if again is not None:
                self._push(key, again)
            self._changed.set()
