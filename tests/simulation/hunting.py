"""Hunting for a bug that was put in on purpose: through the stories, with what tells most, and then the seeds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.simulation import running, stage, stories
from tests.simulation.faults import Fault
from tests.simulation.mutations import Mutation
from tests.simulation.stage import NO_TROUBLE, Played, Trouble
from tests.simulation.stories import Story

STEPS: Final = 200
MOST_SEEDS: Final = 40
"""Seeds that are run before a bug counts as unseen."""
_RULE: Final = re.compile(r"\b([A-Z]\d{1,2})\b[,:]")


@dataclass(frozen=True)
class Catch:
    """Where a bug was noticed, and by what."""

    where: str
    told: str

    @property
    def rule(self) -> str:
        """The rule that is told to be broken; F2 for a world that does not come to the end that it must."""
        found = _RULE.search(self.told)
        return "F2" if found is None else found[1]


def hunt(mutation: Mutation) -> Catch | None:
    """Return where a bug is noticed first; None when neither a story nor a seed notices it."""
    return next(iter(_catches(mutation)), None)


def _catches(mutation: Mutation) -> Iterator[Catch]:
    first = [mutation.first] if isinstance(mutation.first, int) else []
    others = sorted((*stories.STORIES, *stories.QUIET), key=lambda story: story.name != mutation.first)
    for seed in first:
        yield from _by_seed(mutation, seed)
    for story in others:
        yield from _by_story(mutation, story)
    for seed in range(MOST_SEEDS):
        yield from _by_seed(mutation, seed)


def _by_seed(mutation: Mutation, seed: int) -> Iterator[Catch]:
    with mutation.applied():
        found = running.run(seed, steps=STEPS)
    if found.violated:
        yield Catch(f"seed {seed}", found.violated)


def _by_story(mutation: Mutation, story: Story) -> Iterator[Catch]:
    right = stage.play(story, reports=mutation.reports)
    for trouble in _telling(right):
        try:
            with mutation.applied():
                stage.play(story, trouble, reports=mutation.reports, expected=right.facts)
        except AssertionError as found:
            yield Catch(f"{story.name}: {trouble}", str(found))


def _telling(right: Played) -> Iterator[Trouble]:
    """Return no trouble, then an answer that is lost and a conflict at each write but those that tell people."""
    yield NO_TROUBLE
    for number, site in enumerate(right.sites):
        if not site.startswith("report."):
            for fault in (Fault.LOST, Fault.CONFLICT):
                yield Trouble(((number, fault),))
