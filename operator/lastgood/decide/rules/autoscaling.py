"""Holding the autoscaler of a killed workload, and of one that is released and not started yet (semantics.md, K1, K3).

Scaling to zero waits for none of this: an autoscaler that could not be held is undone like anybody else who scales up.
"""

import dataclasses
from collections.abc import Sequence

from lastgood.decide import autoscalers, facts, records, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import View


def note_the_autoscaler(view: View) -> Decision | None:
    """K3: what an autoscaler was set to is recorded before it is held; what a person changed since is noted too."""
    return note_for(view, Phase.STOPPING) if view.engaged else None


def note_for(view: View, phase: Phase) -> Decision | None:
    """Record what the model's autoscaler has to be given back."""
    return note(view.model.workload_name, view.facts.switches, view.autoscaler, phase)


def hold_for(view: View) -> tuple[steps.Step, ...]:
    """Return the step that keeps the model's autoscaler from starting it, where one is needed."""
    return hold(view.model.workload_name, view.facts.switches, view.autoscaler)


def note(
    workload: str, switches: Sequence[facts.Switch], scaler: world.Autoscaler | None, phase: Phase
) -> Decision | None:
    """Record in every switch that holds a workload what its autoscaler has to be given back."""
    if scaler is None:
        return None
    noted = autoscalers.to_note(entries(workload, switches), scaler, autoscalers.at_zero(scaler))
    if noted is None:
        return None
    written = tuple(
        records.SetEntries(
            switch, switch.entries_with(workload, dataclasses.replace(entry, autoscaler=noted))
        )
        for switch in switches
        if (entry := switch.entry(workload)) is not None and entry.autoscaler != noted
    )
    message = f"noting what {scaler.kind} {scaler.name} is set to, before it is held"
    return Decision(phase, "SwitchEngaged", message, records=written)


def hold(
    workload: str, switches: Sequence[facts.Switch], scaler: world.Autoscaler | None
) -> tuple[steps.Step, ...]:
    """Return the step that keeps an autoscaler from starting a workload, where one is needed."""
    bounds = None if scaler is None else autoscalers.at_zero(scaler)
    return autoscalers.hold(scaler, autoscalers.known(entries(workload, switches)), bounds)


def entries(workload: str, switches: Sequence[facts.Switch]) -> list[facts.Entry]:
    """Return what all switches, engaged or released, hold of a workload."""
    return [entry for switch in switches if (entry := switch.entry(workload)) is not None]
