"""What happened between two reports of a model, as the few notices that a person would want to read. Pure.

Notices come from the difference of two statuses and from nothing else, so an evaluation that changes nothing is silent,
and a restart of the operator repeats none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lastgood.api.modeldeployment_status import State
from lastgood.judge import blindness

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """One event to come."""

    reason: str
    """In CamelCase."""
    note: str
    warning: bool = False


KILLED: Final = (State.STOPPING, State.KILLED)
TOLD_ELSEWHERE: Final = (*KILLED, State.ROLLED_BACK)
"""States whose beginning is told in more detail by the notices of kills and rollbacks."""
WORRYING: Final = (State.HELD, State.INVALID)


def transitions(before: Status, after: Status) -> tuple[Notice, ...]:
    """Return the notices of what changed from one status to the next, in the order in which they are to be read."""
    return tuple(notice for tell in TOLD for notice in tell(before, after))


def _thresholds(before: Status, after: Status) -> Iterator[Notice]:
    earlier = {
        (t["name"], t["version"]): t["verdict"] for t in _items(before, "thresholds", "version", "verdict")
    }
    for item in _items(after, "thresholds", "version", "verdict"):
        old, new = earlier.get((item["name"], item["version"])), item["verdict"]
        subject = f"{item['name']} of {item['version']}"
        if new == "Breach" and old != new:
            yield Notice("ThresholdBreached", f"{subject}: {item.get('message', 'in breach')}", warning=True)
        if old == "Breach" and new == "OK":
            yield Notice("ThresholdCleared", f"{subject} is OK again")


def _kill(before: Status, after: Status) -> Iterator[Notice]:
    old, new = _condition(before, "KillSwitchEngaged"), _condition(after, "KillSwitchEngaged")
    was, now = old.get("status", "False"), new.get("status", "False")
    engaged = (after.get("killSwitch") or {}).get("reason") or "no reason was given"
    if was == "False" and now != "False":
        held_by = ", ".join((after.get("killSwitch") or {}).get("switches") or ())
        yield Notice("KillSwitchEngaged", f"KillSwitch {held_by}: {engaged}", warning=True)
    if now == "True" and was != now:
        yield Notice("KillVerified", str(new.get("message", "")), warning=True)
    if was != "False" and now == "False":
        yield Notice("KillSwitchReleased", str(new.get("message", "")))


def _rollback(before: Status, after: Status) -> Iterator[Notice]:
    old, new = before.get("lastRollback") or {}, after.get("lastRollback") or {}
    way = f"from {new.get('from')} to {new.get('to')}"
    # A status that was lost says nothing about when the latest rollback was.
    if before and new.get("at") != old.get("at") and new:
        yield Notice("RollingBack", f"{way}: {new.get('reason', 'it is Bad')}", warning=True)
    seconds = new.get("durationSeconds")
    if seconds is not None and (old.get("durationSeconds") is None or new.get("at") != old.get("at")):
        yield Notice("RolledBack", f"went back {way} in {seconds:g} s")


def _versions(before: Status, after: Status) -> Iterator[Notice]:
    if not before:
        return
    earlier = {item["name"]: item["verdict"] for item in _items(before, "versions", "verdict")}
    for item in _items(after, "versions", "verdict"):
        name, verdict = item["name"], item["verdict"]
        if verdict != earlier.get(name) and verdict in ("Good", "Bad"):
            yield Notice(
                f"Version{verdict}", f"{name}: {item.get('reason', verdict)}", warning=verdict == "Bad"
            )


def _requests(before: Status, after: Status) -> Iterator[Notice]:
    if not before:
        return
    earlier = {each.get("request"): each.get("at") for each in before.get("requests") or ()}
    for each in after.get("requests") or ():
        if each.get("at") != earlier.get(each.get("request")):
            asked = f"{each.get('request')}={each.get('value')} by {each.get('by', 'somebody')}"
            outcome = str(each.get("outcome"))
            yield Notice(f"Request{outcome}", f"{asked}: {each.get('message')}", warning=outcome == "Refused")


def _state(before: Status, after: Status) -> Iterator[Notice]:
    old, new = _condition(before, "Ready"), _condition(after, "Ready")
    state = after.get("state")
    changed = state != before.get("state")
    if not changed and old.get("reason") == new.get("reason"):
        return
    if state in TOLD_ELSEWHERE and before:
        return
    reason = str(state) if changed else str(new.get("reason"))
    yield Notice(reason, str(new.get("message", "")), warning=state in WORRYING or state in TOLD_ELSEWHERE)


def _turned(kind: str, on: str, off: str, *, bad: str, silent: tuple[str, ...] = ()) -> "Tell":
    """Tell when a condition turns to the status that is bad news, and when it turns from it."""

    def tell(before: Status, after: Status) -> Iterator[Notice]:
        old, new = _condition(before, kind), _condition(after, kind)
        was, now = old.get("status"), new.get("status")
        message = str(new.get("message", ""))
        if (
            now == bad
            and (was != bad or old.get("reason") != new.get("reason"))
            and new["reason"] not in silent
        ):
            yield Notice(on, f"{new['reason']}: {message}", warning=True)
        if was == bad and now in ("True", "False") and now != bad and old.get("reason") not in silent:
            yield Notice(off, message)

    return tell


_monitored = _turned("Monitored", "NotMonitored", "Monitored", bad="False", silent=("NoThresholds",))


def _monitored_by_itself(before: Status, after: Status) -> Iterator[Notice]:
    """J8: that most models on a Prometheus are Blind is told once for all of them; which are left Blind, afterwards."""
    was, now = (_condition(each, "Degraded").get("reason") == blindness.REASON for each in (before, after))
    if not was and not now:
        yield from _monitored(before, after)
    elif not now:
        yield from _monitored({}, after)


Tell = Callable[[Status, Status], Iterator[Notice]]

TOLD: Final[tuple[Tell, ...]] = (
    _thresholds,
    _kill,
    _rollback,
    _versions,
    _requests,
    _state,
    _turned("Degraded", "Degraded", "NoLongerDegraded", bad="True", silent=(blindness.REASON,)),
    _turned("Contested", "Contested", "NoLongerContested", bad="True"),
    _monitored_by_itself,
)


def _items(status: Status, field: str, *needed: str) -> Iterator[Mapping[str, Any]]:
    found = status.get(field)
    for item in found if isinstance(found, list) else ():
        if isinstance(item, Mapping) and all(key in item for key in ("name", *needed)):
            yield item


def _condition(status: Status, kind: str) -> Mapping[str, Any]:
    found = status.get("conditions")
    for item in found if isinstance(found, list) else ():
        if isinstance(item, Mapping) and item.get("type") == kind:
            return item
    return {}
