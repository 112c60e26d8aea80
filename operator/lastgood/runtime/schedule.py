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

CROWD: Final = 8
"""So many keys that run at once are a crowd."""

SLACK: Final = 1000
"""Entries of the heap that earlier due times have superseded, and that may lie there until their own time comes."""

NEVER: Final = float("inf")

KeyT = TypeVar("KeyT", bound=Hashable)


class Schedule(Generic[KeyT]):
    """Runs a callback for each key when it is due: the earliest due time of a key wins."""

    def __init__(
        self,
        run: Callable[[KeyT], Awaitable[None]],
        *,
        workers: int,
        late: Callable[[float], None] | None = None,
    ) -> None:
        self._run = run
        self._workers = workers
        self._late = late
        self._due: dict[KeyT, float] = {}
        self._heap: list[tuple[float, int, KeyT]] = []
        self._order = itertools.count()
        self._running: dict[KeyT, asyncio.Task[None]] = {}
        self._again: dict[KeyT, float] = {}
        self._failures: dict[KeyT, int] = {}
        self._forgotten: set[KeyT] = set()
        self._wakes_at = NEVER
        self._sleep: asyncio.Future[None] | None = None
        self._crowded_since: float | None = None
        self._calm = asyncio.Event()
        self._calm.set()

    def due(self, key: KeyT, *, after: float = 0.0) -> None:
        """Run `key` in so many seconds, or earlier if it is due earlier already."""
        at = asyncio.get_running_loop().time() + max(after, 0.0)
        self._forgotten.discard(key)
        if key in self._running:
            self._again[key] = min(at, self._again.get(key, at))
        else:
            self._push(key, at)

    async def calm(self, *, longest: float) -> None:
        """Wait while there is a crowd, but for none longer than so many seconds since it began."""
        if self._crowded_since is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._crowded_since + longest):
                    await self._calm.wait()

    def forget(self, key: KeyT) -> None:
        """Take a key out of the schedule; one that runs ends as it would, and is not tried again if it fails."""
        self._due.pop(key, None)
        self._again.pop(key, None)
        self._failures.pop(key, None)
        if key in self._running:
            self._forgotten.add(key)

    async def run(self) -> None:
        """Run what is due until cancelled; what runs then is cancelled too."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._wakes_at = self._start_due(loop.time())
                self._sleep = loop.create_future()
                alarm = None if self._wakes_at == NEVER else loop.call_at(self._wakes_at, self._wake)
                try:
                    await self._sleep
                finally:
                    if alarm is not None:
                        alarm.cancel()
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self) -> None:
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)

    def _push(self, key: KeyT, at: float) -> None:
        if at < self._due.get(key, float("inf")):
            self._due[key] = at
            heapq.heappush(self._heap, (at, next(self._order), key))
            if len(self._heap) > 2 * len(self._due) + SLACK:
                self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[0]]
                heapq.heapify(self._heap)
            if at < self._wakes_at:
                self._wake()

    def _start_due(self, now: float) -> float:
        """Start what is due, as far as workers are free; return when the next one is, `NEVER` if a worker must end."""
        while self._heap and len(self._running) < self._workers:
            at, _, key = self._heap[0]
            if self._due.get(key) == at and at > now:
                return at
            heapq.heappop(self._heap)
            if self._due.get(key) == at:  # else superseded by an earlier time, or forgotten
                del self._due[key]
                if self._late is not None:
                    self._late(now - at)
                self._running[key] = asyncio.create_task(self._work(key))
                if len(self._running) >= CROWD and self._crowded_since is None:
                    self._crowded_since = now
                    self._calm.clear()
        return NEVER

    async def _work(self, key: KeyT) -> None:
        try:
            await self._run(key)
        except Exception:
            log.exception("%s: looking at it failed; %s", key, self._after_failure(key))
        else:
            self._failures.pop(key, None)
        finally:
            self._running.pop(key, None)
            if len(self._running) < CROWD:
                self._crowded_since = None
                self._calm.set()
            self._forgotten.discard(key)
            again = self._again.pop(key, None)
            if again is not None:
                self._push(key, again)
            if self._wakes_at == NEVER:
                self._wake()

    def _after_failure(self, key: KeyT) -> str:
        if key in self._forgotten:
            return "it is gone meanwhile"
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause = min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
        at = asyncio.get_running_loop().time() + pause
        self._again[key] = min(at, self._again.get(key, at))
        return f"it is looked at again in {pause:g} s"
