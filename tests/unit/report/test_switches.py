"""The status of a kill switch: what it holds, and that only what was counted to zero is called verified."""

from typing import Any

from lastgood.api.killswitch import ClusterKillSwitchStatus, KillSwitchStatus
from lastgood.decide.facts import Cause, Entry, Switch
from lastgood.report import ways_out
from lastgood.report.switches import Target, summarize_cluster_switch, summarize_switch, targets
from tests.unit.report.building import NOON, after, brief, condition

SWITCH = Switch(
    name="pii-leak",
    engaged=True,
    cause=Cause.PERSON,
    workloads=("batch",),
    entries=(Entry("fraud", "fraud", replicas=4, ceiling=0),),
)


def told(
    found: tuple[Target, ...], *, engaged: bool = True, previous: Any = None, now: float = 0
) -> dict[str, Any]:
    status = summarize_switch(
        engaged=engaged, reason="PII", generation=2, targets=found, now=after(now), previous=previous
    )
    KillSwitchStatus.model_validate(status)
    return status


def test_targets_are_what_is_held_selected_and_named() -> None:
    assert targets(SWITCH, models={"churn": "churn-server"}, pods={"fraud": 2, "batch": 0}) == (
        Target("batch", "", 0),
        Target("churn-server", "churn", None),
        Target("fraud", "fraud", 2),
    )


def test_pods_that_are_left_make_it_unknown() -> None:
    status = told((Target("batch", "", 0), Target("fraud", "fraud", 2)))
    assert status["targets"] == [
        {"workload": "batch", "podsRemaining": 0},
        {"workload": "fraud", "model": "fraud", "podsRemaining": 2},
    ]
    assert brief(status, "Engaged") == "True/Engaged"
    assert brief(status, "Verified") == "Unknown/Stopping"
    assert condition(status, "Verified")["message"] == "pods are left of fraud"


def test_what_nobody_counted_is_not_verified() -> None:
    assert brief(told((Target("batch"),)), "Verified") == "Unknown/NotCounted"


def test_a_switch_that_selects_nothing_is_not_verified() -> None:
    assert brief(told(()), "Verified") == "Unknown/NothingSelected"


def test_no_pod_of_any_target_is_verified() -> None:
    assert brief(told((Target("batch", "", 0), Target("fraud", "fraud", 0))), "Verified") == "True/NoPodsLeft"


def test_a_released_switch_says_what_is_still_on_its_way_back() -> None:
    assert brief(told((Target("fraud", "fraud", 2),), engaged=False), "Engaged") == "False/Recovering"
    assert brief(told((), engaged=False), "Engaged") == "False/Released"


def test_times_stay_while_nothing_changes() -> None:
    first = told((Target("fraud", "fraud", 0),))
    assert told((Target("fraud", "fraud", 0),), previous=first, now=900) == first
    changed = told((Target("fraud", "fraud", 1),), previous=first, now=900)
    assert condition(changed, "Verified")["lastTransitionTime"] == "2026-11-22T12:15:00.000000Z"
    assert condition(changed, "Engaged")["lastTransitionTime"] == "2026-11-22T12:00:00.000000Z"


def test_a_cluster_switch_names_namespaces() -> None:
    found = [Target(f"w{n}", f"m{n}", 1, namespace="ml") for n in range(7)]
    status = summarize_cluster_switch(
        engaged=True, reason="", generation=1, targets=found, now=NOON, previous={"conditions": "broken"}
    )
    ClusterKillSwitchStatus.model_validate(status)
    assert condition(status, "Verified")["message"].endswith("ml/w4 and 2 more")
    assert status["targets"][0] == {"workload": "w0", "model": "m0", "podsRemaining": 1, "namespace": "ml"}


def test_a_cluster_switch_that_nobody_sees_whole_says_the_same_whoever_writes_it() -> None:
    """F2, K4: what one operator counts to zero is not all that there is."""
    found = Target("w", "m", 0, namespace="ml")
    for engaged, told in ((True, "True/Engaged"), (False, "False/Released")):
        of_one, of_another = (
            summarize_cluster_switch(
                engaged=engaged,
                reason="PII",
                generation=1,
                targets=targets,
                missing=missing,
                refused=refused,
                now=NOON,
                previous=None,
                not_seen=ways_out.not_seen("pii"),
            )
            for targets, missing, refused in (((found,), (), ""), ((), ("lab",), "somebody may not"))
        )
        ClusterKillSwitchStatus.model_validate(of_one)
        assert of_one == of_another
        assert (brief(of_one, "Engaged"), brief(of_one, "Verified")) == (told, "Unknown/NotAllSeen")
        for kind in ("Engaged", "Verified"):
            assert "KillSwitch cluster-pii in each" in condition(of_one, kind)["message"]
