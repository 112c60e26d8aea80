"""Autoscalers that the API server does not let be set: told of, tried again, and waited for by no kill.

A kill scales to zero whether or not the autoscaler could be held (rule K1): what that starts is undone (rule K5). All
else that comes after an autoscaler, as a start at the ceiling, does wait for it.
"""

import dataclasses
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lastgood.decide import steps
from lastgood.decide.decision import Decision
from lastgood.kube import errors

REASON: Final = "AutoscalerNotSet"
FIRST_RETRY: Final = timedelta(seconds=0.2)
LONGEST_RETRY: Final = timedelta(seconds=5)


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
    message = f"{scaler.kind} {scaler.name} cannot be set, and is tried again: {error}"
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
    return dataclasses.replace(decision, reason=REASON, message=message, degraded=REASON)


def _sets(decision: Decision) -> bool:
    return any(isinstance(step, steps.SetAutoscaler) for step in decision.steps)
