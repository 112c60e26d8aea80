"""Workloads that a switch holds though no ModelDeployment speaks for them (semantics.md, K2, K3).

A model may be deleted while it is killed, and a switch may name a Deployment directly: held is held until release.
"""

import dataclasses
from collections.abc import Sequence

from lastgood.decide import autoscalers, facts, records, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import autoscaling


def hold(
    workload: world.Workload, switches: Sequence[facts.Switch], scaler: world.Autoscaler | None = None
) -> Decision | None:
    """K2: keep at zero what an engaged switch holds or names; None when none does."""
    engaged = [switch for switch in switches if switch.engaged and _holds(switch, workload.name)]
    for switch in engaged:
        entry = switch.entry(workload.name)
        if (entry is None and not switch.full) or (entry is not None and entry.ceiling > 0):
            held = _entry(workload, entry, switches, scaler)
            written = records.SetEntries(switch, switch.entries_with(workload.name, held))
            return Decision(Phase.STOPPING, "SwitchEngaged", switch.reason, records=(written,))
    if not engaged:
        left = _left(workload, switches, scaler)
        return _let_go(workload.name, switches, scaler, left)
    holding = autoscaling.hold(workload.name, switches, scaler)
    if workload.replicas > 0:
        taken = (*holding, steps.Scale(workload, 0))
        return Decision(Phase.STOPPING, "SwitchEngaged", engaged[0].reason, steps=taken)
    noted = autoscaling.note(workload.name, switches, scaler, Phase.STOPPING)
    if noted is not None or not holding:
        return noted
    return Decision(Phase.KILLED, "SwitchEngaged", engaged[0].reason, steps=holding)


def let_go_of_what_is_gone(
    name: str, switches: Sequence[facts.Switch], scaler: world.Autoscaler | None = None
) -> Decision | None:
    """K2, K9: a released switch waits for no Deployment that nobody may create again; an engaged one keeps its entry.

    The API server would refuse to create that Deployment with a replica for as long as the entry is there.
    """
    if any(switch.engaged and _holds(switch, name) for switch in switches):
        return None
    left = (
        "gone, and no ModelDeployment speaks for it, so that no switch holds it any longer: create it with as many "
        f"replicas as you think right, of {_before(name, switches)} before the kill"
    )
    return _let_go(name, switches, scaler, left)


def _holds(switch: facts.Switch, workload: str) -> bool:
    return workload in switch.workloads or switch.entry(workload) is not None


def _entry(
    workload: world.Workload,
    own: facts.Entry | None,
    switches: Sequence[facts.Switch],
    scaler: world.Autoscaler | None,
) -> facts.Entry:
    earlier = own or next(iter(autoscaling.entries(workload.name, switches)), None)
    if earlier is not None:
        entries = autoscaling.entries(workload.name, switches)
        noted = autoscalers.noted_again(scaler, earlier, entries)
        return dataclasses.replace(earlier, ceiling=0, autoscaler=noted)
    return facts.Entry(
        workload=workload.name,
        model="",
        replicas=workload.replicas,
        ceiling=0,
        autoscaler=autoscalers.noted_at_zero(scaler),
    )


def _let_go(
    name: str, switches: Sequence[facts.Switch], scaler: world.Autoscaler | None, left: str
) -> Decision | None:
    """After the release nobody knows how to bring the workload back safely: it stays as it is, for its owner.

    Its autoscaler is given back, and may start the workload, as its owner has set it to. Traffic stays with a fallback
    that has it, for nothing else serves; what the Service selected before is noted where the entry was. `left` says
    how the workload is left.
    """
    known = autoscalers.known(autoscaling.entries(name, switches))
    given_back = autoscalers.give_back(scaler, known)
    if given_back:
        return Decision(Phase.IDLE, "Released", "giving its autoscaler back", steps=given_back)
    written = tuple(
        records.SetEntries(
            switch,
            switch.entries_with(name, None),
            left=entry if entry.traffic is not None else None,
        )
        for switch in switches
        if (entry := switch.entry(name)) is not None
    )
    return Decision(Phase.IDLE, "Released", left, records=written) if written else None


def _left(workload: world.Workload, switches: Sequence[facts.Switch], scaler: world.Autoscaler | None) -> str:
    before = _before(workload.name, switches)
    if workload.replicas >= before or scaler is not None:
        return ""
    return (
        f"left at {workload.replicas} of {before} replicas, for no ModelDeployment speaks for it: scale it up when "
        "you think it right"
    )


def _before(name: str, switches: Sequence[facts.Switch]) -> int:
    return max((entry.replicas for entry in autoscaling.entries(name, switches)), default=0)
