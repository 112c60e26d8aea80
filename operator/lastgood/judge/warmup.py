"""From which moment a version is judged, and how far back a query may look (semantics.md, J7).

After a switch, a restart or a start from zero the pods change under the queries: what they measure is the coming and
going of pods, not the version. So nothing counts until only available pods of the new template are left and the
warm-up has passed, and `$window` never reaches back before that moment. A pod that crashes later is the version's own
doing: it starts no new warm-up, or a version that keeps crashing would never be judged.

What is remembered between two looks is lost with the process and found again from what the API server keeps.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lastgood.api import thresholds
from lastgood.decide import facts, world

SECOND: Final = timedelta(seconds=1)
"""Kubernetes cuts times to whole seconds: what it dates at a second happened within it. Also the shortest window."""


@dataclass(frozen=True, slots=True)
class Settling:
    """How far one model's pods have come since its last start."""

    started_at: datetime | None
    """The switch or the start of a probation that this belongs to; None before the first."""
    template: facts.Template | None
    """The template seen then: a change of any part of it, also by `kubectl rollout restart`, makes new pods."""
    settled_at: datetime | None
    """Since when only available pods of the template are left; None while that is not so yet."""
    workload_uid: str = ""
    """Whose pods they are: one that was deleted and created again has only new ones, also with the same template."""


def settle(
    earlier: Settling | None,
    *,
    workload: world.Workload | None,
    current: facts.Checkpoint | None,
    probation_since: datetime | None,
    now: datetime,
) -> Settling:
    """Return what is known of the settling now; `earlier` is None for the first look of this process.

    `current` is the version switched to last; until the workload has its template, nothing settles.
    """
    started_at = _latest(_activated_at(current), probation_since, earlier.started_at if earlier else None)
    if workload is None or workload.replicas == 0 or current is None or workload.digest != current.digest:
        return Settling(started_at, None, None)
    known = None
    same = (
        earlier is not None and earlier.template == workload.template and earlier.workload_uid == workload.uid
    )
    if earlier is not None and earlier.started_at == started_at and same:
        known = earlier.settled_at
    if earlier is not None:
        known = known or (now if workload.settled else None)
    elif workload.settled or _was_settled(workload, current):
        known = _settled_before(workload, started_at=started_at, now=now)
    return Settling(started_at, workload.template, known, workload.uid)


def _was_settled(workload: world.Workload, current: facts.Checkpoint) -> bool:
    """Whether only some pods are missing of a version that was available: it may crash as this process starts."""
    alone = all(pod.digest == workload.digest for pod in workload.pods)
    return current.served and alone and any(pod.ready for pod in workload.pods)


def _settled_before(workload: world.Workload, *, started_at: datetime | None, now: datetime) -> datetime:
    """Return since when a workload is settled that was so before this process looked; at the latest `now`.

    A process may start from a list that lags behind, with pods that are long gone: where there are too many, none of
    them says since when those of now are available.
    """
    if sum(not pod.terminating for pod in workload.pods) > workload.replicas:
        return now
    ready = [pod.ready_since + SECOND for pod in workload.pods if pod.ready_since is not None]
    if workload.progressed_at is None:
        # Without the Deployment's own word, only the last pod tells that all were available.
        found = _latest(started_at, max(ready, default=now))
    else:
        found = _latest(started_at, workload.progressed_at + SECOND, min(ready, default=None))
    return now if found is None else min(found, now)


def has_begun_anew(before: Settling | None, now: Settling) -> bool:
    """Return whether what was judged of pods that had settled `before` is about pods that are gone by now."""
    return before is not None and before.settled_at is not None and now.settled_at != before.settled_at


def counting_from(threshold: thresholds.ResolvedThreshold, *, settling: Settling) -> datetime | None:
    """Return the moment from which samples count for a threshold, or None while pods are being replaced."""
    return None if settling.settled_at is None else settling.settled_at + threshold.warmup


def window_for(
    threshold: thresholds.ResolvedThreshold, *, settling: Settling, now: datetime
) -> timedelta | None:
    """Return what `$window` becomes, in whole seconds, so that no earlier sample is inside.

    None while the version still warms up. Shorter than the threshold's own window means: it is still filling.
    """
    begins = counting_from(threshold, settling=settling)
    if begins is None or now - begins < SECOND:
        return None
    return min(threshold.window, timedelta(seconds=(now - begins) // SECOND))


def _activated_at(current: facts.Checkpoint | None) -> datetime | None:
    last = None if current is None else current.last_activation
    return None if last is None else last.at


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
