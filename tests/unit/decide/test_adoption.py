"""Taking over a workload that exists (semantics.md, O5, O7, B1, B4)."""

import dataclasses

from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Phase
from lastgood.decide.view import Trouble
from tests.unit.decide.scenes import model, proven
from tests.unit.decide.simulator import pod_template


def test_a_workload_that_runs_a_listed_version_is_that_version() -> None:
    made = model()
    made.rest()

    (taken,) = made.done(records.TakeCheckpoint)
    assert taken.checkpoint.version == "a"
    assert taken.replicas == 4
    assert taken.checkpoint.activations[0].why is facts.Why.ADOPTED


def test_of_two_listed_versions_that_match_the_wanted_one_is_taken() -> None:
    made = model()
    made.spec["versions"] = [{"name": "x", "image": "img:a"}, {"name": "y", "image": "img:a"}]
    made.want("y")
    made.rest()

    assert [c.version for c in made.checkpoints] == ["y"]
    assert not made.done(steps.SwitchTemplate)


def test_a_version_that_lists_what_the_workload_does_not_have_is_not_taken_for_it() -> None:
    made = model()
    made.spec["versions"] = [{"name": "a", "image": "img:a", "env": [{"name": "X", "value": "1"}]}]
    made.rest()

    assert made.checkpoints[0].version.startswith("adopted-")


def test_a_workload_that_runs_no_listed_version_is_taken_as_it_is_and_then_left() -> None:
    made = model("b", wanted="b")
    made.round()

    (taken,) = made.done(records.TakeCheckpoint)
    digest = taken.checkpoint.digest
    assert taken.checkpoint.version == f"adopted-{digest[:8]}"
    assert taken.checkpoint.verdict.worth is facts.Worth.UNPROVEN
    made.rest()
    assert made.running == "b"


def test_adoption_restarts_no_pod_and_labels_the_live_ones() -> None:
    made = model()
    before = made.template
    made.rest()

    assert made.template == before
    assert made.pod_labels == {
        "lastgood.dev/model": "m",
        "lastgood.dev/version": "a",
        "lastgood.dev/track": "stable",
    }


def test_pods_that_come_later_are_labelled_as_they_come() -> None:
    made = proven()
    made.pod_labels = {}
    made.rest()

    assert made.pod_labels["lastgood.dev/version"] == "a"


def test_a_workload_at_zero_stays_there_and_is_not_baked() -> None:
    made = model()
    made.replicas = 0
    decision = made.wait(60)

    assert decision.phase is Phase.IDLE
    assert (made.replicas, made.worth("a")) == (0, "Unproven")


def test_a_workload_that_its_owner_starts_is_baked_from_then_on() -> None:
    made = model()
    made.replicas = 0
    made.wait(60)
    made.scale(2)
    made.wait(8)

    assert made.worth("a") == "Good"


def test_a_workload_that_its_owner_starts_is_given_time_to_become_available() -> None:
    made = model()
    made.replicas = 0
    made.wait(60)
    made.scale(2)
    made.pods_left = 1
    made.wait(60)

    assert made.worth("a") == "Unproven"
    assert made.rollbacks == []


def test_an_adopted_version_is_baked_like_any_other() -> None:
    made = model("b", wanted="b", rollout={"paused": True})
    made.wait(8)

    assert [c.verdict.worth for c in made.checkpoints] == [facts.Worth.GOOD]


def test_a_model_that_was_deleted_and_created_again_is_not_adopted_again() -> None:
    made = proven()
    made.uid = "uid-2"
    made.rest()

    assert made.done(records.TakeCheckpoint) == []


def test_nothing_is_done_to_a_model_that_is_not_understood() -> None:
    made = model()
    made.trouble = Trouble("NotImplemented", "not yet")
    decision = made.wait(10)

    assert (decision.phase, decision.reason) == (Phase.INVALID, "NotImplemented")
    assert made.log == []


def test_a_workload_without_the_named_container_is_left_alone() -> None:
    made = model(workloadRef={"name": "m", "container": "other"})
    made.wait(10)

    assert made.log == []


def test_nothing_is_switched_on_a_checkpoint_that_was_tampered_with() -> None:
    made = proven()
    made.want("b")
    made.wait(1)
    made.log.clear()
    made.checkpoints = [dataclasses.replace(c, intact=c.version != "b") for c in made.checkpoints]
    decision = made.wait(5)

    assert (made.running, decision.reason) == ("b", "CheckpointBroken")
    assert made.log == []


def test_the_only_checkpoint_being_tampered_with_is_said_and_nothing_is_written_over_it() -> None:
    made = proven()
    made.checkpoints = [dataclasses.replace(c, intact=False) for c in made.checkpoints]
    decision = made.wait(5)

    assert decision.degraded == "CheckpointBroken"
    assert made.log == []


def test_a_template_changed_by_others_is_put_back() -> None:
    made = proven()
    made.template = pod_template("img:evil")
    made.rest()

    assert made.running == "a"
