"""How often to undo what others do against a recorded decision (semantics.md, K5, O6)."""

import dataclasses
from datetime import datetime, timedelta
from typing import Final

from lastgood.api import durations, names
from lastgood.decide import steps, world
from lastgood.decide.decision import CONTESTED, Decision, Phase
from lastgood.decide.facts import Worth
from lastgood.decide.view import View
from lastgood.kube import errors
from lastgood.runtime import blame
from lastgood.runtime.memory import Memory, Undone

AT_ONCE: Final = 10
"""Scale-ups of a killed model are undone at once this many times, then once a second for ever (rule K5)."""
QUIET: Final = timedelta(minutes=1)
"""After this long without any, undoing starts over."""
TEMPLATE_TRIES: Final = 5
"""A template is put back this many times from 1 s doubling, then every `TEMPLATE_EVERY` (rule O6)."""
TEMPLATE_EVERY: Final = timedelta(minutes=5)
COUNTS: Final = tuple(digit * 10**power for power in range(9) for digit in (1, 2, 5))
"""How often is told in these numbers."""
OFTEN: Final = 3
"""From this many times on, what is told of the model rests until the quiet returns."""
UNGUARDED: Final = "Unguarded"
"""Reason of what is told while something runs that somebody has put there, and that is not put back yet."""
WORKLOAD: Final = "workload"
TRAFFIC: Final = "traffic"
"""What may be contested apart from each other."""
NONE_LEFT: Final = "scale to 0"
AFTER_CONFLICTS: Final = 1.0
LONGEST_RETRY: Final = 5.0
"""Seconds. Only models with something to do ask the API server, so that a long pause would spare it little."""


def wait_before(decision: Decision, memory: Memory, now: datetime) -> timedelta | None:
    """Return how long the steps of a decision have to wait, because the same was done before; None for not at all."""
    # A kill does not wait for its traffic.
    pacing = [step for step in decision.steps if _subject(step) != TRAFFIC] or decision.steps
    for step in pacing:
        known = memory.undone.get(_subject(step))
        if known is not None and known.at is not None and _again(step, known):
            pause = _pause(step, known)
            left = known.at + pause - now
            # A clock that was set back makes nothing wait longer than its pause, least of all a kill.
            return left if timedelta(0) < left <= pause else None
    return None


def _pause(step: steps.Step, known: Undone) -> timedelta:
    if known.refused:
        return retry_in(known.refused)
    if isinstance(step, steps.SwitchTemplate):
        return _template_pause(known.times)
    return timedelta(0) if known.times < AT_ONCE else timedelta(seconds=1)


def note(step: steps.Step, memory: Memory, now: datetime) -> None:
    """Take note of a step that was taken: whether it was taken before, somebody else has undone it since."""
    what = _what(step)
    if not what:
        return
    known = memory.undone.setdefault(_subject(step), Undone())
    again = _again(step, known) and not known.refused
    known.times = (1 if _is_over(known, now) else known.times + 1) if again else 0
    known.by = (_doer(step, known) or known.by) if again else ""
    known.seen = _writer(step)
    known.what, known.at, known.decided_at, known.refused = what, now, _decided_at(step), 0
    known.pause = _pause(step, known)


def note_refusal(step: steps.Step, memory: Memory, now: datetime) -> None:
    """Take note of a step that the API server did not let be taken; the next try waits longer each time."""
    known = memory.undone.setdefault(_subject(step), Undone())
    known.what, known.at, known.refused = _what(step), now, known.refused + 1


def _again(step: steps.Step, known: Undone) -> bool:
    return _what(step) == known.what and _decided_at(step) == known.decided_at


def _decided_at(step: steps.Step) -> datetime | None:
    return step.decided_at if isinstance(step, steps.SwitchTemplate) else None


def _is_over(known: Undone, now: datetime) -> bool:
    # A clock that was set back makes nobody contest for longer than that, either.
    return known.at is None or abs(now - known.at) > QUIET + known.pause


def _subject(step: steps.Step) -> str:
    return TRAFFIC if isinstance(step, steps.SwitchTraffic) else WORKLOAD


def _what(step: steps.Step) -> str:
    match step:
        case steps.Scale():
            return f"scale to {step.replicas}"
        case steps.SwitchTemplate():
            return f"{step.why} to {step.version}"
        case steps.SwitchTraffic():
            return f"traffic to {step.to}"
        case _:
            return ""


def _doer(step: steps.Step, known: Undone) -> str:
    match step:
        case steps.Scale():
            # Through `scale` no owner is kept: one who wrote before our own step has not undone it.
            named = step.workload.scaled_by not in ("", names.FIELD_MANAGER)
            return step.workload.scaled_by if named and _writer(step) != known.seen else ""
        case steps.SwitchTemplate():
            changers = blame.changers(
                step.workload.managed, live=step.workload.template, wanted=step.template
            )
            return ", ".join(changers)
        case steps.SwitchTraffic():
            return step.service.selected_by
        case _:
            return ""


def _writer(step: steps.Step) -> tuple[str, datetime | None]:
    return (step.workload.scaled_by, step.workload.scaled_at) if isinstance(step, steps.Scale) else ("", None)


def calm(decision: Decision, memory: Memory, now: datetime) -> Decision:
    """Return what is told of a killed model: while it is scaled up again and again, one thing and not two by turns.

    That no pod is left may be true at this moment; it is not what a person should rely on.
    """
    killed, known = decision.phase in (Phase.KILLED, Phase.STOPPING), memory.undone.get(WORKLOAD, Undone())
    if not killed or known.times < OFTEN or _is_over(known, now):
        return decision
    message = "it is scaled up again and again, and scaled to zero each time; see the condition Contested"
    return dataclasses.replace(decision, phase=Phase.STOPPING, reason=CONTESTED, message=message)


def resting(decision: Decision, view: View, memory: Memory, now: datetime) -> Decision:
    """Return what is told while a template is put back no more than every `TEMPLATE_EVERY` (rules O4, O6).

    What runs until then is not what was decided, so that nothing judges it and no breach of it is acted on.
    """
    step = next((each for each in decision.steps if isinstance(each, steps.SwitchTemplate)), None)
    known = memory.undone.get(WORKLOAD, Undone())
    if step is None or known.at is None or known.times < TEMPLATE_TRIES or known.refused:
        return decision
    if wait_before(decision, memory, now) is None:
        return decision
    workload, again_at = step.workload, known.at + TEMPLATE_EVERY
    who = _doer(step, known) or known.by or "somebody"
    message = (
        f"{workload.name} runs {_what_runs(workload, view)}, put there by {who}, which is neither judged nor guarded; "
        f"the template of {step.version} is put back every {durations.canonical(TEMPLATE_EVERY)} by now, next at "
        f"{again_at:%H:%M:%S} UTC: stop what writes the other{_way_out(known.what)}"
    )
    phase = decision.phase if decision.phase is Phase.PROBATION else Phase.HELD
    return dataclasses.replace(decision, phase=phase, reason=UNGUARDED, message=message, degraded=UNGUARDED)


def _what_runs(workload: world.Workload, view: View) -> str:
    if view.active is not None:
        bad = ", which is Bad" if view.active.verdict.worth is Worth.BAD else ""
        return f"{view.active.version}{bad}"
    containers = (workload.template.get("spec") or {}).get("containers") or []
    return "a template with image " + ", ".join(str(each.get("image")) for each in containers)


def contested(memory: Memory, now: datetime, *, scaler: str = "") -> str:
    """Return who undoes what was decided, and how often, in one sentence; empty when nobody does.

    Who scaled by the scale subresource, as `kubectl scale` does, is recorded nowhere: the API server keeps no field
    manager for it (measured on 1.36). The count is rounded down, so that somebody who scales up once a second does not
    make a status of each.
    """
    told, ways_out = [], []
    for known in memory.undone.values():
        if known.times > 0 and not _is_over(known, now):
            count = max(step for step in COUNTS if step <= known.times)
            often = {1: "once", 2: "twice"}.get(count, f"at least {count} times")
            targeted = f" ({scaler} scales it too)" if scaler and known.what.startswith("scale") else ""
            who = known.by or f"somebody{targeted}"
            told.append(f"{who} has undone it {often} ({known.what})")
            ways_out.append(_way_out(known.what))
    return f"{'; '.join(told)}: stop what writes it{''.join(ways_out)}" if told else ""


def _way_out(undone: str) -> str:
    """Return how to have by asking what somebody takes by force."""
    if undone == NONE_LEFT:
        return "; to start it, release every switch that holds it, or resume it where it waits for that"
    if undone.startswith("scale"):
        return "; the other replicas return when its probation is over"
    if undone.startswith("traffic"):
        return "; its Service is the model's own again when the kill is over"
    return (
        "; another version is asked for in spec.version of the ModelDeployment, and defined in spec.versions"
    )


def _template_pause(undone: int) -> timedelta:
    return TEMPLATE_EVERY if undone >= TEMPLATE_TRIES else timedelta(seconds=2**undone)


def retry_in(failures: int, error: errors.ClusterError | None = None) -> timedelta:
    """Return how long to wait after failures in a row: from 0.2 s doubling to `LONGEST_RETRY` seconds.

    Who changes again and again what we are about to write makes nothing wait longer than `AFTER_CONFLICTS`.
    """
    longest = AFTER_CONFLICTS if isinstance(error, errors.Conflict) else LONGEST_RETRY
    return timedelta(seconds=min(0.2 * 2 ** min(failures - 1, 10), longest))
