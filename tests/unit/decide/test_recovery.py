"""Coming back after a release (semantics.md, K2, K3, K9)."""

import dataclasses
from typing import Any

import pytest

from lastgood.api import names
from lastgood.decide import facts, records, steps, world
from lastgood.decide.decision import Phase
from lastgood.decide.view import Trouble
from tests.unit.decide.simulator import MINUTE, World, model, pod_template, proven

HPA = world.Autoscaler("HorizontalPodAutoscaler", "m", "h", "1", min_replicas=2, max_replicas=10)


def killed(made: World | None = None, *, manual: bool = False, **recovery: Any) -> World:
    made = proven() if made is None else made
    restart = {"restart": "Manual"} if manual else {}
    made.spec["killSwitch"] = {"recovery": {**restart, **recovery}}
    made.engage()
    made.wait(1)
    assert made.replicas == 0
    made.log.clear()
    return made


def released(made: World | None = None, *, manual: bool = False, **recovery: Any) -> World:
    made = killed(made, manual=manual, **recovery)
    made.release()
    made.rest()
    return made


def bounds(made: World) -> tuple[int, int]:
    assert made.autoscaler is not None
    return made.autoscaler.min_replicas, made.autoscaler.max_replicas


# Several switches (K2)


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


# Probation, rule K9


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

    assert (made.replicas, decision.reason) == (1, "Suspended")


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


# With which version


def test_the_newest_good_version_starts_and_the_wanted_one_follows_after_probation() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    released(made)
    assert (made.running, made.replicas) == ("a", 1)
    made.wait(15)

    assert (made.running, made.replicas) == ("b", 4)


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
    assert (verdict.worth, verdict.reason, verdict.by) == (facts.Worth.UNPROVEN, "Resumed", "ana")


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


def test_a_person_may_resume_with_a_listed_version_that_never_ran() -> None:
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "c"
    made.rest()

    assert (made.running, made.replicas) == ("c", 1)


def test_a_resume_with_an_unknown_version_starts_nothing_and_says_so() -> None:
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "zzz"
    decision = made.wait(5)

    assert (made.replicas, decision.reason) == (0, "UnknownVersion")
    assert "'zzz'" in decision.message


def test_a_model_that_was_killed_before_it_was_ever_looked_at_comes_back() -> None:
    made = model()
    made.engage()
    made.rest()
    assert made.replicas == 0
    made.release()
    made.wait(30)

    assert (made.running, made.replicas) == ("a", 4)


# Manual restart, rules K9 and P3


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


def test_a_resume_counts_once() -> None:
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "a"
    made.wait(15)
    assert made.annotations == {}
    made.engage()
    made.rest()
    made.release()
    made.wait(30)

    assert made.replicas == 0


def test_a_resume_from_before_the_kill_does_not_count() -> None:
    made = proven()
    made.annotations[names.ANNOTATION_RESUME] = "a"
    released(made, manual=True)
    made.wait(5)

    assert made.replicas == 0


# What comes back


def test_nothing_is_started_that_did_not_run_before_the_kill() -> None:
    made = proven()
    made.scale(0)
    decision = released(made).wait(5)

    assert (made.replicas, decision.phase) == (0, Phase.IDLE)
    assert made.entry("incident") is None


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
    made.present = True
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
