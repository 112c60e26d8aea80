"""The latest rollback, from the activations that were recorded for it, and how long it took."""

from dataclasses import dataclass
from datetime import timedelta

from lastgood.api.modeldeployment_status import RollbackStatus
from lastgood.decide import facts
from lastgood.decide.facts import Worth
from lastgood.decide.view import View
from lastgood.report.previous import Previous


@dataclass(frozen=True, slots=True)
class Rollback:
    """The latest rollback and how far it is."""

    status: RollbackStatus
    stands: bool
    """Whether nothing was switched to since."""
    done: bool
    """Whether the version returned to was once available, and alone."""


def latest(view: View, previous: Previous) -> Rollback | None:
    """Return the latest rollback, or None when there never was one that is still on record."""
    found = [(a, c) for c in view.facts.checkpoints for a in c.activations if a.why.goes_back]
    if not found:
        return None
    activation, checkpoint = max(found, key=lambda pair: pair[0].at)
    stands = activation == view.facts.last_activation
    reported = previous.last_rollback.at == activation.at
    seconds = previous.last_rollback.duration_seconds if reported else None
    before = previous.conditions.get("RolledBack")
    was_done = reported and (seconds is not None or (before is not None and before.status != "Unknown"))
    arrived = stands and _arrived(view, checkpoint)
    # Seconds are measured only where the end was seen to come: after a lost status nobody knows when it was.
    if arrived and not was_done and previous.known:
        taken = max(view.now - activation.at, timedelta(0))
        seconds = round(taken.total_seconds(), 3)
    status = RollbackStatus(
        from_=activation.came_from,
        to=checkpoint.version,
        reason=_reason(view, activation) or None,
        at=activation.at,
        duration_seconds=seconds,
    )
    return Rollback(status, stands=stands, done=was_done or arrived or not stands)


def _arrived(view: View, target: facts.Checkpoint) -> bool:
    workload = view.workload
    return workload is not None and workload.digest == target.digest and workload.settled


def _reason(view: View, activation: facts.Activation) -> str:
    """Say what spoke against the version that was left: of several of that name, the one condemned last before."""
    condemned = [
        c.verdict
        for c in view.facts.checkpoints
        if c.version == activation.came_from and c.verdict.worth is Worth.BAD
    ]
    verdict = max(condemned, key=lambda v: (v.since <= activation.at, v.since), default=None)
    if verdict is None:
        return ""
    return str((verdict.evidence or {}).get("message") or verdict.reason)
