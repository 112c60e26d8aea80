"""New facts that a decision asks to be recorded, before anything that rests on them is done (rule F2)."""

from dataclasses import dataclass

from lastgood.decide import facts


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


@dataclass(frozen=True, slots=True)
class Activate:
    """Make a version the one that the workload is meant to run."""

    checkpoint: facts.Checkpoint
    activation: facts.Activation


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


Record = TakeCheckpoint | GiveVerdict | Activate | EngageSwitch | ReleaseSwitch | SetEntries
