"""Which Prometheus can be relied on: one `Watched` for each, shared by the memories of all models on it (rule J8)."""

import dataclasses
import functools
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lastgood.judge import blindness
from lastgood.observe.server import Server

MOST_SERVERS: Final = 10_000
"""Servers that are remembered; those that were asked longest ago go first."""


@dataclass(slots=True, eq=False)
class Watched:
    """One Prometheus, or one tenant of one, and what most models see of it."""

    server: Server
    sight: blindness.Sight = field(default_factory=blindness.Sight)


Tell = Callable[[str, blindness.Sight, datetime], Awaitable[None]]
"""Tells people that most models on the Prometheus at an address are blind, or are so no more."""


@functools.lru_cache(maxsize=1_000)
def _regardless_of_timeout(server: Server) -> Server:
    return dataclasses.replace(server, timeout=0.0)


class Sights:
    """Watches all servers; one instance for a process."""

    def __init__(self, tell: Tell | None = None) -> None:
        self._tell = tell
        self._watched: dict[Server, Watched] = {}

    def of(self, server: Server) -> Watched:
        """Return what is known of a server; models that differ by time-out only are on the same one."""
        key = _regardless_of_timeout(server)
        found = self._watched.pop(key, None) or Watched(server)
        self._watched[key] = found
        if len(self._watched) > MOST_SERVERS:
            del self._watched[next(iter(self._watched))]
        return found

    async def looked(
        self, watched: Watched, glances: Mapping[Hashable, blindness.Glance], *, now: datetime
    ) -> None:
        """Take in what a round has seen; people are told once when it changes what may be done."""
        before = watched.sight
        watched.sight = blindness.look(before, glances, now=now)
        if watched.sight.blinded is not before.blinded and self._tell is not None:
            await self._tell(watched.server.url, watched.sight, now)
