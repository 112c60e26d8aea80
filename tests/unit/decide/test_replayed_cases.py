"""Cases that went wrong elsewhere, replayed as stories.

Those that other files tell are not told again: a version that crashes or never becomes available (test_start_failures),
a Bad version applied again, going back in Git and a restart (test_rollout), nothing to go back to
(test_rollback_limits), other content of a ConfigMap (test_content), and death between record and act
(test_properties). What Prometheus has a part in is in tests/unit/runtime/test_replayed_measurements.py.
"""

from datetime import timedelta

import pytest

from lastgood.decide import steps
from lastgood.decide.decision import Phase
from lastgood.decide.view import Trouble
from tests.unit.decide.scenes import killed, proven, rolled_back
from tests.unit.decide.simulator import MINUTE, World, pod_template


def going_back() -> World:
    """A model that has recorded its rollback from `b` to `a`, and not yet carried it out."""
    made = proven()
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    while not made.rollbacks:
        made.round()
    assert made.running == "b"
    return made


def test_of_several_thresholds_the_one_that_fails_is_enough_and_is_named() -> None:
    """R1."""
    limits = [{"name": name, "query": "q", "max": 1} for name in ("errors", "latency", "drift")]
    made = proven(thresholds=limits)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "latency"))
    made.silent.add(("img:b", "drift"))
    made.wait(1)

    assert made.rollbacks == [("b", "a")]
    evidence = made.version("b").verdict.evidence
    assert evidence is not None
    assert evidence["threshold"] == "latency"


def test_after_a_bad_second_version_a_good_third_runs_and_the_second_stays_bad() -> None:
    """R4."""
    made = rolled_back()
    made.want("c")
    made.wait(8)
    assert (made.running, made.worth("c"), made.worth("b")) == ("c", "Good", "Bad")

    made.want("b")
    made.wait(30)
    assert made.running == "c"
    assert made.rollbacks == [("b", "a")]


def test_a_rollout_that_was_paused_past_its_deadline_has_the_whole_of_it_after_the_pause() -> None:
    """R6: a pause does not count."""
    made = proven(rollout={"progressDeadline": "5m"})
    made.want("b")
    made.rest()
    made.paused, made.rolling, made.pods_left = True, True, 2
    made.wait(60)
    assert made.rollbacks == []

    made.paused, made.progressed_at = False, made.now  # the Deployment controller notes the end of a pause
    made.wait(4)
    assert made.rollbacks == []
    made.wait(1)
    assert made.rollbacks == [("b", "a")]


def test_a_spec_that_is_invalid_stops_nothing_that_was_recorded_and_goes_on_once_it_is_corrected() -> None:
    """B1, B2."""
    made = going_back()
    made.trouble = Trouble(
        "ContainerNotFound", "there is no container mdoel; correct spec.workloadRef.container"
    )
    decision = made.wait(5)
    assert (decision.phase, made.running) == (Phase.INVALID, "b")
    made.trouble = None
    made.rest()

    assert made.running == "a"
    assert made.rollbacks == [("b", "a")]


def test_a_template_switch_keeps_the_replicas_that_an_autoscaler_sets_meanwhile() -> None:
    """R2: in the middle of a rollback."""
    made = going_back()
    made.scale(9)
    made.round()
    assert (made.running, made.replicas) == ("a", 9)
    made.scale(3)
    made.wait(5)

    assert (made.running, made.replicas) == ("a", 3)
    assert len(made.done(steps.SwitchTemplate)) == 2, "the rollout and the rollback"


def test_a_model_that_is_deleted_in_mid_rollback_and_created_again_goes_on_where_it_was() -> None:
    """F2, P2."""
    made = going_back()
    made.now += 60 * MINUTE
    made.uid = "uid-2"
    made.crash()
    made.wait(2)

    assert (made.running, made.worth("b")) == ("a", "Bad")
    assert made.rollbacks == [("b", "a")]
    assert len(made.checkpoints) == 2


@pytest.mark.parametrize("image", ["img:b", "img:never-seen"], ids=["bad", "unknown"])
def test_a_workload_that_is_created_again_runs_what_was_decided_and_not_what_it_came_with(image: str) -> None:
    """F2, O5: verdicts and activations outlive the workload."""
    made = rolled_back()
    made.present = False
    made.trouble = Trouble("WorkloadNotFound", "there is no Deployment m")
    made.wait(30)
    made.present, made.trouble, made.template = True, None, pod_template(image)
    made.wait(8)

    assert (made.running, made.worth("a"), made.worth("b")) == ("a", "Good", "Bad")
    assert made.rollbacks == [("b", "a")]
    assert len(made.checkpoints) == 2


def test_a_workload_that_is_created_again_while_it_is_killed_stays_at_zero_and_keeps_its_replicas() -> None:
    """K2."""
    made = killed()
    made.present = False
    made.trouble = Trouble("WorkloadNotFound", "there is no Deployment m")
    made.wait(5)
    made.present, made.trouble, made.template = True, None, pod_template("img:b")
    made.replicas = 2
    made.wait(2)
    assert made.replicas == 0
    made.release()
    made.wait(60)

    assert (made.running, made.replicas) == ("a", 4)


def test_a_prometheus_that_forgets_everything_right_after_a_rollback_condemns_nothing() -> None:
    """J5."""
    made = rolled_back()
    made.silent |= {("img:a", "errors"), ("img:a", "toxic")}
    made.wait(120)
    assert (made.running, made.worth("a"), made.replicas) == ("a", "Good", 4)
    made.silent.clear()
    made.wait(2)

    assert made.rollbacks == [("b", "a")]


def test_a_rolled_back_model_without_another_good_version_holds_until_a_better_one_is_listed() -> None:
    """R1."""
    made = rolled_back()
    made.now += timedelta(hours=2)
    made.breaches.add(("img:a", "errors"))
    decision = made.wait(30)
    assert (made.running, decision.phase) == ("a", Phase.HELD)
    made.want("c")
    made.wait(8)

    assert (made.running, made.worth("c")) == ("c", "Good")


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_new_leader_whose_clock_is_a_minute_and_a_half_off_carries_out_what_the_old_one_recorded(
    seconds: int,
) -> None:
    """F2, R5: the order of switches is that of their recording, and no cooldown ends or begins twice."""
    made = going_back()
    made.now += timedelta(seconds=seconds)
    made.crash()
    made.wait(8)
    assert made.running == "a"

    made.breaches.clear()
    made.want("c")
    made.wait(8)
    ordered = sorted((a.at, c.version) for c in made.checkpoints for a in c.activations)
    assert [version for _, version in ordered] == ["a", "b", "a", "c"]
    assert (made.running, made.worth("c")) == ("c", "Good")
