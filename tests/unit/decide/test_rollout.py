"""Rolling out a wanted version, and what is no rollout (semantics.md, O1, R4, F6, J11)."""

import dataclasses

from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Phase
from tests.unit.decide.scenes import model, proven, rolled_back
from tests.unit.decide.simulator import pod_template


def test_a_wanted_version_is_recorded_before_the_workload_gets_its_template() -> None:
    made = proven()
    made.want("b")
    first, second = made.round(), made.round()

    assert [type(each) for each in first.records] == [records.TakeCheckpoint]
    assert [type(each) for each in second.steps] == [steps.SwitchTemplate]
    assert made.running == "b"


def test_the_whole_template_is_switched_with_labels_and_never_the_replicas() -> None:
    made = proven()
    made.template = pod_template("img:a")
    made.replicas = 7
    made.want("b")
    made.rest()

    assert made.template["metadata"]["labels"] == {
        "app": "m",
        "lastgood.dev/model": "m",
        "lastgood.dev/version": "b",
        "lastgood.dev/track": "stable",
    }
    assert made.replicas == 7


def test_a_bad_version_is_not_rolled_out_again_by_applying_the_same_manifest() -> None:
    made = rolled_back()
    made.want("a")
    made.wait(1)
    made.want("b")
    made.wait(30)

    assert (made.running, made.worth("b")) == ("a", "Bad")
    assert made.rollbacks == [("b", "a")]


def test_a_bad_version_that_is_redefined_runs() -> None:
    made = rolled_back()
    made.spec["versions"] = [{"name": "a", "image": "img:a"}, {"name": "b", "image": "img:b2"}]
    made.wait(8)

    assert (made.running, made.worth("b")) == ("b2", "Good")


def test_a_bad_version_is_redefined_also_by_leaving_out_a_variable_that_it_had() -> None:
    made = proven()
    fault = {"name": "b", "image": "img:b", "env": [{"name": "MODE", "value": "fast"}]}
    made.spec["versions"] = [{"name": "a", "image": "img:a"}, fault]
    made.breaches.add(("img:b", "errors"))
    made.want("b")
    made.wait(2)
    assert made.running == "a"

    made.breaches.clear()
    made.spec["versions"] = [{"name": "a", "image": "img:a"}, {"name": "b", "image": "img:b"}]
    made.wait(2)

    assert made.running == "b"
    assert "env" not in made.template["spec"]["containers"][0]


def test_a_bad_version_is_redefined_also_by_leaving_out_its_arguments() -> None:
    made = proven()
    made.spec["versions"] = [
        {"name": "a", "image": "img:a"},
        {"name": "b", "image": "img:b", "args": ["--fast"]},
    ]
    made.want("b")
    made.wait(2)
    made.overrule("b", facts.Worth.BAD)
    made.wait(1)
    made.spec["versions"] = [{"name": "a", "image": "img:a"}, {"name": "b", "image": "img:b"}]
    made.wait(2)

    assert made.running == "b"
    assert "args" not in made.template["spec"]["containers"][0]


def test_a_bad_version_that_a_person_clears_runs_again() -> None:
    made = rolled_back()
    made.breaches.clear()
    made.overrule("b", facts.Worth.UNPROVEN)
    made.wait(1)

    assert made.running == "b"


def test_going_back_in_git_after_a_rollback_is_no_rollout() -> None:
    made = rolled_back()
    made.log.clear()
    made.want("a")
    made.wait(5)

    assert made.log == []


def test_a_new_wanted_version_ends_the_rolled_back_state() -> None:
    made = rolled_back()
    assert made.decide().phase is Phase.ROLLED_BACK
    made.want("c")
    made.wait(8)

    assert (made.running, made.decide().phase) == ("c", Phase.SERVING)


def test_the_same_definition_under_another_name_is_the_same_version() -> None:
    made = rolled_back()
    made.spec["versions"] = [{"name": "a", "image": "img:a"}, {"name": "copy", "image": "img:b"}]
    made.want("copy")
    made.wait(5)

    assert made.running == "a"


def test_another_name_for_what_runs_is_no_rollout() -> None:
    made = proven()
    made.spec["versions"] = [{"name": "again", "image": "img:a"}]
    made.want("again")
    made.wait(5)

    assert made.log == []


def test_a_version_that_was_good_before_is_switched_to_without_another_checkpoint() -> None:
    made = proven()
    made.want("b")
    made.wait(8)
    made.log.clear()
    made.want("a")
    made.wait(8)

    assert made.running == "a"
    assert made.done(records.TakeCheckpoint) == []


def test_a_rollout_restart_is_no_new_version_and_is_not_undone() -> None:
    made = proven()
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-03-01T12:00:00Z"}
    made.template = {**made.template, "metadata": {**made.template["metadata"], "annotations": annotations}}
    made.wait(5)

    assert made.log == []


def test_a_new_version_while_another_rolls_out_takes_over() -> None:
    made = proven()
    made.want("b")
    made.round()
    made.want("c")
    made.wait(1)

    assert made.running == "c"
    assert made.version("c").activations[0].came_from == "b"


def test_a_paused_rollout_does_not_start_and_says_so() -> None:
    made = proven(rollout={"paused": True})
    made.want("b")
    decision = made.wait(5)

    assert (made.running, decision.reason) == ("a", "Paused")


def test_a_version_bakes_on_while_another_waits_for_the_end_of_a_pause() -> None:
    made = model(rollout={"paused": True})
    made.rest()
    made.want("b")
    decision = made.wait(8)

    assert (made.worth("a"), decision.reason) == ("Good", "Paused")


def test_a_rollback_that_was_recorded_is_carried_out_although_another_version_is_wanted_and_paused() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.round()
    made.round()
    assert made.rollbacks == [("b", "a")]
    assert made.running == "b"
    made.want("c")
    made.spec["rollout"] = {"bake": "5m", "paused": True}
    made.rest()

    assert made.running == "a"


def test_suspend_starts_no_rollout_and_puts_nothing_back() -> None:
    made = proven(suspend=True)
    made.want("b")
    decision = made.wait(2)
    assert (made.running, decision.reason) == ("a", "Suspended")

    made.template = pod_template("img:by-hand")
    decision = made.wait(2)
    assert (made.running, decision.reason) == ("by-hand", "Suspended")


def test_a_suspended_model_says_so_though_the_pods_of_what_others_put_on_are_not_there_yet() -> None:
    """J11: what keeps the version that was switched to from running is the suspension, not its pods."""
    made = proven()
    made.pods_left = 0  # the pods of b are still to come
    made.want("b")
    made.rest()
    made.spec["suspend"] = True
    made.template = pod_template("img:by-hand")
    decision = made.rest()
    assert (made.running, decision.reason) == ("by-hand", "Suspended")


def test_a_version_without_image_keeps_the_container_s_own() -> None:
    made = proven()
    made.spec["versions"] = [
        {"name": "a", "image": "img:a"},
        {"name": "b", "image": "img:b"},
        {"name": "slow", "env": [{"name": "MODE", "value": "slow"}]},
    ]
    made.want("b")
    made.wait(1)
    made.want("slow")
    made.wait(1)

    assert made.running == "a"


def test_a_paused_deployment_is_not_unpaused_for_a_rollout() -> None:
    made = proven()
    made.paused = True
    made.want("b")
    decision = made.wait(3)

    assert made.paused
    assert "the Deployment is paused" in decision.message


def test_a_rollout_on_a_model_at_zero_starts_nothing() -> None:
    made = proven()
    made.scale(0)
    made.want("b")
    made.wait(3)

    assert (made.running, made.replicas) == ("b", 0)


def test_activations_are_later_than_all_before_although_the_clock_goes_backwards() -> None:
    made = proven()
    made.now -= dataclasses.replace(made.version("a")).activations[0].at - made.now
    made.now -= 600 * (made.now - made.version("a").created_at)
    made.want("b")
    made.rest()

    assert made.known.current == made.version("b")
    assert made.running == "b"
