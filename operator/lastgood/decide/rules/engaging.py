"""The switches that are a model's own: engaged and released by its spec, engaged by a breach (semantics.md, K7, K8)."""

import dataclasses
import itertools

from lastgood.api import names
from lastgood.api.rollback import KillAction
from lastgood.api.thresholds import OnBreach
from lastgood.decide import facts, records, traffic
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import holding
from lastgood.decide.view import View


def mirror_the_engaged_field(view: View) -> Decision | None:
    """K8: `spec.killSwitch.engaged: true` engages the switch `<model>-spec`."""
    if view.model.kill_asked is not True:
        return None
    known = own_switch(view)
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
    switch = own_switch(view)
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


def own_switch(view: View) -> facts.Switch | None:
    """Return the switch that `spec.killSwitch.engaged` has engaged, or engages."""
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
    held = holding.entry(view, view.workload)
    if held.traffic is None and traffic.asks(view, action):
        held = dataclasses.replace(held, traffic=traffic.to_record(view))
    if in_probation and held.probation is not None:
        longer = dataclasses.replace(held.probation, round=held.probation.round + 1)
        held = dataclasses.replace(held, probation=longer)
    return (held,) if known is None else known.entries_with(name, held)
