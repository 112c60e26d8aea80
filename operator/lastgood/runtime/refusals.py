"""What the API server does not let be done: told of, and tried again (rules B1, K4).

A policy that freezes changes, a webhook that is down, a right that is missing: what was decided stands, and is tried
until it can be done. Until then the model is not what its status said before, so people are told what was to be done,
and what the API server answers to it.

An autoscaler is waited for by no kill: that scales to zero whether or not the autoscaler could be held (rule K1), and
what that starts is undone (rule K5). All else that comes after an autoscaler, as a start at the ceiling, does wait.
"""

import dataclasses
import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lastgood.decide import steps
from lastgood.decide.decision import Decision
from lastgood.kube import errors

AUTOSCALER: Final = "AutoscalerNotSet"
REFUSED: Final = "RequestRefused"
UNANSWERED: Final = "RequestFailed"
LASTING: Final = 5
"""A failure that may pass by itself is told of when it came this often in a row, over three seconds: the API server
does not answer, or its interlock refuses a raise, which is at first only lag."""
FIRST_RETRY: Final = timedelta(seconds=0.2)
LONGEST_RETRY: Final = timedelta(seconds=5)
_VARIES: Final = re.compile(r"[\w.:+-]*\d[\w.:+-]*")
"""A number, a time, an identifier: a word with a digit in it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the API server said, when, and how often in a row."""

    message: str
    at: datetime
    times: int = 1


def noted(
    known: Refusal | None, step: steps.SetAutoscaler, error: errors.ClusterError, now: datetime
) -> Refusal | None:
    """Take note of one more refusal in a row; an autoscaler that has changed meanwhile is only observed again."""
    if isinstance(error, errors.Conflict | errors.NotFound):
        return known
    scaler = step.autoscaler
    before = "" if known is None else known.message
    message = said(before, f"{scaler.kind} {scaler.name} cannot be set, and is tried again: {error}")
    return Refusal(message, now, times=1 if known is None else known.times + 1)


def level(error: errors.ClusterError) -> int:
    """Return how loudly a refusal is logged."""
    return logging.DEBUG if isinstance(error, errors.Conflict | errors.NotFound) else logging.WARNING


def may_follow(decision: Decision) -> bool:
    """Whether what follows an autoscaler that was refused is done all the same: only scaling to zero is."""
    return any(isinstance(step, steps.Scale) and step.replicas == 0 for step in decision.steps)


def wait_before(decision: Decision, known: Refusal | None, now: datetime) -> timedelta | None:
    """Return how long a decision waits for an autoscaler that was refused; None for not at all."""
    if known is None or not _sets(decision) or may_follow(decision):
        return None
    pause = min(FIRST_RETRY * 2 ** min(known.times - 1, 10), LONGEST_RETRY)
    left = known.at + pause - now
    return (
        left if timedelta(0) < left <= pause else None
    )  # a clock that was set back makes nothing wait longer


def told(decision: Decision, known: Refusal | None) -> Decision:
    """Return the decision with what people have to know of a refusal."""
    if known is None or not _sets(decision):
        return decision
    message = f"{decision.message}; {known.message}" if decision.message else known.message
    if decision.refused:  # the greater trouble names the reason, and both are told
        return dataclasses.replace(decision, message=message)
    return dataclasses.replace(decision, reason=AUTOSCALER, message=message, degraded=AUTOSCALER)


def is_told(error: errors.ClusterError, times: int) -> bool:
    """Whether people are told of a request that failed so often in a row; what may pass by itself has to last."""
    return times >= LASTING or (
        isinstance(error, errors.Forbidden | errors.Invalid) and not isinstance(error, errors.Held)
    )


def level_of(error: errors.ClusterError, times: int) -> int:
    """Return how loudly a failed request is logged: once when it begins, and once when it lasts."""
    if times == LASTING:
        return logging.WARNING
    if times > LASTING:
        return logging.DEBUG
    return logging.INFO if isinstance(error, errors.Held) or times > 1 else logging.WARNING


def said(known: str, text: str) -> str:
    """Return what is told of a refusal: what was told before, where only numbers and identifiers are others.

    A webhook that puts a request's id into its answer makes no status of each try.
    """
    return known if _VARIES.sub("", known) == _VARIES.sub("", text) else text


def not_done(decision: Decision, error: errors.ClusterError, said: str) -> Decision:
    """Return what is told of a decision that cannot be recorded, or carried out, for now."""
    reason = UNANSWERED if isinstance(error, errors.Unavailable) else REFUSED
    return dataclasses.replace(
        decision, degraded=reason, refused=f"this is not done yet, and is tried again: {said}"
    )


def _sets(decision: Decision) -> bool:
    return any(isinstance(step, steps.SetAutoscaler) for step in decision.steps)
