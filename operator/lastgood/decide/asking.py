"""What people ask for by an annotation, and what came of it (semantics.md, P3).

An annotation stays where it is for as long as whoever wrote it likes: a manifest in Git is applied again and again. So
an answer is kept with the facts, and the same asking is answered once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lastgood.api.modelcheckpoint import RequestOutcome

BY_HAND: Final = frozenset(
    {
        "kubectl-annotate",
        "kubectl-edit",
        "kubectl-patch",
        "flux-client-side-apply",  # what a person tells kubectl to call itself, so that Flux lets a change be
    }
)
"""Field managers of a person at a keyboard; whoever else writes an annotation may write it again and again."""

LONGEST_VALUE: Final = 253
"""As much of what was asked for is kept; versions are no longer than that."""

Outcome = RequestOutcome
"""What came of a request: Done or Refused."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for by an annotation (rule P3)."""

    value: str
    by: str = ""
    """The field manager that wrote it; empty when none is recorded."""
    at: datetime | None = None

    @property
    def by_hand(self) -> bool:
        """Whether it is taken down once it is answered, so that it can be asked again.

        What a manifest carries would come back at once; it stays, and the same value counts once.
        """
        return self.by in BY_HAND


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request by annotation; it is kept, so that a repeat does nothing (rule P3)."""

    request: str
    """The annotation, without its prefix: `rollback-to`, `verdict`, ..."""
    asked: Asked
    at: datetime
    outcome: Outcome
    message: str

    def settles(self, request: str, asked: Asked) -> bool:
        """Whether a request has had this answer: by hand each asking counts, in a manifest each new value."""
        same = self.request == request and self.asked.value == asked.value[:LONGEST_VALUE]
        return same and (not asked.by_hand or self.asked.at == asked.at)
