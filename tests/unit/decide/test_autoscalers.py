"""Autoscalers of killed models: held, and given back just as they were (semantics.md, K1, K3)."""

import dataclasses

import pytest

from lastgood.decide import autoscalers, facts, records, steps, world
from lastgood.decide.decision import Phase
from tests.unit.decide.autoscaled import START_BY_THEMSELVES, bounds, changed, scaled_by, through_probation
from tests.unit.decide.scaling import after, hpa, scaled_object
from tests.unit.decide.scenes import killed, proven, released


@pytest.mark.parametrize("scaler", START_BY_THEMSELVES)
def test_no_autoscaler_starts_what_is_killed_and_each_is_given_back_just_as_it_was(
    scaler: world.Autoscaler,
) -> None:
    """K3."""
    made = killed(scaled_by(scaler))
    made.load = 5
    made.wait(5)
    assert (made.replicas, made.done(steps.Scale)) == (0, []), "held: there is nothing to undo"
    through_probation(made)

    assert bounds(made) == scaler.bounds


@pytest.mark.parametrize("scaler", START_BY_THEMSELVES)
def test_the_autoscaler_is_held_before_the_workload_is_scaled_and_on_record_before_both(
    scaler: world.Autoscaler,
) -> None:
    """K1, F2."""
    made = scaled_by(scaler)
    made.engage()
    made.rest()

    kinds = [type(each) for each in made.log]
    assert kinds == [records.SetEntries, steps.SetAutoscaler, steps.Scale]


@pytest.mark.parametrize("again", ["before-it", "later"])
@pytest.mark.parametrize("scaler", START_BY_THEMSELVES)
def test_a_kill_in_probation_holds_the_autoscaler_before_the_workload_is_scaled(
    scaler: world.Autoscaler, again: str
) -> None:
    """K1, K3."""
    made = killed(scaled_by(scaler))
    made.release()
    made.rest()
    assert made.replicas == 1
    made.log.clear()
    made.engage(again)  # the switch of the first kill stands between them
    made.rest()

    acts = [type(each) for each in made.log if not isinstance(each, records.SetEntries)]
    # An HPA that probation holds at a minimum of 1 stands down at zero.
    alone = scaler.kind != "ScaledObject" and not scaler.scaled_to_zero
    assert acts == ([steps.Scale] if alone else [steps.SetAutoscaler, steps.Scale])


def test_what_one_switch_holds_an_autoscaler_at_is_no_wish_to_the_others_that_hold_the_workload() -> None:
    """K2, K3: a kill between the record of a probation and its act."""
    probation, wish = facts.Bounds(1, 1), facts.Bounds(0, 5)
    recorded = facts.Autoscaler("HorizontalPodAutoscaler", "m", wish, "uid", (probation,))
    coming_back = facts.Entry("m", "m", replicas=3, ceiling=1, autoscaler=recorded)
    unheld = dataclasses.replace(hpa(least=0), name="m", uid="uid", max_replicas=5)
    noted = autoscalers.noted_again(unheld, coming_back, [coming_back, coming_back])
    killed_again = dataclasses.replace(coming_back, ceiling=0, autoscaler=noted)
    assert noted is not None
    held = dataclasses.replace(unheld, min_replicas=0, max_replicas=1, scale_up="Disabled")

    assert autoscalers.noted_again(held, coming_back, [coming_back, killed_again]) == noted
    assert noted.before == wish


def as_held(
    scaler: world.Autoscaler, recorded: facts.Autoscaler | None, hold: facts.Bounds | None
) -> world.Autoscaler:
    (step,) = autoscalers.hold(scaler, recorded, hold)
    assert isinstance(step, steps.SetAutoscaler)
    return after(step)


@pytest.mark.parametrize("scaler", [hpa(least=0), scaled_object(), scaled_object(paused_replicas=4)])
@pytest.mark.parametrize("ceiling", [1, 3])
def test_what_an_operator_that_lost_its_lease_sets_late_is_no_persons_wish(
    scaler: world.Autoscaler, ceiling: int
) -> None:
    """K3, F5: a probation was recorded, and its act was still on its way when the model was killed again."""
    noted = autoscalers.noted_at_zero(scaler)
    at_zero = as_held(scaler, noted, autoscalers.at_zero(scaler))
    in_probation = autoscalers.noted(at_zero, noted, autoscalers.at(at_zero, ceiling))
    late = as_held(at_zero, in_probation, autoscalers.at(at_zero, ceiling))
    killed_again = autoscalers.noted(at_zero, in_probation, autoscalers.at_zero(at_zero))

    assert autoscalers.wanted(at_zero, killed_again) == scaler.bounds
    assert autoscalers.wanted(late, killed_again) == scaler.bounds


def test_an_hpa_with_a_minimum_is_left_alone_at_zero() -> None:
    """K3."""
    made = killed(scaled_by(hpa(least=2)))
    made.load = 5
    made.wait(3)

    assert (made.replicas, made.log) == (0, [])


@pytest.mark.parametrize("scaler", START_BY_THEMSELVES)
def test_a_death_after_any_record_or_step_changes_nothing_of_what_comes_back(
    scaler: world.Autoscaler,
) -> None:
    """F2, K3."""
    for dies_after in range(1, 12):
        made = scaled_by(scaler)
        made.engage()
        for _ in range(dies_after):
            made.round(only=1)
            made.crash()
        made.rest()
        made.release()
        for _ in range(dies_after):
            made.round(only=1)
            made.crash()
        made.wait(20)
        assert (bounds(made), made.replicas, made.entry("incident")) == (scaler.bounds, 4, None), dies_after


def test_the_autoscaler_of_a_model_that_is_killed_again_in_probation_is_given_back_as_it_was_at_first() -> (
    None
):
    """K3, K9."""
    for scaler in (hpa(least=0), hpa(least=2), scaled_object(paused_replicas=4)):
        made = killed(scaled_by(scaler))
        made.release()
        made.rest()
        made.breaches.add(("img:a", "toxic"))
        made.wait(1)
        assert made.replicas == 0
        made.breaches.clear()
        made.overrule("a", facts.Worth.GOOD)
        made.spec["killSwitch"] = {"recovery": {"probation": {"replicas": 3}}}
        made.release("m")
        made.rest()
        assert made.replicas == 3
        made.wait(60)
        assert (bounds(made), made.replicas) == (scaler.bounds, 4)


def test_the_record_of_an_autoscaler_survives_two_switches() -> None:
    """K2, K3."""
    made = killed(scaled_by(hpa(least=0)))
    made.engage("second")
    made.rest()
    first, second = made.entry("incident"), made.entry("second")
    assert first is not None
    assert second is not None
    assert first.autoscaler == second.autoscaler

    made.release()
    made.load = 5
    made.wait(2)
    assert made.replicas == 0
    changed(made, max_replicas=20)
    made.release("second")
    made.wait(20)
    assert bounds(made) == facts.Bounds(0, 20)


@pytest.mark.parametrize("scaler", START_BY_THEMSELVES)
def test_what_only_one_of_two_switches_could_note_of_an_autoscaler_is_not_lost(
    scaler: world.Autoscaler,
) -> None:
    """K2, K3: a kill in probation that is released while the API server still refuses a record on the first switch."""
    made = killed(scaled_by(scaler))
    made.release()
    made.rest()
    made.autoscaler = dataclasses.replace(scaler, uid="created again")
    made.rest()
    made.engage("second")
    refused = made.switch("incident")
    for _ in range(5):
        made.round()
        made.put_switch(dataclasses.replace(refused, engaged=made.switch("incident").engaged))
    assert made.replicas == 0
    made.release("second")
    made.wait(60)

    assert (bounds(made), made.replicas, made.entry("incident")) == (scaler.bounds, 4, None)


def test_replicas_come_back_before_the_autoscaler_is_let_go() -> None:
    """K3."""
    made = killed(scaled_by(scaled_object()))
    made.release()
    made.wait(15)

    kinds = [type(each) for each in made.log if not isinstance(each, steps.LabelPod)]
    assert kinds[-3:] == [steps.Scale, steps.SetAutoscaler, records.SetEntries]


def test_no_more_replicas_come_back_than_the_autoscaler_allows_by_now() -> None:
    """K3, K9: what would be taken back at once is not started."""
    made = killed(scaled_by(hpa(least=1)))
    changed(made, max_replicas=2)
    made.release()
    made.wait(15)

    assert (made.replicas, made.entry("incident")) == (2, None)


@pytest.mark.parametrize("scaler", [hpa(least=0, scaled_to_zero=True), scaled_object()])
def test_a_model_that_its_autoscaler_had_brought_to_zero_comes_back_through_probation(
    scaler: world.Autoscaler,
) -> None:
    """K9: given back at once, the autoscaler could start a model that was just released at any size."""
    made = killed(scaled_by(scaler, replicas=0))
    made.load = 5
    made.wait(2)
    made.release()
    made.rest()
    assert made.replicas == 1
    made.load = None
    made.wait(15)

    assert (made.entry("incident"), bounds(made)) == (None, scaler.bounds)


def test_a_model_that_a_person_had_paused_at_zero_stays_there_after_the_release() -> None:
    """K3, K9."""
    made = killed(scaled_by(scaled_object(paused_replicas=0), replicas=0))
    made.load = 5
    made.release()
    made.wait(3)

    assert (made.replicas, made.entry("incident")) == (0, None)


def test_an_autoscaler_is_held_while_a_released_model_waits_for_a_person() -> None:
    """K3, K9."""
    made = released(scaled_by(scaled_object()), manual=True)
    changed(made, paused_replicas=None)
    made.load = 5
    decision = made.wait(3)

    assert (made.replicas, decision.phase) == (0, Phase.HELD)
    assert bounds(made).paused_replicas == 0


def test_an_hpa_that_scales_in_the_middle_of_a_rollback_is_left_to_it() -> None:
    """R2: replicas are no part of a rollback."""
    made = proven()
    made.autoscaler, made.load = hpa(least=2), 4
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.tick()
    made.round()
    made.load = 7
    made.tick()
    made.round()
    made.load = 3
    made.wait(5)

    assert (made.rollbacks, made.running, made.replicas) == ([("b", "a")], "a", 3)
    assert made.done(steps.Scale) == []
