"""What an engaged kill switch does to a model: it is put on record, and kept at zero (semantics.md, K1, K2, K4, K5).

A kill is a fact before it is an act: a switch is engaged, it gets an entry with what has to come back, and only then
is anything scaled. Everything here works without Prometheus and on a model that is invalid, suspended or half-way
through a rollout (rule K6).
"""

from typing import Final

from lastgood.decide import leftovers, records, steps, traffic, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import autoscaling, engaging, holding
from lastgood.decide.view import View

NOT_HELD: Final = "WorkloadNotFound"  # of a killed model it is not known that nothing runs


def enter_the_workload(view: View) -> Decision | None:
    """K2: every engaged switch that selects the model gets an entry for its workload, with ceiling zero."""
    if view.workload is None:
        return None
    for switch in view.engaged:
        entry = switch.entry(view.workload.name)
        wanted = holding.entry(view, view.workload, entry)
        if entry != wanted and not (entry is None and switch.full):
            written = records.SetEntries(switch, switch.entries_with(view.workload.name, wanted))
            return Decision(Phase.STOPPING, "SwitchEngaged", switch.reason, records=(written,))
    return None


def end_the_recovery(view: View) -> Decision | None:
    """K2, K9: a kill while a model comes back ends that: what the released switches hold waits to start anew."""
    if not view.engaged or view.workload is None:
        return None
    written = []
    for switch in view.holding:
        entry = switch.entry(view.workload.name)
        waiting = holding.entry(view, view.workload, entry)
        if entry != waiting:
            written.append(records.SetEntries(switch, switch.entries_with(view.workload.name, waiting)))
    return (
        Decision(Phase.STOPPING, "SwitchEngaged", _held_by(view), records=tuple(written)) if written else None
    )


def scale_to_zero(view: View) -> Decision | None:
    """K1, K5: a killed model's workload is scaled to zero, whoever has scaled it up; its traffic goes first."""
    if not view.engaged or view.workload is None or view.workload.replicas == 0:
        return None
    taken = (*traffic.to_the_fallback(view), *autoscaling.hold_for(view), steps.Scale(view.workload, 0))
    return Decision(
        Phase.STOPPING,
        "Stopping",
        _held_by(view),
        steps=taken,
        contested=_release_refused(view),
        needs_lease=False,
    )


def stay_at_zero(view: View) -> Decision | None:
    """K4: a killed model stays where it is; it counts as stopped when no pod of it is left."""
    if not view.engaged:
        return None
    message, contested, held = _held_by(view), _release_refused(view), autoscaling.hold_for(view)
    if view.workload is None:
        left = not_held(view)
        if left:
            said = f"{message}; {left}"
            return Decision(Phase.STOPPING, NOT_HELD, said, degraded=NOT_HELD, contested=contested)
        if view.orphans:
            said = f"{message}; {waiting_for(view)}"
            return Decision(Phase.STOPPING, "Stopping", said, contested=contested)
        return Decision(Phase.KILLED, "NothingRuns", message, contested=contested)
    degraded = "" if view.holding else "SwitchFull"
    if degraded:
        message += (
            f"; {view.engaged[0].name} holds as many workloads as a switch can, so what this one ran before is not on "
            "record: engage another switch for it before this one is released, or scale it up by hand afterwards"
        )
    if view.pods:
        waiting = f"{message}; {waiting_for(view)}"
        return Decision(
            Phase.STOPPING, "Stopping", waiting, steps=held, degraded=degraded, contested=contested
        )
    return Decision(
        Phase.KILLED, "SwitchEngaged", message, steps=held, degraded=degraded, contested=contested
    )


def waiting_for(view: View) -> str:
    """K4: name the pods that are left, and what keeps those that do not end by themselves."""
    waiting = f"waiting for {world.named(view.pods)} to end"
    left = leftovers.told(view)
    return f"{waiting}; {left}" if left else waiting


def not_held(view: View) -> str:
    """K4: say what may still run of a model that names a Deployment which does not exist, and named another before."""
    left = view.facts.left
    held = any(left in switch.workloads or switch.entry(left) is not None for switch in view.engaged)
    if view.workload is not None or not left or held:
        return ""
    return (
        f"there is no Deployment {view.model.workload_name}, and Deployment {left}, which the model was about before, "
        "is not stopped by this: correct spec.workloadRef.name, or name it in spec.workloads of a KillSwitch"
    )


def _held_by(view: View) -> str:
    held_by = ", ".join(switch.name for switch in view.engaged)
    reason = view.engaged[0].reason
    return f"held at zero by {held_by}: {reason}" if reason else f"held at zero by {held_by}"


def _release_refused(view: View) -> str:
    switch = engaging.own_switch(view)
    refused = switch is not None and switch.engaged and view.model.kill_asked is not True
    if switch is None or not refused:
        return ""
    if switch.model_uid != view.model.uid:
        return (
            f"the model was created again while killed and stays killed: to release it, set engaged: false on "
            f"KillSwitch {switch.name}"
        )
    if switch.released_by:
        return f"engaged again on the KillSwitch itself: to release it, set engaged: false on KillSwitch {switch.name}"
    writer = view.model.engaged_written_by or "nobody"
    return (
        f"spec.killSwitch.engaged is no longer true on the word of {writer}, which may not release a kill by "
        f"{switch.requested_by or 'a person'}: set engaged: false on KillSwitch {switch.name}, or "
        "the field to true and back to false by hand"
    )
