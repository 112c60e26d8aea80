"""Workloads that a switch holds though no ModelDeployment speaks for them (semantics.md, K2).

A model may be deleted while it is killed, and a switch may name a Deployment directly: held is held until release.
"""

import dataclasses
from collections.abc import Sequence

from lastgood.decide import facts, records, steps, world
from lastgood.decide.decision import Decision, Phase


def hold(workload: world.Workload, switches: Sequence[facts.Switch]) -> Decision | None:
    """K2: keep at zero what an engaged switch holds or names; None when none does."""
    engaged = [switch for switch in switches if switch.engaged and _holds(switch, workload.name)]
    for switch in engaged:
        entry = switch.entry(workload.name)
        if entry is None or entry.ceiling > 0:
            held = _entry(workload, entry, switches)
            written = records.SetEntries(switch, switch.entries_with(workload.name, held))
            return Decision(Phase.STOPPING, "SwitchEngaged", switch.reason, records=(written,))
    if not engaged:
        return _let_go(workload, switches)
    if workload.replicas > 0:
        scale = steps.Scale(workload, 0)
        return Decision(Phase.STOPPING, "SwitchEngaged", engaged[0].reason, steps=(scale,))
    return None


def _holds(switch: facts.Switch, workload: str) -> bool:
    return workload in switch.workloads or switch.entry(workload) is not None


def _entry(
    workload: world.Workload, own: facts.Entry | None, switches: Sequence[facts.Switch]
) -> facts.Entry:
    others = (switch.entry(workload.name) for switch in switches)
    earlier = own or next((entry for entry in others if entry is not None), None)
    if earlier is not None:
        return dataclasses.replace(earlier, ceiling=0)
    return facts.Entry(workload=workload.name, model="", replicas=workload.replicas, ceiling=0)


def _let_go(workload: world.Workload, switches: Sequence[facts.Switch]) -> Decision | None:
    """After the release nobody knows how to bring the workload back safely: it stays as it is, for its owner."""
    written = tuple(
        records.SetEntries(switch, switch.entries_with(workload.name, None))
        for switch in switches
        if switch.entry(workload.name) is not None
    )
    return Decision(Phase.IDLE, "Released", records=written) if written else None
