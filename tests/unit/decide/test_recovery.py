"""Coming back after a release: when, with which version, on whose word (semantics.md, K2, K9, P3)."""

from collections.abc import Callable

import pytest

from lastgood.api import names
from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Phase
from lastgood.decide.view import Trouble
from tests.unit.decide.scenes import killed, model, on_its_way_back, proven, released
from tests.unit.decide.simulator import MINUTE, World, pod_template


def test_nothing_returns_while_another_switch_holds() -> None:
    made = killed()
    made.engage("second")
    made.rest()
    made.release()
    made.wait(60)

    assert made.replicas == 0
    made.release("second")
    made.wait(30)
    assert made.replicas == 4
    assert [switch.entries for switch in made.switches] == [(), ()]


def test_a_kill_in_probation_by_another_switch_starts_the_probation_anew() -> None:
    made = released()
    began = made.entry("incident")
    made.wait(5)
    made.engage("second")
    made.rest()
    assert made.replicas == 0
    made.release("second")
    made.rest()

    again = made.entry("incident")
    assert began is not None
    assert again is not None
    assert began.probation is not None
    assert again.probation is not None
    assert again.probation.since is not None
    assert began.probation.since is not None
    assert again.probation.since - began.probation.since >= 5 * MINUTE
    made.wait(9)
    assert made.replicas == 1


def test_a_manual_recovery_asks_again_after_a_second_kill_in_probation() -> None:
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "a"
    made.wait(3)
    assert made.replicas == 1
    made.engage("second")
    made.rest()
    made.release("second")
    decision = made.wait(30)

    assert (made.replicas, decision.reason) == (0, "WaitingForResume")


def test_without_a_good_version_the_one_from_before_the_kill_starts() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    released(made)

    assert (made.running, made.replicas) == ("a", 1)


def test_without_a_version_that_is_not_bad_it_stays_at_zero_until_a_person_resumes_it() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)
    made.breaches.clear()
    made.release("m")
    decision = made.wait(30)
    assert (made.replicas, decision.reason) == (0, "WaitingForResume")

    made.annotations[names.ANNOTATION_RESUME] = "a"
    made.rest()
    verdict = made.version("a").verdict
    assert made.replicas == 1
    assert (verdict.worth, verdict.reason, verdict.by) == (
        facts.Worth.UNPROVEN,
        "Resumed",
        "kubectl-annotate",
    )


def test_a_resumed_version_that_serves_may_be_gone_back_to() -> None:
    made = model(rollout={"bake": "24h"})
    made.wait(2)
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)
    made.breaches.clear()
    made.release("m")
    made.annotations[names.ANNOTATION_RESUME] = "a"
    made.wait(15)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(2)

    assert made.rollbacks == [("b", "a")]


def test_a_model_that_was_killed_before_it_was_ever_looked_at_comes_back() -> None:
    made = model()
    made.engage()
    made.rest()
    assert made.replicas == 0
    made.release()
    made.wait(30)

    assert (made.running, made.replicas) == ("a", 4)


def test_a_model_whose_checkpoints_are_deleted_in_probation_is_adopted_again_and_comes_back() -> None:
    """K9, O5, P2: found by simulated seed 60022, where it stayed in probation for ever."""
    made = released()
    made.wait(2)
    assert made.replicas == 1
    made.checkpoints.clear()
    made.wait(30)

    assert (made.running, made.replicas) == ("a", 4)
    assert made.worth("a") in ("Unproven", "Good")


def test_manual_waits_for_a_person_and_then_does_the_same() -> None:
    made = released(manual=True)
    decision = made.wait(60)
    assert (made.replicas, decision.reason) == (0, "WaitingForResume")
    assert "lastgood.dev/resume=VERSION" in decision.message

    made.annotations[names.ANNOTATION_RESUME] = "a"
    made.rest()
    assert made.replicas == 1
    made.wait(15)
    assert made.replicas == 4


def test_a_model_that_waits_for_a_person_is_held_at_zero() -> None:
    made = released(manual=True)
    made.scale(4)
    made.rest()

    assert made.replicas == 0


def test_a_version_that_is_called_bad_in_probation_gives_way_to_a_good_one() -> None:
    """R1, K9."""
    made = proven()
    made.want("b")
    made.wait(8)
    assert made.worth("b") == "Good"
    released(made)
    made.wait(1)
    assert (made.running, made.replicas) == ("b", 1)
    made.overrule("b", facts.Worth.BAD)
    made.wait(1)
    assert (made.running, made.replicas) == ("a", 1)


def test_a_version_that_is_called_bad_on_its_way_back_is_stopped_where_no_other_is_known() -> None:
    """R1, K9: it waits for a person, at zero."""
    made = released(proven())
    made.wait(1)
    assert made.replicas == 1
    made.overrule("a", facts.Worth.BAD)
    made.wait(30)
    assert made.replicas == 0
    assert "lastgood.dev/resume" in made.decide().message


def test_nothing_is_started_that_did_not_run_before_the_kill() -> None:
    made = proven()
    made.scale(0)
    decision = released(made).wait(5)

    assert (made.replicas, decision.phase) == (0, Phase.IDLE)
    assert made.entry("incident") is None


def test_a_paused_deployment_is_unpaused_when_another_version_starts() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    killed(made)
    made.paused = True
    made.release()
    made.rest()

    assert (made.running, made.paused, made.pods_template) == ("a", False, None)


def test_a_model_that_is_not_understood_waits_and_says_why() -> None:
    made = killed()
    made.trouble = Trouble("NotImplemented", "not yet")
    made.release()
    decision = made.wait(5)

    assert (made.replicas, decision.reason) == (0, "NotImplemented")


def test_a_workload_that_is_gone_is_waited_for() -> None:
    made = killed()
    made.release()
    made.present = False
    assert made.wait(2).reason == "WorkloadNotFound"
    made.trouble = Trouble("WorkloadNotFound", "there is no Deployment m; create it")
    said = made.wait(2)
    assert (said.reason, said.degraded) == ("WorkloadNotFound", "WorkloadNotFound")
    assert "create it with replicas: 0" in said.message, "the API server refuses to create it with more"
    made.present, made.trouble = True, None
    made.wait(30)

    assert made.replicas == 4


def test_a_template_changed_while_the_model_was_off_is_put_back_before_it_starts() -> None:
    made = killed()
    made.template = pod_template("img:evil")
    made.release()
    made.rest()
    switched = [i for i, each in enumerate(made.log) if isinstance(each, steps.SwitchTemplate)]
    scaled = [i for i, each in enumerate(made.log) if isinstance(each, steps.Scale)]

    assert made.running == "a"
    assert switched[0] < scaled[0]


def test_only_people_release() -> None:
    made = killed()
    made.wait(600)

    assert made.done(records.ReleaseSwitch) == []
    assert made.replicas == 0


def test_a_start_that_only_one_of_two_switches_was_told_of_goes_on_after_a_crash() -> None:
    made = killed(manual=True)
    made.engage("second")
    made.rest()
    made.release()
    made.release("second")
    made.rest()
    made.annotations[names.ANNOTATION_RESUME] = "a"
    decision = made.round(only=1)
    assert [type(each) for each in decision.records] == [records.SetEntries, records.SetEntries]
    made.crash()
    made.wait(3)

    assert (made.replicas, made.annotations) == (1, {})
    assert made.entry("incident") == made.entry("second")


@pytest.mark.parametrize("came_back", [released, on_its_way_back])
def test_a_kill_that_only_its_own_switch_could_record_is_followed_by_a_probation(
    came_back: Callable[[World], World],
) -> None:
    """K9: also where it is released before the first switch, which is further, takes the record."""
    made = came_back(proven())
    made.engage("second")
    refused = made.switch("incident")
    for _ in range(5):
        made.round()
        made.put_switch(refused)
        made.now += MINUTE
    assert made.replicas == 0
    made.release("second")
    made.rest()

    assert made.replicas == 1
    for switch in ("incident", "second"):
        entry = made.entry(switch)
        assert entry is not None
        assert entry.probation == facts.Probation(since=made.now, round=1)


def test_a_model_that_waits_after_a_kill_that_only_its_own_switch_recorded_is_held_whoever_scales_it_up() -> (
    None
):
    """K9: by what the first switch had on record it would come back at once with all replicas, asked by nobody."""
    made = on_its_way_back(proven())
    made.spec["killSwitch"] = {"recovery": {"restart": "Manual"}}
    before = made.switch("incident")
    made.engage("second")
    made.rest()
    made.put_switch(before)
    made.release("second")
    made.rest()
    made.replicas = 1
    made.wait(30)

    assert made.replicas == 0
    assert made.decide().reason == "WaitingForResume"
