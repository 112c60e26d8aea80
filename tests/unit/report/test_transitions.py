"""Which events a change of status makes, and that nothing else makes any."""

import dataclasses
from typing import Any

from lastgood.api.thresholds import Verdict
from lastgood.decide.decision import Decision, Phase
from lastgood.judge.verdict import Reason
from lastgood.kube import resources
from lastgood.report.events import NOTE_LENGTH, event
from lastgood.report.transitions import Notice, transitions
from tests.unit.report import building
from tests.unit.report.building import report

SERVING: dict[str, Any] = {"state": "Serving"}


def reasons(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [notice.reason for notice in transitions(before, after)]


def test_the_same_status_is_silent() -> None:
    status = report(building.rolling_back(arrived=True))
    assert transitions(status, status) == ()


def test_a_first_report_tells_the_state_and_no_old_stories() -> None:
    assert reasons({}, report(building.baking())) == ["Baking"]
    assert reasons({}, report(building.rolling_back(arrived=True))) == ["RolledBack"]


def test_a_breach_and_its_end_are_told_with_what_was_seen() -> None:
    before = report(building.baking())
    breach = building.judged(
        Verdict.BREACH, Reason.ABOVE_MAX, "0.5 is above the maximum 0.02", onBreach="Alert"
    )
    after = report(dataclasses.replace(building.baking(), judged=(breach,)), before)
    assert transitions(before, after) == (
        Notice("ThresholdBreached", "error-ratio of 1.5.0: 0.5 is above the maximum 0.02", warning=True),
    )
    assert reasons(after, before) == ["ThresholdCleared"]


def test_pending_is_no_event() -> None:
    before = report(building.baking())
    pending = building.judged(Verdict.PENDING, Reason.ABOVE_MAX, "0.5 is above the maximum 0.02")
    assert reasons(before, report(dataclasses.replace(building.baking(), judged=(pending,)), before)) == []


def test_a_rollback_is_told_when_it_begins_and_when_it_is_done() -> None:
    before = report(building.baking())
    going = report(building.rolling_back(arrived=False), before)
    there = report(building.rolling_back(arrived=True), going)
    assert transitions(before, going) == (
        Notice(
            "RollingBack",
            "from 1.5.0 to 1.4.0: threshold error-ratio: 0.5 is above the maximum 0.02",
            warning=True,
        ),
        Notice("VersionBad", "1.5.0: ThresholdBreached", warning=True),
    )
    assert transitions(going, there) == (Notice("RolledBack", "went back from 1.5.0 to 1.4.0 in 9.25 s"),)


def test_a_kill_is_told_when_engaged_when_verified_and_when_released() -> None:
    stopping = report(building.killed(left=2), SERVING)
    killed = report(building.killed(left=0, now=4), stopping)
    released = report(building.recovering(), killed)
    assert reasons(SERVING, stopping)[:1] == ["KillSwitchEngaged"]
    assert reasons(stopping, killed) == ["KillVerified"]
    assert "4 s after the switch" in transitions(stopping, killed)[0].note
    assert reasons(killed, released)[:2] == ["KillSwitchReleased", "Probation"]


def test_contested_degraded_and_blind_are_told_when_they_begin_and_end() -> None:
    calm = report(building.baking())
    decision = Decision(Phase.BAKING, "Baking", degraded="Held", contested="kubectl-scale scaled it to 3")
    blind = building.judged(Verdict.BLIND, Reason.UNREACHABLE, "no answer")
    stormy = report(dataclasses.replace(building.baking(), judged=(blind,)), calm, decision=decision)
    assert reasons(calm, stormy) == ["Degraded", "Contested", "NotMonitored"]
    assert reasons(stormy, calm) == ["NoLongerDegraded", "NoLongerContested", "Monitored"]


def test_statuses_of_any_shape_are_compared_without_failing() -> None:
    broken: dict[str, Any]
    for broken in ({"conditions": 7}, {"thresholds": [None, {}]}, {"versions": "x", "killSwitch": None}):
        assert transitions(broken, broken) == ()
        assert transitions(broken, report(building.baking()))


def test_a_note_fits_what_the_api_server_takes_in_bytes() -> None:
    written = event(
        Notice("Held", "ü" * 2000, warning=True),
        resource=resources.MODEL_DEPLOYMENTS,
        namespace="ml",
        name="fraud",
        uid="u",
        instance="lastgood-0",
        now=building.NOON,
    )
    assert len(written["note"].encode()) <= NOTE_LENGTH
    assert written["note"].endswith("ü…")
    assert written["type"] == "Warning"
