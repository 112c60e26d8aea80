"""Time that passes only when nothing is left to do: an event loop with a clock of its own.

It is what looptime does, with less on the way: a simulation turns this loop some ten thousand times a second.
"""

import asyncio
import selectors
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

BEGIN: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""What the API server's clock shows when a world begins."""


class DeadlockError(Exception):
    """Nothing is left to do, and nothing is due."""


class _Sleepless(selectors.BaseSelector):
    """Waits for no file, and lets the loop's own clock run on instead."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, int(fileobj), events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError("nobody waits for a time that will come")
        if timeout > 0:
            self._loop.virtual += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time."""

    def __init__(self) -> None:
        self.virtual = 0.0
        super().__init__(_Sleepless(self))

    def time(self) -> float:
        return self.virtual


def true_time() -> datetime:
    """Return what a clock shows that is right: the API server's."""
    return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())


def stamp(moment: datetime) -> str:
    """Write a time as the API server does: cut to whole seconds."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
