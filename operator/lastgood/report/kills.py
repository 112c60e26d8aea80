"""How far a kill is: by whom, since when, how many pods are left, and how long it took until there was none."""

from datetime import datetime, timedelta

from lastgood.api.base import ConditionStatus
from lastgood.api.modeldeployment_status import KillSwitchStatus, State
from lastgood.decide import facts, traffic
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import holding, kill
from lastgood.decide.view import View
from lastgood.report.previous import Previous


def kill_switch(view: View, previous: Previous, *, off: bool) -> KillSwitchStatus:
    """Return what holds the model; after a release and until all is back, what was put down and how fast.

    `off` is what `is_off` returns.
    """
    entries = holding.entries(view)
    before = max((entry.replicas for entry in entries), default=None)
    if not view.engaged:
        if not entries:
            return KillSwitchStatus(engaged=False)
        return KillSwitchStatus(
            engaged=False,
            replicas_before=before,
            served_by=traffic.served_by(view),
            time_to_zero=previous.kill_switch.time_to_zero,
        )
    switches = sorted(view.engaged, key=lambda switch: (_engaged_at(switch) or view.now, switch.name))
    first = switches[0]
    since = _since(view, first, previous)
    return KillSwitchStatus(
        engaged=True,
        by=(first.requested_by or None) and first.requested_by[:253],
        reason=first.reason or None,
        since=since,
        switches=tuple(sorted(switch.name for switch in switches))[:100],
        replicas_before=before,
        pods_remaining=pods_remaining(view),
        served_by=traffic.served_by(view),
        time_to_zero=_time_to_zero(view, since, previous, off=off),
    )


def pods_remaining(view: View) -> int:
    """Return how many pods of the model's workload are left, those on their way out included (rule K4)."""
    return len(view.pods)


def is_off(view: View, decision: Decision) -> bool:
    """Whether a killed model is verified to have no pod, and none that was asked for (rule K4).

    Pods are read afresh before a model is decided to be `KILLED`. Whatever else is decided about it, and could not be
    carried out, rests on pods as a watch has brought them.
    """
    return decision.phase is Phase.KILLED and at_zero(view)


def at_zero(view: View) -> bool:
    """Whether a killed model has no pod that is known of, and none was asked for."""
    asked_for = view.workload is not None and view.workload.replicas > 0
    return pods_remaining(view) == 0 and not asked_for and not kill.not_held(view)


def _engaged_at(switch: facts.Switch) -> datetime | None:
    """Return when a switch was engaged last: it may have been created long before, or be engaged again."""
    known = (at for at in (switch.engaged_at, switch.engaged_by_others_at) if at is not None)
    return max(known, default=None)


def _since(view: View, first: facts.Switch, previous: Previous) -> datetime:
    latest, told = _engaged_at(first), previous.kill_switch.since if previous.kill_switch.engaged else None
    # Who has only changed the reason since counts for engaging it then; what was told before is closer.
    if told is not None and (latest is None or (first.engaged_at or told) <= told <= latest):
        return told
    return latest or view.now


def _time_to_zero(view: View, since: datetime, previous: Previous, *, off: bool) -> timedelta | None:
    """Seconds from the switch to the last pod's end; none where nobody saw it happen, as after a lost status."""
    before = previous.kill_switch
    if before.engaged and before.time_to_zero is not None and _still_stands(view, previous):
        return before.time_to_zero
    if not previous.known or _was_verified(previous) or not off:
        return None
    taken = max(view.now - since, timedelta(0))
    return timedelta(milliseconds=taken // timedelta(milliseconds=1))


def _still_stands(view: View, previous: Previous) -> bool:
    """Whether the kill that was reported is not over: a switch of then holds, and was not engaged anew since."""
    told, names = previous.conditions.get("KillSwitchEngaged"), previous.kill_switch.switches or ()
    return any(
        switch.engaged_at is None or told is None or switch.engaged_at <= told.last_transition_time
        for switch in view.engaged
        if switch.name in names
    )


def _was_verified(previous: Previous) -> bool:
    engaged = previous.conditions.get("KillSwitchEngaged")
    return previous.state == State.KILLED or (engaged is not None and engaged.status is ConditionStatus.TRUE)
