"""New facts that a decision asks to be recorded, before anything that rests on them is done (rule F2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lastgood.decide import asking, facts


@dataclass(frozen=True, slots=True)
class TakeCheckpoint:
    """Save a version: its whole template, its verdict so far, and perhaps its first activation."""

    checkpoint: facts.Checkpoint
    replicas: int = 0
    autoscaler: facts.Autoscaler | None = None


@dataclass(frozen=True, slots=True)
class GiveVerdict:
    """Change the lasting verdict on a version."""

    checkpoint: facts.Checkpoint
    verdict: facts.VerdictFact
    answer: asking.Answer | None = None
    """The answer to whoever asked for it, written with it."""


@dataclass(frozen=True, slots=True)
class Activate:
    """Make a version the one that the workload is meant to run."""

    checkpoint: facts.Checkpoint
    activation: facts.Activation
    answer: asking.Answer | None = None
    """The answer to whoever asked for it, written with it."""


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """Write down what came of a request by annotation (rule P3)."""

    checkpoint: facts.Checkpoint
    answer: asking.Answer


@dataclass(frozen=True, slots=True)
class SetOwners:
    """Say whether a checkpoint is deleted with its model, by owner reference (rule P2)."""

    checkpoint: facts.Checkpoint
    owners: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class NoteContent:
    """Note what the ConfigMaps of a version hold now (rule O7)."""

    checkpoint: facts.Checkpoint
    content: facts.Content


@dataclass(frozen=True, slots=True)
class EngageSwitch:
    """Create a switch of ours, or engage one that is there already."""

    switch: facts.Switch
    """As it shall be; `resource_version` is empty for one that does not exist yet."""


@dataclass(frozen=True, slots=True)
class ReleaseSwitch:
    """Release the switch that mirrors `spec.killSwitch.engaged` (rule K8); its entries stay until all is back."""

    switch: facts.Switch
    by: str


@dataclass(frozen=True, slots=True)
class SetEntries:
    """Replace what a switch holds."""

    switch: facts.Switch
    entries: tuple[facts.Entry, ...]
    left: facts.Entry | None = None
    """One that is let go of while its traffic is elsewhere: what has to be put back by hand is noted on the switch."""


Record = (
    TakeCheckpoint
    | GiveVerdict
    | Activate
    | NoteContent
    | AnswerRequest
    | SetOwners
    | EngageSwitch
    | ReleaseSwitch
    | SetEntries
)
