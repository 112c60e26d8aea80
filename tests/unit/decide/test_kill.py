"""Kill switches: engaging, holding, releasing (semantics.md, K1 to K8)."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from lastgood.api.killswitch import LabelSelector
from lastgood.decide import facts, policy, records, steps
from lastgood.decide.decision import Phase
from lastgood.decide.view import Trouble
from tests.unit.decide.simulator import START, World, model, proven


def asked(made: World, *, engaged: bool | None, by: str = "ana") -> World:
    """Somebody writes `spec.killSwitch.engaged`."""
    made.spec["killSwitch"] = {} if engaged is None else {"engaged": engaged, "reason": "leak"}
    made.engaged_written_by = by
    return made


def killed(*, by: str = "ana", **spec: object) -> World:
    made = asked(proven(**spec), engaged=True, by=by)
    made.wait(1)
    assert made.replicas == 0
    made.log.clear()
    return made


def test_the_fact_with_what_comes_back_is_recorded_before_anything_is_scaled() -> None:
    made = asked(proven(), engaged=True)
    first, second = made.round(), made.round()

    (engage,) = first.records
    assert isinstance(engage, records.EngageSwitch)
    assert (engage.switch.name, engage.switch.cause) == ("m-spec", facts.Cause.MANUAL)
    assert engage.switch.entries == (facts.Entry(workload="m", model="m", replicas=4, ceiling=0),)
    (scale,) = second.steps
    assert isinstance(scale, steps.Scale)
    assert scale.replicas == 0


def test_a_kill_is_verified_only_when_no_pod_is_left() -> None:
    made = asked(proven(), engaged=True)
    made.round()
    made.pods_left = 2
    decision = made.rest()
    assert (decision.phase, decision.reason) == (Phase.STOPPING, "Stopping")
    assert "waiting for pod-" in decision.message

    made.pods_left = -1
    assert made.rest().phase is Phase.KILLED


def test_whoever_scales_a_killed_model_up_is_undone() -> None:
    made = killed()
    made.scale(9)
    made.rest()

    assert made.replicas == 0
    assert made.entry("m-spec") == facts.Entry(workload="m", model="m", replicas=4, ceiling=0)


def test_a_switch_that_cannot_be_mirrored_does_not_keep_another_from_holding() -> None:
    made = proven()
    made.engage()
    made.rest()
    asked(made, engaged=True)
    made.scale(3)

    assert isinstance(made.decide().steps[0], steps.Scale)


@pytest.mark.parametrize(
    "selection",
    [
        {"models": ("m",)},
        {"models": ("other", "m")},
        {"selector": LabelSelector(match_labels={"team": "fraud"})},
        {},
        {"workloads": ("m",)},
    ],
    ids=["by-name", "among-others", "by-label", "all", "workload-named"],
)
def test_a_switch_holds_what_it_selects(selection: dict[str, Any]) -> None:
    made = proven()
    made.labels = {"team": "fraud"}
    made.engage(**selection)
    made.rest()

    assert made.replicas == 0


@pytest.mark.parametrize(
    "selection",
    [
        {"models": ("other",)},
        {"selector": LabelSelector(match_labels={"team": "ads"})},
        {"workloads": ("other",)},
    ],
    ids=["other-name", "other-label", "other-workload"],
)
def test_a_switch_leaves_alone_what_it_does_not_select(selection: dict[str, Any]) -> None:
    made = proven()
    made.labels = {"team": "fraud"}
    made.engage(**selection)
    made.wait(2)

    assert (made.replicas, made.log) == (4, [])


def test_a_model_is_held_by_its_entry_although_its_labels_change() -> None:
    made = proven()
    made.labels = {"team": "fraud"}
    made.engage(selector=LabelSelector(match_labels={"team": "fraud"}))
    made.rest()
    made.labels = {}
    made.scale(4)
    made.rest()

    assert made.replicas == 0


def test_a_second_switch_copies_the_entry_and_observes_nothing_again() -> None:
    made = killed()
    made.engage()
    made.rest()

    assert made.entry("incident") == made.entry("m-spec")


def test_a_released_entry_is_copied_too_while_the_model_is_still_coming_back() -> None:
    made = killed()
    asked(made, engaged=False)
    made.rest()
    assert made.replicas == 1
    made.engage()
    made.rest()

    entry = made.entry("incident")
    assert entry is not None
    assert (entry.replicas, entry.ceiling) == (4, 0)


def test_two_models_on_one_deployment_do_not_write_over_each_other_s_entry() -> None:
    made = killed()
    view = made.view()
    rival = dataclasses.replace(
        view.model, name="rival", uid="uid-9", spec=model(workloadRef={"name": "m"}).parsed
    )

    assert policy.decide(dataclasses.replace(view, model=rival)).records == ()


@pytest.mark.parametrize(
    ("case", "prepare"),
    [
        ("it is not understood", lambda made: setattr(made, "trouble", Trouble("NotImplemented", "x"))),
        ("it is suspended", lambda made: made.spec.update(suspend=True)),
        ("its rollout is paused", lambda made: made.spec.update(rollout={"paused": True})),
        ("its Deployment is paused", lambda made: setattr(made, "paused", True)),
        ("another version is wanted", lambda made: made.want("b")),
        ("its version breaches", lambda made: made.breaches.add(("img:a", "errors"))),
        ("its version is Bad", lambda made: made.overrule("a", facts.Worth.BAD)),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_kill_precedes_everything(case: str, prepare: Callable[[World], None]) -> None:
    made = proven()
    prepare(made)
    asked(made, engaged=True)
    made.rest()

    assert made.replicas == 0, case
    assert {type(each) for each in made.log} <= {records.EngageSwitch, steps.Scale}


def test_a_kill_of_a_model_without_workload_waits_for_one() -> None:
    made = model()
    made.present = False
    made.engage()
    assert made.rest().reason == "NothingRuns"
    made.present = True
    made.rest()

    assert made.replicas == 0


# Releasing the field (K8)


def test_the_one_who_engaged_the_field_may_release_it() -> None:
    made = asked(killed(), engaged=False)
    made.rest()

    assert not made.switch("m-spec").engaged


def test_another_person_may_release_it() -> None:
    made = asked(killed(), engaged=False, by="bob")
    made.rest()

    assert not made.switch("m-spec").engaged


def test_a_gitops_manager_may_not_release_what_a_person_engaged() -> None:
    made = asked(killed(), engaged=False, by="argocd-controller")
    decision = made.wait(30)

    assert made.switch("m-spec").engaged
    assert made.replicas == 0
    assert "argocd-controller, which may not release a kill by ana" in decision.contested


def test_a_gitops_manager_may_release_what_it_engaged() -> None:
    made = asked(killed(by="argocd-controller"), engaged=False, by="argocd-controller")
    made.rest()

    assert not made.switch("m-spec").engaged


@pytest.mark.parametrize("by", ["", "ana"])
def test_a_field_that_is_gone_releases_nothing(by: str) -> None:
    made = asked(killed(), engaged=None, by=by)
    made.wait(5)

    assert made.switch("m-spec").engaged


def test_a_false_that_nobody_wrote_releases_nothing() -> None:
    made = asked(killed(), engaged=False, by="")
    made.wait(5)

    assert made.switch("m-spec").engaged


@pytest.mark.parametrize("engaged", [False, None])
def test_a_model_that_is_created_again_while_killed_stays_killed(engaged: bool | None) -> None:
    made = asked(killed(), engaged=engaged)
    made.uid = "uid-2"
    decision = made.wait(5)

    assert made.replicas == 0
    assert "created again while killed" in decision.contested


def test_a_model_that_is_created_again_and_asks_for_a_kill_may_be_released_by_its_own_field() -> None:
    made = killed()
    made.uid = "uid-2"
    made.rest()
    asked(made, engaged=False)
    made.rest()

    assert not made.switch("m-spec").engaged
    assert made.replicas == 1


def test_the_switch_itself_may_be_released_by_hand() -> None:
    made = asked(killed(), engaged=False, by="argocd-controller")
    made.release("m-spec")
    made.rest()

    assert made.replicas == 1


# Automatic kills (K7)


def toxic(**spec: object) -> World:
    made = proven(**spec)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "toxic"))
    made.wait(1)
    return made


def test_a_kill_breach_engages_a_switch_named_after_the_model_and_marks_the_version_bad() -> None:
    made = toxic()
    switch = made.switch("m")

    assert (switch.cause, switch.engaged, switch.models) == (facts.Cause.AUTOMATIC, True, ("m",))
    assert "threshold toxic" in switch.reason
    assert (made.replicas, made.worth("b"), made.worth("a")) == (0, "Bad", "Good")
    assert made.version("b").verdict.reason == "Killed"


def test_the_workload_is_stopped_before_the_verdict_is_written() -> None:
    made = toxic()
    kinds = [type(each).__name__ for each in made.log]

    assert kinds.index("Scale") < len(kinds) - 1 - kinds[::-1].index("GiveVerdict")


def test_a_version_found_to_serve_in_the_moment_of_its_kill_is_bad_nevertheless() -> None:
    made = proven()
    made.breaches.add(("img:b", "toxic"))
    made.want("b")
    made.rest()

    assert (made.replicas, made.worth("b")) == (0, "Bad")


def test_what_a_person_says_of_the_version_after_the_kill_stands() -> None:
    made = toxic()
    made.now += made.now - START
    made.overrule("b", facts.Worth.GOOD)
    made.wait(5)

    assert (made.replicas, made.worth("b")) == (0, "Good")


def test_neither_cooldown_nor_budget_gates_a_kill() -> None:
    made = proven(rollback={"budget": {"max": 1, "per": "24h"}, "cooldown": "1h"})
    made.breaches |= {("img:b", "errors"), ("img:c", "toxic")}
    made.want("b")
    made.wait(2)
    made.want("c")
    made.wait(2)

    assert (made.rollbacks, made.replicas) == ([("b", "a")], 0)


def test_a_kill_breach_goes_before_a_rollback_breach() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    made.breaches |= {("img:b", "errors"), ("img:b", "toxic")}
    made.wait(1)

    assert (made.replicas, made.rollbacks) == (0, [])


def test_suspend_blocks_an_automatic_kill() -> None:
    made = proven()
    made.spec["suspend"] = True
    made.breaches.add(("img:a", "toxic"))
    made.wait(3)

    assert (made.replicas, made.switches) == (4, [])


@pytest.mark.parametrize(
    ("taken", "name"),
    [(["m"], "m-auto"), (["m", "m-auto"], "m-auto-2"), (["m", "m-auto", "m-auto-2"], "m-auto-3")],
)
def test_a_name_that_a_person_s_switch_has_taken_is_left_to_it(taken: list[str], name: str) -> None:
    made = proven()
    for each in taken:
        made.engage(each, models=("other",))
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)

    assert made.switch(name).cause is facts.Cause.AUTOMATIC
    assert all(made.switch(each).models == ("other",) for each in taken)
    assert made.replicas == 0


def test_another_model_s_automatic_switch_is_left_to_it() -> None:
    made = proven()
    other = facts.Switch("m", engaged=True, cause=facts.Cause.AUTOMATIC, models=("other",))
    made.put_switch(other)
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)

    assert made.switch("m").models == ("other",)
    assert made.switch("m-auto").models == ("m",)


def test_the_automatic_switch_of_an_earlier_kill_is_engaged_again() -> None:
    made = toxic()
    made.breaches.clear()
    made.release("m")
    made.want("a")
    made.wait(30)
    assert made.replicas == 4
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)

    assert [switch.name for switch in made.switches] == ["m"]
    assert (made.replicas, made.worth("a")) == (0, "Bad")
