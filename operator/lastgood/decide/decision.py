"""What a rule answers: facts to record, steps to take, and what to tell people meanwhile."""

from dataclasses import dataclass, field
from datetime import datetime

from lastgood.api.modeldeployment_status import State
from lastgood.decide.records import Record
from lastgood.decide.steps import Step

Phase = State
"""Where the model stands, as the rule sees it that had the last word; its word is the status' state."""


CONTESTED = "Contested"
"""Reason of what is told of a killed model that somebody scales up again and again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of one rule, which ends the chain.

    A decision carries records or steps, never both: what rests on a record is decided again once it is recorded.
    """

    phase: Phase
    reason: str = ""
    message: str = ""
    records: tuple[Record, ...] = ()
    steps: tuple[Step, ...] = ()
    degraded: str = ""
    """Reason of the condition `Degraded`, when something that people expect of us is not done."""
    contested: str = field(default="")
    """What somebody else has changed against a recorded decision, in one sentence."""

    refused: str = ""
    """Why what was decided is not done yet: what the API server answers to it, in one sentence."""
    until: datetime | None = None
    """When mere time changes it, so that it is made again then."""
    needs_lease: bool = True
    """Whether only the leader takes the steps; a scale-down that serves an engaged switch needs no lease (rule F5)."""

    def __post_init__(self) -> None:
        if self.records and self.steps:
            raise ValueError("a decision records or acts, never both")
