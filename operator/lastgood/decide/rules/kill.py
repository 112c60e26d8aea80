"""Kill switches: engaging them, and keeping what they hold at zero (semantics.md, K1 to K8).

A kill is a fact before it is an act: a switch is engaged, it gets an entry with what has to come back, and only then
is anything scaled. Everything here works without Prometheus and on a model that is invalid, suspended or half-way
through a rollout (rule K6).
"""

import dataclasses
import itertools
from typing import Final

from lastgood.api import names
from lastgood.api.rollback import KillAction
from lastgood.api.thresholds import OnBreach
from lastgood.decide import autoscalers, facts, records, steps, traffic, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import autoscaling
from lastgood.decide.view import View

NOT_HELD: Final = "WorkloadNotFound"  # of a killed model it is not known that nothing runs


def mirror_the_engaged_field(view: View) -> Decision | None:
    """K8: `spec.killSwitch.engaged: true` engages the switch `<model>-spec`."""
    if view.model.kill_asked is not True:
        return None
    known = _own_switch(view)
    if known is not None and known.engaged and known.model_uid == view.model.uid:
        return None
    asked = view.model.spec.kill_switch
    switch = facts.Switch(
        name=known.name if known is not None else _free_name(view, names.SUFFIX_SPEC_SWITCH),
        engaged=True,
        cause=facts.Cause.MANUAL,
        reason=asked.reason or "spec.killSwitch.engaged is true",
        requested_by=view.model.engaged_written_by,
        models=(view.model.name,),
        entries=_entries_after_engaging(view, known),
        model_uid=view.model.uid,
        engaged_at=view.now,
        resource_version="" if known is None else known.resource_version,
    )
    return Decision(Phase.STOPPING, "SpecEngaged", switch.reason, records=(records.EngageSwitch(switch),))


def mirror_the_released_field(view: View) -> Decision | None:
    """K8: the same field, set to false, releases the switch if the right person wrote it."""
    switch = _own_switch(view)
    if switch is None or not switch.engaged or not may_release(view, switch):
        return None
    release = records.ReleaseSwitch(switch, by=min(_releasers(view, switch)))
    return Decision(Phase.STOPPING, "SpecReleased", records=(release,))


def may_release(view: View, switch: facts.Switch) -> bool:
    """Whether the mirrored field says false on the word of somebody who may release (rule K8).

    A model that was deleted and created again says nothing about the kill of the one before it, nor does a field that
    has released already about a switch that was engaged again since; and a field that nobody wrote is no one's word.
    """
    if view.model.kill_asked is not False or switch.model_uid != view.model.uid or switch.released_by:
        return False
    return bool(_releasers(view, switch))


def _releasers(view: View, switch: facts.Switch) -> set[str]:
    """Return who says false and may release: of several who say so one is enough, whoever applied it last."""
    said = {owner for owner in view.model.engaged_owners if owner}
    return {
        owner for owner in said if owner == switch.requested_by or owner not in view.settings.gitops_managers
    }


def engage_on_a_kill_breach(view: View) -> Decision | None:
    """K7: a breach of a Kill threshold engages a switch named after the model."""
    reason = kill_breach(view)
    return engage_automatically(view, reason=reason) if reason and view.room.left else None


def kill_breach(view: View) -> str:
    """Return what speaks for an automatic kill now, or nothing."""
    if view.engaged or view.holding or view.model.spec.suspend:
        return ""
    breach = next((j for j in view.breaches if j.threshold.on_breach is OnBreach.KILL), None)
    return "" if breach is None else f"threshold {breach.threshold.name}: {breach.judgement.message}"


def engage_automatically(
    view: View, *, reason: str, in_probation: bool = False, action: KillAction | None = None
) -> Decision:
    """Engage the automatic switch; it remembers the version that ran, which is Bad from then on (rule K7).

    A kill in probation makes the next probation longer (rule K9). Without an action the model's own counts.
    """
    known = _automatic_switch(view)
    active = view.active
    switch = facts.Switch(
        name=known.name if known is not None else _free_name(view, "", names.SUFFIX_AUTOMATIC_SWITCH),
        engaged=True,
        cause=facts.Cause.AUTOMATIC,
        reason=reason,
        requested_by=facts.OPERATOR,
        models=(view.model.name,),
        action=action,
        entries=_entries_after_engaging(view, known, in_probation=in_probation, action=action),
        model_uid=view.model.uid,
        bad_digest="" if active is None else active.digest,
        engaged_at=view.now,
        resource_version="" if known is None else known.resource_version,
    )
    return Decision(Phase.STOPPING, "AutomaticKill", reason, records=(records.EngageSwitch(switch),))


def evidence(view: View, text: str) -> dict[str, object]:
    """Return what spoke against a version: the first acting breach, or only the text."""
    breach = next(iter(view.breaches), None)
    found: dict[str, object] = {"time": view.now, "message": text}
    if breach is not None:
        found |= {
            "threshold": breach.threshold.name,
            "value": breach.judgement.value,
            "query": breach.threshold.query,
            "window": breach.threshold.window,
        }
    return found


def enter_the_workload(view: View) -> Decision | None:
    """K2: every engaged switch that selects the model gets an entry for its workload, with ceiling zero."""
    if view.workload is None:
        return None
    for switch in view.engaged:
        entry = switch.entry(view.workload.name)
        wanted = _held_entry(view, view.workload, entry)
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
        waiting = _held_entry(view, view.workload, entry)
        if entry != waiting:
            entries = switch.entries_with(view.workload.name, waiting)
            written.append(records.SetEntries(switch, entries))
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
    named = ", ".join(pod.name for pod in view.pods[:5])
    more = f" and {len(view.pods) - 5} more" if len(view.pods) > 5 else ""
    waiting = f"waiting for {named}{more} to end"
    if view.workload is None and not all(pod.terminating for pod in view.orphans):
        waiting += (
            f"; Deployment {view.model.workload_name} is gone and has left them, so nothing scales them: delete their "
            f"ReplicaSet: kubectl get replicasets -n {view.model.namespace}"
        )
    return waiting


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
    switch = _own_switch(view)
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


def _own_switch(view: View) -> facts.Switch | None:
    return _switch_of_ours(view, facts.Cause.MANUAL)


def _automatic_switch(view: View) -> facts.Switch | None:
    return _switch_of_ours(view, facts.Cause.AUTOMATIC)


def _switch_of_ours(view: View, cause: facts.Cause) -> facts.Switch | None:
    """Return the switch that was engaged for this model alone; one that a person has named like it is not ours.

    Nor is one that cannot be read whole: it is never written whole.
    """
    own = (view.model.name,)
    ours = (s for s in view.facts.switches if s.models == own and s.cause is cause and s.whole)
    return next(ours, None)


def _free_name(view: View, *suffixes: str) -> str:
    """Return the model's name with a suffix, or another where that is taken.

    A name in use must never keep a kill from happening.
    """
    taken = {switch.name for switch in view.facts.switches}
    usual = [view.model.name + suffix for suffix in suffixes]
    further = (f"{usual[-1]}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain(usual, further) if name not in taken)


def _entries_after_engaging(
    view: View,
    known: facts.Switch | None,
    *,
    in_probation: bool = False,
    action: KillAction | None = None,
) -> tuple[facts.Entry, ...]:
    name = view.model.workload_name
    if view.workload is None:
        return () if known is None else known.entries_with(name, known.entry(name))
    held = _held_entry(view, view.workload)
    if held.traffic is None and traffic.asks(view, action):
        held = dataclasses.replace(held, traffic=traffic.to_record(view))
    if in_probation and held.probation is not None:
        longer = dataclasses.replace(held.probation, round=held.probation.round + 1)
        held = dataclasses.replace(held, probation=longer)
    return (held,) if known is None else known.entries_with(name, held)


def _held_entry(view: View, workload: world.Workload, own: facts.Entry | None = None) -> facts.Entry:
    """Return the entry that an engaged switch must have: its own, a copy of another's, or what is observed.

    A workload that is held already is never observed again: its replicas are those of the kill (rule K2).
    """
    earlier = own or max(held_entries(view), key=_round, default=None)
    if earlier is not None:
        begun = earlier.probation
        probation = None if begun is None else dataclasses.replace(begun, since=None, start_at=None)
        scaler = autoscalers.noted_again(view.autoscaler, earlier, held_entries(view))
        # Of several models on one workload each would else write its own name over the other's, for ever.
        model = view.model.name if own is None else own.model or view.model.name
        held = dataclasses.replace(earlier, model=model, ceiling=0, probation=probation, autoscaler=scaler)
        # Of a second switch too; but nothing about traffic keeps a workload that is held from being stopped.
        return held if own is not None else dataclasses.replace(held, traffic=traffic.recorded(view))
    return facts.Entry(
        workload=workload.name,
        model=view.model.name,
        replicas=workload.replicas,
        ceiling=0,
        autoscaler=autoscalers.noted_at_zero(view.autoscaler),
        traffic=traffic.to_record(view) if traffic.is_asked(view) else None,
    )


def held_entries(view: View) -> tuple[facts.Entry, ...]:
    """Return the entries that all switches, engaged or released, hold for the model's workload."""
    entries = (switch.entry(view.model.workload_name) for switch in view.facts.switches)
    return tuple(entry for entry in entries if entry is not None)


def _round(entry: facts.Entry) -> int:
    return 0 if entry.probation is None else entry.probation.round
