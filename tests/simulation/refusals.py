"""What the operator says in place of acting, and whether it is true of the world: an account of its own of each reason.

A refusal counts only where it may: what limits automatic rollbacks limits no kill, and nothing but its owner's
`suspend` and the blast radius keeps a kill from happening (rules J9, J11, R5).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from lastgood.api import names
from lastgood.api.thresholds import Verdict
from lastgood.decide.decision import Decision
from lastgood.decide.view import View
from tests.simulation import evidence, virtual_time
from tests.simulation.objects import Object, value_at
from tests.simulation.scene import INTERVAL
from tests.simulation.sight import Sight, worth


@dataclass(frozen=True, slots=True)
class Said:
    """What the operator tells people of a model: reasons of conditions, and which thresholds it says are breached."""

    reasons: frozenset[str]
    breached: frozenset[str]
    contested: bool
    text: str = ""


Excuses = Mapping[str, Callable[[Sight, datetime], bool]]
"""Reasons that count, each with the question whether it is true of what is seen at a time."""
LATE: Final = timedelta(seconds=INTERVAL)
NOTHING: Final = Said(frozenset(), frozenset(), contested=False)


def by_decision(view: View, decision: Decision) -> Said:
    """Return what would be told of a decision."""
    breached = (each.threshold.name for each in view.judged if each.judgement.verdict is Verdict.BREACH)
    reasons = frozenset({decision.reason, decision.degraded} - {""})
    text = f"{decision.reason}: {decision.message}"
    return Said(reasons, frozenset(breached), contested=bool(decision.contested), text=text)


def by_status(model: Object | None) -> Said:
    """Return what is told on a model itself."""
    conditions: Iterable[Any] = value_at(model, "status", "conditions") or ()
    thresholds: Iterable[Any] = value_at(model, "status", "thresholds") or ()
    return Said(
        frozenset(each["reason"] for each in conditions),
        frozenset(each["name"] for each in thresholds if each["verdict"] == Verdict.BREACH),
        contested=any(each["type"] == "Contested" and each["status"] == "True" for each in conditions),
        text=str([(each["type"], each["status"], each["reason"]) for each in conditions]),
    )


def hold(said: Said, excuses: Excuses, seen: Sight, *, ahead: timedelta) -> bool:
    """Whether one of the reasons that are told is one that counts, and is true; or was, when it was looked at last.

    A cooldown ends by the clock of the process that tells of it, which is `ahead` of the true time.
    """
    now = virtual_time.true_time()
    times = [moment - late for moment in (now, now + ahead) for late in (timedelta(0), LATE)]
    return any(
        reason in excuses and any(excuses[reason](seen, at) for at in times) for reason in said.reasons
    )


def _is_suspended(seen: Sight, now: datetime) -> bool:
    return bool(seen.asks.get("suspend"))


def _is_limited(seen: Sight, now: datetime) -> bool:
    """Whether R5 forbids the rollback to one of the versions that could be gone back to."""
    return any(not evidence.may_roll_back(seen, each, now) for each in _candidates(seen))


def _has_nowhere_to_go(seen: Sight, now: datetime) -> bool:
    return not evidence.kills_without_a_version(seen) and not _served_once(seen)


def _is_without_fallback(seen: Sight, now: datetime) -> bool:
    """Whether a fallback was to stand in: what is wrong with it is told, and nothing is done."""
    return bool(seen.asks.get("fallback")) and not _served_once(seen)


def _served_once(seen: Sight) -> bool:
    return any(_served(each) for each in _candidates(seen))


def _is_overruled(seen: Sight, now: datetime) -> bool:
    current = seen.current
    return current is not None and current["spec"]["verdict"].get("by") != names.FIELD_MANAGER


def _candidates(seen: Sight) -> list[Object]:
    """Return the other versions that have run and are not Bad."""
    current = seen.current
    own = "" if current is None else current["metadata"]["name"]
    return [
        each
        for each in seen.checkpoints
        if each["metadata"]["name"] != own and worth(each) != "Bad" and each["spec"].get("activations")
    ]


def _served(checkpoint: Object) -> bool:
    return worth(checkpoint) == "Good" or checkpoint["spec"]["verdict"]["reason"] == "Served"


OF_KILLS: Final[Excuses] = {"Suspended": _is_suspended}
"""Why a model whose Kill threshold breaches is not killed; its blast radius is never reached by so few models."""
OF_ROLLBACKS: Final[Excuses] = {
    "Suspended": _is_suspended,
    "Cooldown": _is_limited,
    "BudgetSpent": _is_limited,
    "PingPong": _is_limited,
    "NoGoodVersion": _has_nowhere_to_go,
    "Overruled": _is_overruled,
    "FallbackNotFound": _is_without_fallback,
    "FallbackNotReady": _is_without_fallback,
    "FallbackSharesSelector": _is_without_fallback,
    "ServiceNotFound": _is_without_fallback,
}
"""Why a version that should be left runs on."""
