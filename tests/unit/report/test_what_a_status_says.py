"""Each state of a model in one status: the word, the conditions, the blocks."""

import dataclasses
from datetime import timedelta

import pytest

from lastgood.api.thresholds import Verdict
from lastgood.decide import facts
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.facts import Why, Worth
from lastgood.decide.view import Trouble
from lastgood.judge.verdict import Reason
from tests.unit.report import building
from tests.unit.report.building import NEW, OLD, brief, condition, report


def test_a_version_that_bakes_is_ready_and_says_when_it_will_be_good() -> None:
    status = report(building.baking())
    assert (status["state"], status["activeVersion"], status["desiredVersion"]) == ("Baking", NEW, NEW)
    assert status["lastGoodVersion"] == OLD
    assert brief(status, "Ready") == "True/Baking"
    assert condition(status, "Ready")["message"] == (
        "1.5.0 serves and bakes: it is Good once every acting threshold was OK for 30s"
    )
    assert brief(status, "Monitored") == "True/AllEvaluated"
    assert brief(status, "Progressing") == "False/Settled"


def test_every_condition_is_there_with_the_generation_it_speaks_of() -> None:
    status = report(building.baking())
    assert [item["type"] for item in status["conditions"]] == [
        "Ready",
        "Monitored",
        "Progressing",
        "RolledBack",
        "KillSwitchEngaged",
        "Degraded",
        "Recovering",
        "Suspended",
        "Contested",
    ]
    assert all(item["observedGeneration"] == 3 and item["message"] for item in status["conditions"])


def test_versions_are_listed_ones_then_saved_ones_with_their_verdicts() -> None:
    adopted = building.saved("adopted-0f", Worth.GOOD, switched=[(-9000, Why.ADOPTED, None)])
    seen = building.baking()
    seen = building.view(
        checkpoints=[*seen.facts.checkpoints, adopted], runs=seen.workload, judgements=seen.judged
    )
    status = report(seen)
    assert [(item["name"], item["verdict"], item["reason"]) for item in status["versions"]] == [
        (OLD, "Good", "Baked"),
        (NEW, "Unproven", "Served"),
        ("adopted-0f", "Good", "Served"),
    ]
    assert all("checkpoint" in item and "since" in item for item in status["versions"])


def test_the_same_definition_under_another_name_has_the_same_verdict() -> None:
    spec = {
        "versions": [*building.SPEC["versions"], {"name": "again", "image": "registry.example/fraud:1.4.0"}]
    }
    status = report(
        building.view(spec=spec, checkpoints=[building.good_old()], runs=building.workload(OLD)),
        decision=Decision(Phase.SERVING, "Serving", "1.4.0 serves"),
    )
    again = next(item for item in status["versions"] if item["name"] == "again")
    assert (again["verdict"], again["reason"]) == ("Good", "SameAs/1.4.0")


def test_a_listed_version_that_never_ran_is_unproven_and_since_never() -> None:
    status = report(building.view(checkpoints=[building.good_old()], runs=building.workload(OLD)))
    new = next(item for item in status["versions"] if item["name"] == NEW)
    assert new == {"name": NEW, "verdict": "Unproven", "reason": "NotRun"}


def test_a_rollback_on_its_way_is_unknown_and_once_arrived_true_with_its_seconds() -> None:
    going = report(building.rolling_back(arrived=False), {"state": "Baking"})
    assert brief(going, "RolledBack") == "Unknown/RollingBack"
    assert brief(going, "Progressing") == "True/ReplacingPods"
    assert "durationSeconds" not in going["lastRollback"]
    there = report(building.rolling_back(arrived=True), going)
    assert there["state"] == "RolledBack"
    assert there["lastRollback"] == {
        "from": NEW,
        "to": OLD,
        "reason": "threshold error-ratio: 0.5 is above the maximum 0.02",
        "at": "2026-11-22T12:00:00.000000Z",
        "durationSeconds": 9.25,
    }
    assert brief(there, "RolledBack") == "True/RolledBack"
    assert condition(there, "RolledBack")["message"] == (
        "went back from 1.5.0 to 1.4.0 in 9.25 s: threshold error-ratio: 0.5 is above the maximum 0.02; "
        "give 1.5.0 a new definition, or set spec.version to 1.4.0"
    )
    assert brief(there, "Ready") == "False/RolledBack"


def test_seconds_of_a_rollback_stay_when_a_pod_is_replaced_later() -> None:
    there = report(
        building.rolling_back(arrived=True), report(building.rolling_back(arrived=False), {"state": "x"})
    )
    unsettled = building.later(
        building.rolling_back(arrived=True), 600, workload=building.workload(OLD, complete=False)
    )
    status = report(unsettled, there)
    assert status["lastRollback"] == there["lastRollback"]
    assert brief(status, "RolledBack") == "True/RolledBack"


def test_after_a_lost_status_the_seconds_of_a_rollback_are_left_out_for_good() -> None:
    seen = building.rolling_back(arrived=True)
    first = report(seen)
    assert "durationSeconds" not in first["lastRollback"]
    unsettled = report(building.later(seen, 60, workload=building.workload(OLD, complete=False)), first)
    again = report(building.later(seen, 90), unsettled)
    assert "durationSeconds" not in again["lastRollback"]


def test_wanting_the_version_gone_back_to_ends_the_rolled_back_state() -> None:
    seen = building.rolling_back(arrived=True)
    wanted = building.view(
        now=seen.now,
        spec={"version": OLD},
        checkpoints=seen.facts.checkpoints,
        runs=seen.workload,
        judgements=seen.judged,
    )
    status = report(wanted, report(seen))
    assert (status["state"], brief(status, "RolledBack")) == ("Serving", "False/WantedVersionServes")
    assert brief(status, "Ready") == "True/Serving"


def test_a_kill_is_unknown_while_pods_are_left_and_names_them() -> None:
    status = report(building.killed(left=2), {"state": "Serving"})
    assert (status["state"], brief(status, "KillSwitchEngaged")) == ("Stopping", "Unknown/Stopping")
    assert "fraud-1.4.0-0, fraud-1.4.0-1" in condition(status, "KillSwitchEngaged")["message"]
    assert status["killSwitch"] == {
        "engaged": True,
        "by": "ana@example.com",
        "reason": "PII in completions",
        "since": "2026-11-22T12:00:00.000000Z",
        "switches": ["pii-leak"],
        "replicasBefore": 4,
        "podsRemaining": 2,
    }


def test_a_kill_is_true_once_no_pod_is_left_and_says_how_long_it_took() -> None:
    stopping = report(building.killed(left=2), {"state": "Serving"})
    status = report(building.killed(left=0, now=3.2504), stopping)
    assert (status["state"], brief(status, "KillSwitchEngaged")) == ("Killed", "True/NoPodsLeft")
    assert status["killSwitch"]["podsRemaining"] == 0
    assert status["killSwitch"]["timeToZero"] == "3.25s"
    assert brief(status, "Ready") == "False/SwitchEngaged"
    assert "kubectl get killswitches -n ml" in condition(status, "Ready")["message"]


def test_probation_is_recovering_and_no_longer_engaged() -> None:
    status = report(building.recovering())
    assert status["state"] == "Probation"
    assert brief(status, "Recovering") == "True/Probation"
    assert condition(status, "Recovering")["message"] == (
        "probation round 1 at 2 of 4 replicas: all return once every acting threshold was OK for 10m"
    )
    assert brief(status, "KillSwitchEngaged") == "False/Released"
    assert status["killSwitch"] == {"engaged": False, "replicasBefore": 4}


def test_an_invalid_model_says_why_and_a_kill_of_it_is_reported_all_the_same() -> None:
    trouble = Trouble("WorkloadNotFound", "there is no Deployment fraud; create it")
    invalid = report(building.view(trouble=trouble))
    assert (invalid["state"], brief(invalid, "Ready")) == ("Invalid", "False/WorkloadNotFound")
    assert condition(invalid, "Ready")["message"] == trouble.message
    assert "activeVersion" not in invalid
    killed = report(building.killed(left=1, trouble=trouble))
    assert brief(killed, "KillSwitchEngaged") == "Unknown/Stopping"


def test_a_wanted_version_that_is_bad_is_not_ready_though_another_serves() -> None:
    bad = building.saved(NEW, Worth.BAD, reason="Killed", switched=[(-60, Why.ROLLOUT, OLD)])
    old = building.good_old(switched=[(-3600, Why.ADOPTED, None), (-30, Why.RESTORE, NEW)])
    status = report(
        building.view(checkpoints=[old, bad], runs=building.workload(OLD), judgements=[building.judged()])
    )
    assert brief(status, "Ready") == "False/WantedVersionBad"
    assert condition(status, "Ready")["message"].startswith("1.4.0 serves: 1.5.0 is wanted and Bad (Killed)")


def test_degraded_and_contested_say_what_the_decision_says() -> None:
    decision = Decision(
        Phase.HELD,
        "NoGoodVersion",
        "nothing to go back to",
        degraded="NoGoodVersion",
        contested="hpa scaled it up",
    )
    status = report(building.baking(), decision=decision)
    assert brief(status, "Degraded") == "True/NoGoodVersion"
    assert condition(status, "Contested")["message"] == "hpa scaled it up"
    assert brief(status, "Ready") == "False/NoGoodVersion"


def test_a_suspended_model_says_so() -> None:
    status = report(building.view(spec={"suspend": True}))
    assert brief(status, "Suspended") == "True/Suspended"


def test_a_blind_threshold_makes_the_model_unmonitored_and_says_what_to_look_at() -> None:
    blind = building.judged(Verdict.BLIND, Reason.UNREACHABLE, "no answer from http://prometheus within 5 s")
    seen = building.later(building.baking(), 0, judged=(blind, building.judged(name="latency", value=0.1)))
    status = report(seen)
    assert brief(status, "Monitored") == "False/Blind"
    assert condition(status, "Monitored")["message"] == (
        "error-ratio is Blind: no answer from http://prometheus within 5 s; "
        "see that Prometheus answers and scrapes the pods"
    )


def test_what_says_itself_what_to_do_is_not_followed_by_more_of_it() -> None:
    said = "Prometheus answered something that is not Prometheus' (text/html); check prometheus.url"
    blind = building.judged(Verdict.BLIND, Reason.UNREACHABLE, said)
    status = report(building.later(building.baking(), 0, judged=(blind,)))
    assert condition(status, "Monitored")["message"] == f"error-ratio is Blind: {said}"


@pytest.mark.parametrize(
    ("second", "held_by"),
    [
        ("latency", "KillSwitch pii-leak (PII in completions), second (latency) engaged"),
        ("PII in completions", "KillSwitch pii-leak, second engaged (PII in completions)"),
        ("", "KillSwitch pii-leak (PII in completions), second engaged"),
    ],
)
def test_every_switch_that_holds_a_model_is_named_with_its_own_reason(second: str, held_by: str) -> None:
    """K2."""
    seen = building.killed(left=2)
    first = seen.facts.switches[0]
    switches = (first, dataclasses.replace(first, name="second", reason=second))
    status = report(dataclasses.replace(seen, facts=facts.Facts(seen.facts.checkpoints, switches)))
    assert condition(status, "KillSwitchEngaged")["message"].startswith(held_by)


def test_a_hold_says_what_stands_still_and_how_to_end_it() -> None:
    """J1."""
    breach = building.judged(
        Verdict.BREACH, Reason.ABOVE_MAX, "0.5 is above the maximum 0.02", value=0.5, onBreach="Hold"
    )
    runs, saved = building.workload(OLD), [building.good_old()]
    status = report(building.view(spec={"version": OLD}, checkpoints=saved, runs=runs, judgements=[breach]))
    assert condition(status, "Ready")["message"] == (
        "threshold error-ratio: 0.5 is above the maximum 0.02; what runs is left running, and no rollout or bake goes "
        "on until that is over; to leave it, annotate the model with lastgood.dev/rollback-to=VERSION, or set "
        "spec.killSwitch.engaged to true"
    )


def test_a_version_that_warms_up_is_not_called_unmonitored() -> None:
    warming = building.judged(
        Verdict.INSUFFICIENT, Reason.WARMING_UP, "warming up: it is judged from 12:02:00 UTC on"
    )
    status = report(building.later(building.baking(), 0, judged=(warming,)))
    assert brief(status, "Monitored") == "Unknown/WarmingUp"
    assert status["thresholds"][0]["reason"] == "WarmingUp"


def test_a_version_on_its_way_in_is_a_rollout() -> None:
    new = building.saved(NEW, reason=facts.CREATED, switched=[(-5, Why.ROLLOUT, OLD)])
    runs = building.workload(NEW, running=building.pods(OLD, 2), complete=False)
    status = report(building.view(checkpoints=[building.good_old(), new], runs=runs))
    assert status["rollout"] == {"version": NEW, "weight": 100, "since": "2026-11-22T11:59:55.000000Z"}
    assert (status["state"], brief(status, "Ready")) == ("RollingOut", "False/WaitingForPods")


def test_conditions_of_other_writers_are_left_alone() -> None:
    passed = {
        "type": "DrillPassed",
        "status": "True",
        "lastTransitionTime": "2026-11-01T00:00:00.000000Z",
        "reason": "Passed",
        "message": "went back in 7 s",
    }
    status = report(building.baking(), {"conditions": [passed]})
    assert condition(status, "DrillPassed") == passed


def test_a_reported_bake_that_does_not_end_names_what_is_missing_without_live_numbers() -> None:
    def waiting(seen: int) -> tuple[object, ...]:
        text = f"{seen} samples, 100 are needed"
        return (building.judged(Verdict.INSUFFICIENT, Reason.TOO_FEW_SAMPLES, text),)

    late = building.later(building.baking(), 600, judged=waiting(7), good_for=timedelta(seconds=12))
    first = report(late)
    assert brief(first, "Ready") == "True/BakeStalled"
    assert "error-ratio is Insufficient (7 samples, 100 are needed)" in condition(first, "Ready")["message"]
    assert report(building.later(late, 15, judged=waiting(9)), first) == first
