"""Every way in which one story may be disturbed once, and the pairs of crashes: counted from the story itself.

The three patterns by which research tools broke operators that many rely on: a state between two writes (a crash, or an
answer that does not come), a state that is over (an old list after a restart), and a state that nobody saw (a change
that no watch ever told of).
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.simulation import sites, stage
from tests.simulation.faults import AT_WRITES, Fault
from tests.simulation.stage import Played, Trouble
from tests.simulation.stories import Story

KINDS: Final = (
    "fault at a write",
    "old list after a crash",
    "change not told",
    "two crashes",
    "fault while telling",
)
DECISIVE: Final = frozenset({*sites.RECORDS, *sites.ACTS} - {"act.deployment.label_pod"})
"""Writes of which two in one story meet a crash each; a label on a pod changes nothing for the next write."""
STALE: Final = (1, 3)
"""By how many writes a list is too old that a process starts from."""
TELLING: Final = {
    "report.status": (Fault.CRASH_BEFORE, Fault.CONFLICT, Fault.ERROR, Fault.LOST),
    "report.events": (Fault.CRASH_BEFORE, Fault.ERROR),
}
"""What befalls statuses and events. Whether an event was written is asked by nobody, so it meets no more than that."""


@dataclass(frozen=True)
class Run:
    """One story with one trouble; `kind` is a column of the table."""

    kind: str
    trouble: Trouble
    reports: bool = False


def runs(played: Played, telling: Played | None) -> Iterator[Run]:
    """Return every run that a story asks for, by how it goes without faults: silently, and telling people.

    Alone, a crash befalls every write before and after. Where it is followed by something else it only comes after:
    a crash before a write finds what a crash after the one before it has left.
    """
    numbers = range(len(played.sites))
    for number, fault in itertools.product(numbers, AT_WRITES):
        yield Run(KINDS[0], Trouble(((number, fault),)))
    for number, stale in itertools.product(numbers, STALE):
        yield Run(KINDS[1], Trouble(((number, Fault.CRASH_AFTER),), stale=stale))
    for number in played.changes:
        yield Run(KINDS[2], Trouble(untold=number))
    decisive = [number for number in numbers if played.sites[number] in DECISIVE]
    for pair in itertools.combinations(decisive, 2):
        yield Run(KINDS[3], Trouble(tuple((number, Fault.CRASH_AFTER) for number in pair)))
    for number, site in enumerate(telling.sites if telling is not None else ()):
        for fault in TELLING.get(".".join(site.split(".")[:2]), ()):
            yield Run(KINDS[4], Trouble(((number, fault),)), reports=True)


def explore(story: Story, *, part: int = 0, parts: int = 1) -> tuple[Counter[str], list[str]]:
    """Play a story once for every run, or every n-th; return how many of which kind, and what was violated."""
    silent = stage.play(story)
    telling = stage.play(story, reports=True) if story.told else None
    counted: Counter[str] = Counter()
    violated = []
    for each in itertools.islice(runs(silent, telling), part, None, parts):
        counted[each.kind] += 1
        expected = telling if each.reports and telling is not None else silent
        try:
            stage.play(story, each.trouble, reports=each.reports, expected=expected.facts)
        except AssertionError as found:
            violated.append(f"{story.name}, {each.trouble}{', telling' * each.reports}: {found}")
    return counted, violated
