"""The first time after a release, with part of the replicas (semantics.md, K3, K9)."""

import dataclasses

import pytest

from lastgood.decide import facts
from lastgood.decide.decision import Phase
from tests.unit.decide.scaling import hpa
from tests.unit.decide.scenes import killed, model, proven, released
from tests.unit.decide.simulator import World, pod_template

HPA = hpa()


def bounds(made: World) -> tuple[int, int]:
    assert made.autoscaler is not None
    return made.autoscaler.min_replicas, made.autoscaler.max_replicas


def test_a_released_model_comes_back_with_some_replicas_and_then_with_all() -> None:
    made = released()
    assert made.replicas == 1
    decision = made.wait(9)
    assert (made.replicas, decision.phase) == (1, Phase.PROBATION)
    made.wait(3)

    assert made.replicas == 4
    assert made.entry("incident") is None


@pytest.mark.parametrize(
    ("replicas", "share", "first"), [(4, "25%", 1), (10, "25%", 3), (4, 3, 3), (2, 5, 2), (1, "10%", 1)]
)
def test_how_many_replicas_start(replicas: int, share: str | int, first: int) -> None:
    made = proven()
    made.scale(replicas)
    released(made, probation={"replicas": share})

    assert made.replicas == first


def test_the_entry_says_how_many_replicas_may_run_before_they_do() -> None:
    made = killed()
    made.release()
    made.round()

    entry = made.entry("incident")
    assert entry is not None
    assert (entry.ceiling, made.replicas) == (1, 0)
    assert entry.probation == facts.Probation(since=made.now, round=1)


def test_more_replicas_than_probation_allows_are_taken_back() -> None:
    made = released()
    made.scale(4)
    made.rest()

    assert made.replicas == 1


def test_time_without_data_does_not_end_probation_and_after_a_while_says_so() -> None:
    made = released()
    made.silent.add(("img:a", "errors"))
    decision = made.wait(45)

    assert (made.replicas, decision.reason) == (1, "NotEnoughData")
    assert "errors is Blind" in decision.message
    made.silent.clear()
    made.wait(12)
    assert made.replicas == 4


def test_a_paused_deployment_is_named_where_it_is_why_there_is_not_enough_data() -> None:
    """K9."""
    made = killed()
    made.paused, made.pods_template = True, pod_template("img:b")
    made.release()
    decision = made.wait(45)

    assert (made.replicas, decision.reason) == (1, "NotEnoughData")
    assert "Deployment m is paused" in decision.message
    assert "kubectl rollout resume deployment m -n ns" in decision.message


def test_new_pods_in_probation_are_labelled_so_that_they_are_judged_as_their_version() -> None:
    made = released()

    assert made.pod_labels["lastgood.dev/version"] == "a"


@pytest.mark.parametrize("threshold", ["errors", "toxic"])
def test_a_breach_in_probation_kills_again_and_makes_the_next_one_longer(threshold: str) -> None:
    made = released()
    made.breaches.add(("img:a", threshold))
    made.wait(1)
    assert made.replicas == 0
    assert made.switch("m").cause is facts.Cause.AUTOMATIC
    assert made.worth("a") == "Bad"

    made.breaches.clear()
    made.overrule("a", facts.Worth.GOOD)
    made.release("m")
    made.wait(15)
    assert made.replicas == 1, "the second probation takes twice ten minutes"
    made.wait(8)
    assert made.replicas == 4


def test_a_hold_breach_in_probation_only_keeps_it_from_ending() -> None:
    made = proven(thresholds=[{"name": "slow", "query": "q", "max": 1, "onBreach": "Hold"}])
    released(made)
    made.breaches.add(("img:a", "slow"))
    made.wait(30)

    assert made.replicas == 1


def test_probations_that_grow_for_ever_do_not_overflow() -> None:
    made = released(backoff=100)
    entry = made.entry("incident")
    assert entry is not None
    later = dataclasses.replace(entry, probation=facts.Probation(since=made.now, round=5000))
    made.put_switch(dataclasses.replace(made.switch("incident"), entries=(later,)))

    assert made.wait(1).phase is Phase.PROBATION


def test_suspend_blocks_the_kill_in_probation_and_says_so() -> None:
    made = released()
    made.spec["suspend"] = True
    made.breaches.add(("img:a", "toxic"))
    decision = made.wait(3)

    assert (made.replicas, decision.reason, decision.degraded) == (1, "Suspended", "")


def test_a_good_version_whose_pods_do_not_start_in_probation_is_held_and_stays_good() -> None:
    made = killed()
    made.crashing.add("img:a")
    made.release()
    decision = made.wait(3)

    assert (made.worth("a"), made.replicas) == ("Good", 1)
    assert decision.degraded == "RestoredVersionUnavailable"


def test_an_unproven_version_whose_pods_do_not_start_in_probation_is_killed_again() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    killed(made)
    made.crashing.add("img:a")
    made.release()
    made.wait(3)

    assert (made.worth("a"), made.replicas) == ("Bad", 0)


def test_the_newest_good_version_starts_and_the_wanted_one_follows_after_probation() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    released(made)
    assert (made.running, made.replicas) == ("a", 1)
    made.wait(15)

    assert (made.running, made.replicas) == ("b", 4)


def test_an_hpa_is_held_in_probation_and_returns_to_its_bounds() -> None:
    made = proven()
    made.autoscaler = HPA
    killed(made)
    assert bounds(made) == (2, 10), "with minReplicas above 0 it stands down at zero by itself"
    made.release()
    made.rest()
    assert (made.replicas, bounds(made)) == (1, (1, 1))
    made.wait(15)

    assert bounds(made) == (2, 10)
    assert made.replicas == 4


def test_an_hpa_that_appears_while_the_model_is_killed_keeps_its_bounds() -> None:
    made = killed()
    made.autoscaler = HPA
    made.release()
    made.rest()
    assert bounds(made) == (1, 1)
    made.wait(15)

    assert bounds(made) == (2, 10)


def test_a_kill_in_probation_leaves_the_bounds_from_before_the_first_kill_on_record() -> None:
    made = proven()
    made.autoscaler = HPA
    released(made)
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)
    made.breaches.clear()
    made.overrule("a", facts.Worth.GOOD)
    made.release("m")
    made.wait(60)

    assert bounds(made) == (2, 10)
    assert made.replicas == 4


def test_more_replicas_than_before_stay_when_probation_is_over() -> None:
    made = proven()
    made.autoscaler = HPA
    released(made)
    made.wait(9)
    entry = made.entry("incident")
    assert entry is not None
    back = dataclasses.replace(entry, ceiling=10, probation=None)
    made.put_switch(dataclasses.replace(made.switch("incident"), entries=(back,)))
    made.autoscaler = HPA
    made.scale(8)
    made.wait(2)

    assert made.replicas == 8
