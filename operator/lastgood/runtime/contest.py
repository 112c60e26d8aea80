"""How often to undo what others do against a recorded decision (semantics.md, K5, O6)."""

import dataclasses
from datetime import datetime, timedelta
from typing import Final

from lastgood.api import names
from lastgood.decide import steps
from lastgood.decide.decision import CONTESTED, Decision, Phase
from lastgood.runtime import blame
from lastgood.runtime.memory import Memory

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
LONGEST_RETRY: Final = 5.0
"""Seconds. Only models with something to do ask the API server, so that a long pause would spare it little."""


def wait_before(decision: Decision, memory: Memory, now: datetime) -> timedelta | None:
    """Return how long the steps of a decision have to wait, because the same was done before; None for not at all."""
    repeated = [step for step in decision.steps if _again(step, memory)]
    if not repeated or memory.undone_at is None:
        return None
    if isinstance(repeated[0], steps.Scale):
        pause = timedelta(0) if memory.undone < AT_ONCE else timedelta(seconds=1)
    else:
        pause = _template_pause(memory.undone)
    left = memory.undone_at + pause - now
    return left if left > timedelta(0) else None


def note(step: steps.Step, memory: Memory, now: datetime) -> None:
    """Take note of a step that was taken: whether it was taken before, somebody else has undone it since."""
    what = _what(step)
    if not what:
        return
    quiet = memory.undone_at is None or now - memory.undone_at > QUIET + _template_pause(memory.undone)
    again = _again(step, memory)
    memory.undone = (1 if quiet else memory.undone + 1) if again else 0
    memory.undone_by = (_doer(step, memory) or memory.undone_by) if again else ""
    memory.undone_seen = _writer(step)
    memory.undone_what, memory.undone_at, memory.undone_decision = what, now, _decided_at(step)


def _again(step: steps.Step, memory: Memory) -> bool:
    return _what(step) == memory.undone_what and _decided_at(step) == memory.undone_decision


def _decided_at(step: steps.Step) -> datetime | None:
    return step.decided_at if isinstance(step, steps.SwitchTemplate) else None


def _what(step: steps.Step) -> str:
    match step:
        case steps.Scale():
            return f"scale to {step.replicas}"
        case steps.SwitchTemplate():
            return f"{step.why} to {step.version}"
        case _:
            return ""


def _doer(step: steps.Step, memory: Memory) -> str:
    match step:
        case steps.Scale():
            # Through `scale` no owner is kept: one who wrote before our own step has not undone it.
            known = step.workload.scaled_by not in ("", names.FIELD_MANAGER)
            return step.workload.scaled_by if known and _writer(step) != memory.undone_seen else ""
        case steps.SwitchTemplate():
            changers = blame.changers(
                step.workload.managed, live=step.workload.template, wanted=step.template
            )
            return ", ".join(changers)
        case _:
            return ""


def _writer(step: steps.Step) -> tuple[str, datetime | None]:
    return (step.workload.scaled_by, step.workload.scaled_at) if isinstance(step, steps.Scale) else ("", None)


def calm(decision: Decision, memory: Memory, now: datetime) -> Decision:
    """Return what is told of a killed model: while it is scaled up again and again, one thing and not two by turns.

    That no pod is left may be true at this moment; it is not what a person should rely on.
    """
    killed = decision.phase in (Phase.KILLED, Phase.STOPPING)
    if not killed or memory.undone < OFTEN or not contested(memory, now):
        return decision
    message = "it is scaled up again and again, and scaled to zero each time; see the condition Contested"
    return dataclasses.replace(decision, phase=Phase.STOPPING, reason=CONTESTED, message=message)


def contested(memory: Memory, now: datetime, *, scaler: str = "") -> str:
    """Return who undoes what was decided, and how often, in one sentence; empty when nobody does.

    Who scaled by the scale subresource, as `kubectl scale` does, is recorded nowhere: the API server keeps no field
    manager for it (measured on 1.36). The count is rounded down, so that somebody who scales up once a second does not
    make a status of each.
    """
    if memory.undone == 0 or memory.undone_at is None:
        return ""
    if now - memory.undone_at > QUIET + _template_pause(memory.undone):
        return ""
    count = max(step for step in COUNTS if step <= memory.undone)
    often = {1: "once", 2: "twice"}.get(count, f"at least {count} times")
    targeted = f" ({scaler} scales it too)" if scaler and memory.undone_what.startswith("scale") else ""
    who = memory.undone_by or f"somebody{targeted}"
    return f"{who} has undone it {often} ({memory.undone_what}): stop what writes it, or ask the model for it"


def _template_pause(undone: int) -> timedelta:
    return TEMPLATE_EVERY if undone >= TEMPLATE_TRIES else timedelta(seconds=2**undone)


def retry_in(failures: int) -> timedelta:
    """Return how long to wait after failures in a row: from 0.2 s doubling to `LONGEST_RETRY` seconds."""
    return timedelta(seconds=min(0.2 * 2 ** min(failures - 1, 10), LONGEST_RETRY))
