"""What one process has read before it acts: each object as it was read last, and as it was read before that.

A write may rest on what was read just before, while others of the same process read anew. Switches are kept as they
were read together: a decision takes all of them from one reading, and how often each of them changed says nothing of
that.
"""

import asyncio
import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lastgood.kube import resources
from tests.simulation.apiserver import Key
from tests.simulation.objects import Object

EARLIER: Final = 5
"""Readings that are kept of each object: one that is released and engaged in one moment is read as both."""
MOMENTS: Final = 20
"""Readings of all switches that are kept: of five, each is told anew whenever the status of one of them is written."""
Place = tuple[str, Key]
"""An object: the plural of its kind, and its namespace and name."""
Reading = Mapping[Place, Object | None]
"""What was read of each object; None for one that was not there."""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What was known until a reading told something new: the number of that reading, and when it was."""

    number: int
    until: float
    known: Any


class Readings:
    """Remembers what was read."""

    def __init__(self) -> None:
        self.newest: dict[Place, Object | None] = {}
        """What was read last of each object."""
        self.at: dict[Place, float] = {}
        """When each object was read last."""
        self._gone: dict[Place, _Earlier] = {}
        """What was known last of each object that was created anew since; a write on its way may rest on it."""
        self._before: dict[Place, deque[_Earlier]] = defaultdict(lambda: deque(maxlen=EARLIER))
        """What was read of each before that, the newest first."""
        self._switches: deque[_Earlier] = deque(maxlen=MOMENTS - 1)
        """What was known of all switches before each reading that told something new of one, the newest first."""
        self._number = 0
        """The number of the last reading."""
        self._recorded: dict[str, int] = {}
        """By workload: the reading that told what a switch of ours has come to hold of it."""

    def note(self, resource: resources.Resource, found: Mapping[Key, Object | None]) -> None:
        """Take note of what was read at one moment."""
        self._number += 1
        changed, now = False, asyncio.get_running_loop().time()
        switches = self._all_switches() if resource is resources.KILL_SWITCHES else {}
        for key, raw in found.items():
            place = resource.plural, key
            known = self.newest.get(place)
            if _version(raw) != _version(known):
                changed = True
                if place in self.newest:
                    self._before[place].appendleft(_Earlier(self._number, now, known))
            if raw is not None and any(
                _uid(each.known) not in ("", _uid(raw)) for each in self._before[place]
            ):
                self._gone[place] = next(each for each in self._before[place] if each.known is not None)
                self._before[place].clear()  # it was created anew, so the one before says nothing of it
            self.newest[place] = raw
            self.at[place] = now
        if changed and resource is resources.KILL_SWITCHES:
            self._switches.appendleft(_Earlier(self._number, now, switches))

    def note_all(
        self, resource: resources.Resource, namespace: str | None, found: Mapping[Key, Object | None]
    ) -> None:
        """Take note of all that there is of a kind, in one namespace or in all: what was there before is gone."""
        known = [key for plural, key in self.newest if plural == resource.plural]
        gone = dict.fromkeys(key for key in known if namespace is None or key[0] == namespace)
        self.note(resource, {**gone, **found})

    def recorded(self, workloads: Iterable[str]) -> None:
        """Take note that these were put on record in a switch, and that the answer has just been read."""
        self._recorded.update(dict.fromkeys(workloads, self._number))

    def all(self, *, since: float = -math.inf, after_the_record_of: str = "") -> Iterator[Reading]:
        """Yield what was read last, then what was known before that, as far back as is kept or until a moment.

        What was known before: of each object so many readings ago, and of all of them at one moment.

        Switches are read at another moment than the model that they are about. Before a record is answered nothing is
        done that rests on it, so an act on a workload rests on no switches as they were read before.
        """
        yield self.newest
        recorded = self._recorded.get(after_the_record_of, 0)
        earlier = [each.known for each in self._switches if each.until >= since and each.number > recorded]
        for own in self._of_all_but_switches(since):
            for switches in (self._all_switches(), *earlier):
                yield {**own, **switches}

    def before_anew(self, *, since: float) -> Reading:
        """Return what was read last, with what was known of each object before it was created anew since a moment."""
        gone = {place: each.known for place, each in self._gone.items() if each.until >= since}
        return {**self.newest, **{place: raw for place, raw in gone.items() if not _is_switch(place)}}

    def _of_all_but_switches(self, since: float) -> Iterator[Reading]:
        newest = {place: raw for place, raw in self.newest.items() if not _is_switch(place)}
        yield newest
        before = {place: each for place, each in self._before.items() if not _is_switch(place)}
        for depth in range(EARLIER):
            older = {
                place: each[depth].known
                for place, each in before.items()
                if len(each) > depth and each[depth].until >= since
            }
            yield {**newest, **older}
        # Of what is read for one decision something may have changed meanwhile, and the rest not.
        for number in sorted(
            {each.number for found in before.values() for each in found if each.until >= since}
        ):
            then = {
                place: next(each.known for each in reversed(found) if each.number >= number)
                for place, found in before.items()
                if found and found[0].number >= number
            }
            yield {**newest, **then}

    def _all_switches(self) -> Reading:
        return {place: raw for place, raw in self.newest.items() if _is_switch(place)}


def _is_switch(place: Place) -> bool:
    return place[0] == resources.KILL_SWITCHES.plural


def _uid(raw: Object | None) -> str:
    """Return which object was read; empty for one that was not there."""
    return "" if raw is None else str(raw["metadata"]["uid"])


def _version(raw: Object | None) -> str:
    """Return which version of an object was read; empty for one that was not there."""
    return "" if raw is None else str(raw["metadata"]["resourceVersion"])
