"""Kill switches: engaging and holding (semantics.md, K1 to K6)."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from lastgood.api.killswitch import LabelSelector
from lastgood.decide import facts, policy, records, steps
from lastgood.decide.decision import Phase
from lastgood.decide.view import Trouble
from tests.unit.decide.scenes import asked, killed_by_field, model, proven
from tests.unit.decide.simulator import World


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
    made = killed_by_field()
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


def test_a_switch_that_is_full_kills_all_the_same_and_says_what_is_not_on_record() -> None:
    """K2: 1000 workloads fit into a switch."""
    made = proven()
    held = tuple(facts.Entry(f"w-{number}", "", 1, 0) for number in range(1000))
    made.put_switch(facts.Switch(name="all", engaged=True, cause=facts.Cause.PERSON, entries=held))
    decision = made.rest()

    assert made.replicas == 0
    assert (decision.phase, decision.degraded) == (Phase.KILLED, "SwitchFull")
    assert "all holds as many workloads as a switch can" in decision.message
    made.engage("another")
    assert made.rest().degraded == ""


def test_a_person_s_switch_is_not_taken_over_for_its_name() -> None:
    """K8: a name in use keeps no kill from happening, and who releases the field releases nothing of theirs."""
    made = proven()
    theirs = facts.Switch(name="m-spec", engaged=True, cause=facts.Cause.PERSON, models=("other",))
    made.put_switch(theirs)
    asked(made, engaged=True)
    made.rest()
    asked(made, engaged=False)
    made.rest()

    assert made.switch("m-spec").engaged
    assert made.switch("m-spec").models == ("other",)
    assert not made.switch("m-spec-2").engaged


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
    made = killed_by_field()
    made.engage()
    made.rest()

    assert made.entry("incident") == made.entry("m-spec")


def test_a_released_entry_is_copied_too_while_the_model_is_still_coming_back() -> None:
    made = killed_by_field()
    asked(made, engaged=False)
    made.rest()
    assert made.replicas == 1
    made.engage()
    made.rest()

    entry = made.entry("incident")
    assert entry is not None
    assert (entry.replicas, entry.ceiling) == (4, 0)


def test_two_models_on_one_deployment_do_not_write_over_each_other_s_entry() -> None:
    made = killed_by_field()
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
