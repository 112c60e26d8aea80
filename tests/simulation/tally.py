"""What came of a run of worlds so far, kept in a file: a run of hours may be ended and gone on with.

One tally is of one state of the sources: what has been counted says nothing of other ones.
"""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Final, Self

import pydantic

from tests.simulation.faults import Fault
from tests.simulation.running import Outcome, replay

SAVED_EVERY: Final = 50
"""Worlds between two times that the file is written: so many, and those under way, are run again."""
ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ("operator/lastgood", "tests/simulation", "requirements-dev.lock")


class OtherSourcesError(Exception):
    """A tally was begun with other sources, or for other worlds, than it should go on with."""


def sources() -> str:
    """Return a digest of all that a world is made of."""
    found = hashlib.sha256()
    for name in SOURCES:
        below = ROOT / name
        for path in [below] if below.is_file() else sorted(below.rglob("*.py")):
            found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


class Tally(pydantic.BaseModel):
    """The worlds that are done, how many steps they took, which failed, and which write met which fault."""

    sources: str
    first: int
    worlds: int
    """Worlds in all, by consecutive seeds from the first."""
    steps: int
    """Steps of each world, before it is brought to its end."""
    done: int = 0
    steps_done: int = 0
    failed: dict[int, str] = {}
    """By seed: what was violated, and the command that plays it again."""
    met: dict[str, dict[Fault, int]] = {}
    """By write and fault: how often they met."""
    _ahead: dict[int, Outcome] = pydantic.PrivateAttr(default_factory=dict)
    """By seed: those that have ended before an earlier one."""

    @classmethod
    def begin(cls, first: int, worlds: int, *, steps: int) -> Self:
        """Return the tally of a run of which nothing is done."""
        return cls(sources=sources(), first=first, worlds=worlds, steps=steps)

    @classmethod
    def resume(cls, path: Path, begun: Self) -> Self:
        """Return what a file holds of the run that `begun` begins; that, if there is no file.

        Raises OtherSourcesError, and pydantic.ValidationError for a file that is no tally.
        """
        if not path.exists():
            return begun
        found = cls.model_validate_json(path.read_bytes())
        for name in ("sources", "first", "worlds", "steps"):
            if getattr(found, name) != getattr(begun, name):
                raise OtherSourcesError(
                    f"{path} counts a run with other {name}: {getattr(found, name)}, not {getattr(begun, name)}. "
                    f"Run what it was begun with, or give another file"
                )
        return found

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        written = path.with_name(f"{path.name}.new")
        written.write_text(self.model_dump_json(indent=1))
        written.replace(path)

    def add(self, outcome: Outcome) -> bool:
        """Take in a world that has ended, in any order; return whether it is time to save what is counted.

        Counted is one after the other by seed, so that `done` says which they are.
        """
        self._ahead[outcome.seed] = outcome
        before = self.done
        while (following := self._ahead.pop(self.first + self.done, None)) is not None:
            self._count(following)
        return self.done == self.worlds or self.done // SAVED_EVERY > before // SAVED_EVERY

    def _count(self, outcome: Outcome) -> None:
        self.done += 1
        self.steps_done += outcome.steps
        for (site, fault), times in outcome.met.items():
            row = self.met.setdefault(site, {})
            row[fault] = row.get(fault, 0) + times
        if outcome.violated:
            self.failed[outcome.seed] = told(outcome, steps=self.steps)

    @property
    def table(self) -> Counter[tuple[str, Fault]]:
        """Return how often each write met each fault."""
        return Counter(
            {(site, fault): times for site, row in self.met.items() for fault, times in row.items()}
        )


def told(outcome: Outcome, *, steps: int) -> str:
    """Return what was violated, and the command that plays it again."""
    faults = "without faults" not in outcome.violated
    return f"{outcome.violated}\n    {replay(outcome.seed, steps=steps, faults=faults)}"
