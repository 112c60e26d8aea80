"""The conditions of a model: observations in Kubernetes' form, one small function each.

`True` is said only of what was verified; on the way there a condition is `Unknown`, so that `kubectl wait` returns when
a thing is done and not when it was decided.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lastgood.api.base import Condition, ConditionStatus
from lastgood.api.modeldeployment_status import KillSwitchStatus, ThresholdStatus
from lastgood.decide import leftovers, traffic, world
from lastgood.decide.decision import CONTESTED, Decision, Phase
from lastgood.decide.rules import kill as kill_rules
from lastgood.decide.view import View
from lastgood.judge import blindness
from lastgood.report import fallbacks, kills, sentences, versions
from lastgood.report.rollbacks import Rollback

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN

MOST_NAMED: Final = 5
_NO_WORD = re.compile(r"[^A-Za-z0-9_,:/-]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a condition says, before it is known since when."""

    status: ConditionStatus
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Observed:
    """All that the conditions are derived from."""

    view: View
    decision: Decision
    message: str
    """The decision's sentence, stable in time."""
    thresholds: tuple[ThresholdStatus, ...]
    kill: KillSwitchStatus
    rollback: Rollback | None


def written(
    findings: Mapping[str, Finding],
    *,
    generation: int,
    now: datetime,
    previous: Mapping[str, Condition],
    others: Sequence[Condition] = (),
) -> tuple[Condition, ...]:
    """Give each finding its times; conditions of other writers (`others`) stay as they are, after ours."""
    own = tuple(
        _condition(kind, finding, generation=generation, now=now, earlier=previous.get(kind))
        for kind, finding in findings.items()
    )
    return (*own, *(condition for condition in others if condition.type not in findings))


def _condition(
    kind: str, finding: Finding, *, generation: int, now: datetime, earlier: Condition | None
) -> Condition:
    same = earlier is not None and earlier.status is finding.status
    return Condition(
        type=kind,
        status=finding.status,
        observed_generation=generation,
        last_transition_time=earlier.last_transition_time if same and earlier else now,
        reason=_NO_WORD.sub("", finding.reason)[:128] or "Observed",
        message=finding.message,
    )


def find(observed: Observed) -> dict[str, Finding]:
    """Return what every condition of a model says, in the order in which they are listed."""
    return {kind: say(observed) for kind, say in CONDITIONS.items()}


def _ready(observed: Observed) -> Finding:
    """Say whether the version asked for serves, or what is missing."""
    decision, view = observed.decision, observed.view
    reason = decision.reason or decision.phase.value
    if decision.phase is Phase.IDLE:
        return Finding(TRUE, "Idle", observed.message)
    serves = traffic.served_by(view)
    if serves is not None:
        return Finding(FALSE, "Fallback", f"{serves} serves in its place; {observed.message}")
    if decision.phase not in (Phase.SERVING, Phase.BAKING):
        return Finding(FALSE, reason, observed.message)
    obstacle = traffic.obstacle(view)
    if obstacle is not None and obstacle.reason == traffic.SHARES_SELECTOR:
        return Finding(FALSE, obstacle.reason, obstacle.message)
    refused = versions.wanted_but_bad(view)
    if refused is not None:
        return Finding(
            FALSE,
            "WantedVersionBad",
            f"{_of_active(view)} serves: {refused.version} is wanted and Bad ({refused.verdict.reason}); give it a "
            f"new definition, or set spec.version to another",
        )
    return Finding(TRUE, reason, observed.message)


def _of_active(view: View) -> str:
    return "what runs" if view.active is None else view.active.version


def _monitored(observed: Observed) -> Finding:
    status, reason, message = sentences.of_thresholds(observed.view, observed.thresholds)
    return Finding(ConditionStatus(status), reason, message)


def _progressing(observed: Observed) -> Finding:
    view, workload, current = observed.view, observed.view.workload, observed.view.facts.current
    if workload is None:
        return Finding(FALSE, "NoWorkload", f"there is no Deployment {view.model.workload_name}")
    if view.engaged or workload.replicas == 0:
        return Finding(FALSE, "AtZero", f"Deployment {workload.name} is at zero replicas")
    if current is not None and workload.digest != current.digest:
        return Finding(TRUE, "SwitchingVersion", f"{workload.name} is about to be given {current.version}")
    version = "what it was given" if current is None else current.version
    if earlier := [pod for pod in workload.pods if pod.digest != workload.digest]:
        message = leftovers.told(view) or f"pods of earlier versions make way for those of {version}"
        if all(pod.terminating for pod in earlier):
            message += f", which is judged after the end of {world.named(earlier)}"
        return Finding(TRUE, "ReplacingPods", message)
    if not workload.complete:
        paused = "; the Deployment is paused: unpause it" if workload.paused else ""
        return Finding(TRUE, "WaitingForPods", f"not every pod of {version} is available{paused}")
    return Finding(FALSE, "Settled", f"every pod runs {version} and is available")


def _rolled_back(observed: Observed) -> Finding:
    rollback, current = observed.rollback, observed.view.facts.current
    if rollback is None or not rollback.stands or current is None:
        return Finding(FALSE, "NotRolledBack", "what runs now was not reached by a rollback")
    status = rollback.status
    way = f"from {status.from_} to {status.to}"
    because = f": {status.reason}" if status.reason else ""
    if not rollback.done:
        return Finding(UNKNOWN, "RollingBack", f"going back {way}{because}")
    if versions.is_wanted(observed.view, current):
        return Finding(FALSE, "WantedVersionServes", f"went back {way}{because}; {status.to} is wanted since")
    spec = observed.view.model.spec
    follows = spec.follow and spec.version is None
    way_out = (
        "put another version on the workload"
        if follows
        else f"give {status.from_} a new definition, or set spec.version to {status.to}"
    )
    took = "" if status.duration_seconds is None else f" in {status.duration_seconds:g} s"
    return Finding(
        TRUE,
        "RolledBack",
        f"went back {way}{took}{because}; {way_out}",
    )


def _kill_switch_engaged(observed: Observed) -> Finding:
    view, kill = observed.view, observed.kill
    if not view.engaged:
        if view.holding:
            return Finding(FALSE, "Released", "released; see the condition Recovering")
        return Finding(FALSE, "NotEngaged", "no kill switch selects this model")
    held_by, because = _held_by(view)
    if observed.decision.reason == CONTESTED:
        return Finding(UNKNOWN, CONTESTED, f"{held_by} engaged{because}; {observed.message}")
    if not_held := kill_rules.not_held(view):
        return Finding(UNKNOWN, kill_rules.NOT_HELD, f"{held_by} engaged{because}; {not_held}")
    if kills.is_off(view, observed.decision):
        took = (
            "" if kill.time_to_zero is None else f", {kill.time_to_zero.total_seconds():g} s after the switch"
        )
        return Finding(
            TRUE,
            "NoPodsLeft",
            f"no pod of the model is left{took}; held by {held_by}{because} until every one is released",
        )
    waiting = f"; {kill_rules.waiting_for(view)}" if view.pods else ""
    if observed.decision.refused:
        waiting = f"; {observed.decision.refused}"
    return Finding(UNKNOWN, "Stopping", f"{held_by} engaged{because}{waiting}")


def _held_by(view: View) -> tuple[str, str]:
    """Name the switches that hold a model, and why: each with its own reason, or one that is the same for all."""
    reasons = {switch.name: switch.reason for switch in sorted(view.engaged, key=lambda each: each.name)}
    named = [f"{name} ({why})" if why else name for name, why in reasons.items()]
    common = set(reasons.values())
    if len(common) == 1:
        named = list(reasons)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    because = f" ({why})" if len(common) == 1 and (why := common.pop()) else ""
    return f"KillSwitch {', '.join(named[:MOST_NAMED])}{more}", because


def _degraded(observed: Observed) -> Finding:
    if observed.decision.degraded:
        return Finding(TRUE, observed.decision.degraded, observed.message)
    if observed.view.blinded and not observed.view.engaged:
        return Finding(TRUE, blindness.REASON, sentences.MASS_BLINDNESS)
    told = fallbacks.told(observed.view)
    if told is not None:
        return Finding(TRUE, told.reason, told.message)
    return Finding(FALSE, "NotDegraded", "everything that is asked of the operator is done or under way")


def _recovering(observed: Observed) -> Finding:
    view = observed.view
    if view.engaged or not view.holding:
        return Finding(FALSE, "NotRecovering", "the model is not on its way back from a kill")
    return Finding(TRUE, observed.decision.reason or observed.decision.phase.value, observed.message)


def _suspended(observed: Observed) -> Finding:
    if observed.view.model.spec.suspend:
        return Finding(
            TRUE,
            "Suspended",
            "judged and reported, no automatic rollback, kill or rollout; set spec.suspend to false to end this",
        )
    return Finding(FALSE, "NotSuspended", "spec.suspend is false")


def _contested(observed: Observed) -> Finding:
    if observed.decision.contested:
        return Finding(TRUE, "ChangedByOthers", observed.decision.contested)
    return Finding(FALSE, "NotContested", "nobody changes what was decided")


CONDITIONS: Final[Mapping[str, Callable[[Observed], Finding]]] = {
    "Ready": _ready,
    "Monitored": _monitored,
    "Progressing": _progressing,
    "RolledBack": _rolled_back,
    "KillSwitchEngaged": _kill_switch_engaged,
    "Degraded": _degraded,
    "Recovering": _recovering,
    "Suspended": _suspended,
    "Contested": _contested,
}
