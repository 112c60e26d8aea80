"""Autoscalers of what is held: how one is kept from raising a workload, and what it gets back (semantics.md, K3).

A HorizontalPodAutoscaler with minReplicas above 0 stands down by itself at zero replicas. One with 0 would start the
workload when its metric rises, and so would, since Kubernetes 1.36, one that has brought the workload to zero itself,
even at a minimum of 1: raising the minimum is what starts it then. So its scaling up is switched off, by the select
policy `Disabled`, which holds in every version. In probation its two bounds meet at the ceiling. A ScaledObject is
paused at a number by KEDA's own annotation; its HorizontalPodAutoscaler is KEDA's, and never touched.

What an autoscaler is set to is recorded before it is held, together with what it is held at. So each value that is
found later is either ours, and gives way to what was recorded, or somebody's, and is what comes back. A value that
somebody sets to just what it is held at cannot be told apart, and gives way too.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Final

from lastgood.decide import facts, steps, world

SCALED_OBJECT: Final = "ScaledObject"
DISABLED: Final = "Disabled"
"""The select policy by which a HorizontalPodAutoscaler does not scale in that direction."""
MAX: Final = "Max"
"""The select policy that the API server fills in."""
REMEMBERED: Final = 2
"""What it was held at before counts too: between the record and the act it is still set to that. Where it is not set to
that, an operator that led before may yet set it: its request may be on the way."""


def known(entries: Iterable[facts.Entry]) -> facts.Autoscaler | None:
    """Return the autoscaler that is on record for a workload, of several switches that disagree the one noted last.

    They disagree after a death between two writes, and when a request of an operator that led before arrives late:
    what that noted was already old. Of the same age, a switch that holds at zero says more than those whose workload
    was coming back when it was engaged. What takes another's hold for a wish was noted without knowing of that.
    """
    recorded = [(each.autoscaler, each.ceiling) for each in entries if each.autoscaler is not None]
    holds = {bounds for scaler, _ in recorded for bounds in scaler.held}

    def rank(each: tuple[facts.Autoscaler, int]) -> tuple[bool, int, bool, int]:
        scaler, ceiling = each
        a_hold = any(_over(scaler.before, bounds) == scaler.before for bounds in holds)
        return not a_hold, scaler.revision, ceiling == 0, len(scaler.held)

    return max(recorded, key=rank, default=(None, 0))[0]


def at_zero(scaler: world.Autoscaler) -> facts.Bounds | None:
    """Return what keeps an autoscaler from starting a killed workload; None where nothing needs to be done."""
    if scaler.elsewhere:
        return None
    if scaler.kind == SCALED_OBJECT:
        return facts.Bounds(paused_replicas=0)
    if scaler.min_replicas > 0 and not scaler.scaled_to_zero:
        return None
    return facts.Bounds(min_replicas=0, scale_up=DISABLED)


def at(scaler: world.Autoscaler, ceiling: int) -> facts.Bounds | None:
    """Return what keeps a workload in probation at its ceiling; None for one that scales something else."""
    if scaler.elsewhere:
        return None
    if scaler.kind == SCALED_OBJECT:
        return facts.Bounds(paused_replicas=ceiling)
    return facts.Bounds(min_replicas=ceiling, max_replicas=ceiling)


def noted(
    scaler: world.Autoscaler, recorded: facts.Autoscaler | None, hold: facts.Bounds | None
) -> facts.Autoscaler:
    """Return what has to be on record before an autoscaler is held as `hold` says; None holds nothing new."""
    held = recorded.held if recorded is not None and _is_of(recorded, scaler) else ()
    if hold is not None:
        newest = _over(held[0], hold) if held else hold
        if not held or held[0] != newest:
            other = [each for each in held if _over(newest, each) != newest]  # of the rest it says all
            seen = [] if _is_older(scaler, recorded) else other
            set_to = [each for each in seen if _over(scaler.bounds, each) == scaler.bounds]
            held = (newest, *(set_to or other))[:REMEMBERED]
    before = 0 if recorded is None or recorded.uid != scaler.uid else recorded.revision
    revision = max(_revision(scaler), before)
    found = facts.Autoscaler(scaler.kind, scaler.name, wanted(scaler, recorded), scaler.uid, held, revision)
    same = recorded is not None and dataclasses.replace(found, revision=recorded.revision) == recorded
    return recorded if recorded is not None and same else found


def noted_at_zero(scaler: world.Autoscaler | None) -> facts.Autoscaler | None:
    """Return what is recorded of an autoscaler together with the kill."""
    return None if scaler is None else noted(scaler, None, at_zero(scaler))


def noted_again(
    scaler: world.Autoscaler | None, entry: facts.Entry, entries: Iterable[facts.Entry]
) -> facts.Autoscaler | None:
    """Return what is recorded together with a kill of what is held already: of what comes back, how to hold it again.

    What is at zero is held at zero, and is not observed again. `entries` are all that hold the workload: what one of
    them has the autoscaler set to is no wish to the others.
    """
    bounds = None if scaler is None else at_zero(scaler)
    if scaler is None or bounds is None or entry.ceiling == 0:
        return entry.autoscaler
    return noted(scaler, known(entries), bounds)


def wanted(scaler: world.Autoscaler, recorded: facts.Autoscaler | None) -> facts.Bounds:
    """Return what people want an autoscaler to be set to: what it is, but for what was set to hold it.

    Where it could not be read, and is taken for what a watch has told of it, it may be what it was before the note.
    """
    if recorded is None or not _is_of(recorded, scaler):
        return scaler.bounds
    if _is_older(scaler, recorded):
        return recorded.before
    found, before = scaler.bounds, recorded.before
    ours = {
        name: getattr(before, name)
        for name, value in _set(found).items()
        if any(getattr(held, name) == value for held in recorded.held)
    }
    return dataclasses.replace(found, **ours)


def hold(
    scaler: world.Autoscaler | None, recorded: facts.Autoscaler | None, bounds: facts.Bounds | None
) -> tuple[steps.Step, ...]:
    """Return the step that holds an autoscaler; none where it is held, or while that is not on record (rule F2).

    One that was given another workload meanwhile is given back at once: it must not keep that from being scaled.
    """
    if scaler is not None and scaler.elsewhere:
        return give_back(scaler, recorded)
    if scaler is None or bounds is None or recorded != noted(scaler, recorded, bounds):
        return ()
    goal = _over(scaler.bounds, recorded.held[0])
    return () if goal == scaler.bounds else (steps.SetAutoscaler(scaler, goal),)


def give_back(scaler: world.Autoscaler | None, recorded: facts.Autoscaler | None) -> tuple[steps.Step, ...]:
    """Return the step that sets an autoscaler to what people want; none where it is set to that."""
    if scaler is None or recorded is None or wanted(scaler, recorded) == scaler.bounds:
        return ()
    goal = wanted(scaler, recorded)
    if goal.scale_up is None and scaler.others_behavior:
        goal = dataclasses.replace(
            goal, scale_up=MAX
        )  # the behavior is somebody's by now: only the policy was ours
    return () if goal == scaler.bounds else (steps.SetAutoscaler(scaler, goal),)


def returns_to(replicas: int, scaler: world.Autoscaler | None, recorded: facts.Autoscaler | None) -> int:
    """Return how many replicas come back: those of before, or as many as the autoscaler lets there be by now."""
    if scaler is None or scaler.elsewhere:
        return replicas
    goal = wanted(scaler, recorded)
    return min(most for most in (replicas, goal.max_replicas, goal.paused_replicas) if most is not None)


def starts_by_itself(scaler: world.Autoscaler | None, recorded: facts.Autoscaler | None) -> bool:
    """Whether an autoscaler, once it is given back, may start a workload that is at zero."""
    if scaler is None or scaler.elsewhere:
        return False
    goal = wanted(scaler, recorded)
    if scaler.kind == SCALED_OBJECT:
        return goal.paused_replicas != 0
    return goal.min_replicas == 0 or scaler.scaled_to_zero


def to_note(
    entries: Sequence[facts.Entry], scaler: world.Autoscaler | None, bounds: facts.Bounds | None
) -> facts.Autoscaler | None:
    """Return what has to be recorded in every entry before an autoscaler is held; None when it is there."""
    if scaler is None or bounds is None:
        return None
    recorded = noted(scaler, known(entries), bounds)
    return None if all(entry.autoscaler == recorded for entry in entries) else recorded


def _is_of(recorded: facts.Autoscaler, scaler: world.Autoscaler) -> bool:
    """Whether a record is of this autoscaler, and not of one that was there before it under the same name.

    One that was restored from a backup together with the switch has another uid, and is held as it was.
    """
    same = (recorded.kind, recorded.name) == (scaler.kind, scaler.name)
    if not same or recorded.uid == scaler.uid:
        return same
    return any(_over(scaler.bounds, held) == scaler.bounds for held in recorded.held)


def _is_older(scaler: world.Autoscaler, recorded: facts.Autoscaler | None) -> bool:
    """Whether what is seen of an autoscaler was so before something else was noted of it."""
    return recorded is not None and recorded.uid == scaler.uid and 0 < _revision(scaler) < recorded.revision


def _revision(scaler: world.Autoscaler) -> int:
    return int(scaler.resource_version) if scaler.resource_version.isdigit() else 0


def _over(bounds: facts.Bounds, held: facts.Bounds) -> facts.Bounds:
    """Lay what is held over what is set."""
    return dataclasses.replace(bounds, **_set(held))


def _set(bounds: facts.Bounds) -> dict[str, Any]:
    """Return what of bounds is not left out, by field."""
    found = ((each.name, getattr(bounds, each.name)) for each in dataclasses.fields(bounds))
    return {name: value for name, value in found if value is not None}
