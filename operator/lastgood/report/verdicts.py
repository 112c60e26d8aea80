"""The verdict of each threshold on the version that runs, as it was when the verdict changed.

Live values are metrics: a status that carried them would be written at every evaluation, for every model. Why there is
no verdict is told anew when it is another reason by its words; numbers and ids in it are no other reason.
"""

import re
from collections.abc import Mapping
from typing import Final

from lastgood.api.modeldeployment_status import ThresholdStatus
from lastgood.decide.view import Judged, View
from lastgood.judge.verdict import Reason
from lastgood.report.previous import Previous

STABLE: Final = frozenset({Reason.WARMING_UP, Reason.NOT_RUNNING})
"""Reasons whose message changes only when the world does: it is shown as it is now."""

_HTTP_STATUS: Final = re.compile(r"(?<=answered )\d{3}\b|(?<=refuses the query \()\d{3}\b")
_VARIES: Final = re.compile(r"\S*\d\S*")
"""A word with a digit in it: a value, how long something took, the id of a request, a moment."""


def thresholds(view: View, previous: Previous, *, rested: bool = True) -> tuple[ThresholdStatus, ...]:
    """Return one entry for each threshold that was judged on the version that runs.

    `rested` is whether the status was left alone for a while. Only then is another cause of the same verdict told: a
    Prometheus that fails by turns in one way and another would else make a status of each turn, for every model.
    """
    version = view.active
    if version is None:
        return ()
    return tuple(_one(view, judged, version.version, previous, rested=rested) for judged in view.judged)


def _one(view: View, judged: Judged, version: str, previous: Previous, *, rested: bool) -> ThresholdStatus:
    judgement, name = judged.judgement, judged.threshold.name
    reason = judgement.reason.value or None
    earlier = previous.thresholds.get((name, version))
    same_verdict = earlier is not None and earlier.verdict is judgement.verdict
    now = ThresholdStatus(
        name=name,
        version=version,
        verdict=judgement.verdict,
        reason=reason,
        value=judgement.value,
        since=earlier.since if same_verdict and earlier and earlier.since else view.now,
        message=judgement.message or None,
    )
    # A new generation may have changed the limits that the message speaks of.
    same_spec = previous.generation == view.model.generation
    if earlier is None or not same_verdict or earlier.reason != reason or not same_spec:
        return now
    if judgement.reason in STABLE or earlier.since is None:
        return now
    if rested and gist(now.message or "") != gist(earlier.message or ""):
        return earlier.model_copy(update={"message": now.message})
    return earlier


def gist(message: str) -> tuple[tuple[str, ...], str]:
    """Return what a sentence says without what varies in it: its HTTP status and its plain words."""
    return tuple(_HTTP_STATUS.findall(message)), " ".join(_VARIES.sub(" ", message).split())


def without_live_values(text: str, judged: tuple[Judged, ...], reported: tuple[ThresholdStatus, ...]) -> str:
    """Return a sentence in which what thresholds say now is replaced by what they said when their verdict changed."""
    kept: Mapping[str, ThresholdStatus] = {item.name: item for item in reported}
    for one in judged:
        live, item = one.judgement.message, kept.get(one.threshold.name)
        if live:
            said = one.judgement.reason.value if item is None else item.message
            text = text.replace(live, said or one.judgement.verdict.value)
    return text
