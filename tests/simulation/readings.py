"""What one process has read before it acts: each object as it was read last, and as it was read before that.

A write may rest on what was read just before, while others of the same process read anew. Switches are kept as they
were read together: a decision takes all of them from one reading, and how often each of them changed says nothing of
that.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Final

from lastgood.kube import resources
from tests.simulation.apiserver import Key
from tests.simulation.objects import Object

EARLIER: Final = 5
"""Readings that are kept of each object: one that is released and engaged in one moment is read as both."""
MOMENTS: Final = 8
"""Readings of all switches that are kept: several models, and what is engaged everywhere, read them at one time."""
Place = tuple[str, Key]
"""An object: the plural of its kind, and its namespace and name."""
Reading = Mapping[Place, Object | None]
"""What was read of each object; None for one that was not there."""


class Readings:
    """Remembers what was read."""

    def __init__(self) -> None:
        self.newest: dict[Place, Object | None] = {}
        """What was read last of each object."""
        self.at: dict[Place, float] = {}
        """When each object was read last."""
        self._before: dict[Place, deque[Object | None]] = defaultdict(lambda: deque(maxlen=EARLIER))
        """What was read of each before that, the newest first."""
        self._switches: deque[Reading] = deque([{}], maxlen=MOMENTS)
        """What was known of all switches after each reading that told something new of one, the newest first."""

    def note(self, resource: resources.Resource, found: Mapping[Key, Object | None]) -> None:
        """Take note of what was read at one moment."""
        changed, now = False, asyncio.get_running_loop().time()
        for key, raw in found.items():
            place = resource.plural, key
            known = self.newest.get(place)
            if _version(raw) != _version(known):
                self._before[place].appendleft(known)
                changed = True
            if raw is not None and any(_uid(each) not in ("", _uid(raw)) for each in self._before[place]):
                self._before[
                    place
                ].clear()  # created anew it is another one, and it was read: no word of the earlier
            self.newest[place] = raw
            self.at[place] = now
        if changed and resource is resources.KILL_SWITCHES:
            self._switches.appendleft({place: raw for place, raw in self.newest.items() if _is_switch(place)})

    def all(self) -> Iterator[Reading]:
        """Yield what was read last, then what was read before that, each as far back as is kept.

        Switches are read at another moment than the model that they are about.
        """
        yield self.newest
        for own in self._of_all_but_switches():
            for switches in self._switches:
                yield {**own, **switches}

    def _of_all_but_switches(self) -> Iterator[Reading]:
        newest = {place: raw for place, raw in self.newest.items() if not _is_switch(place)}
        yield newest
        for depth in range(EARLIER):
            older = {
                place: list(each)[depth]
                for place, each in self._before.items()
                if len(each) > depth and not _is_switch(place)
            }
            yield {**newest, **older}


def _is_switch(place: Place) -> bool:
    return place[0] == resources.KILL_SWITCHES.plural


def _uid(raw: Object | None) -> str:
    """Return which object was read; empty for one that was not there."""
    return "" if raw is None else str(raw["metadata"]["uid"])


def _version(raw: Object | None) -> str:
    """Return which version of an object was read; empty for one that was not there."""
    return "" if raw is None else str(raw["metadata"]["resourceVersion"])
