"""Autoscalers of killed models: held, and given back what people want them to be set to (semantics.md, K1, K3)."""

import dataclasses
from typing import Any

import pytest

from lastgood.decide import facts, records, steps, world
from lastgood.decide.decision import Phase
from tests.unit.decide.scaling import hpa, scaled_object
from tests.unit.decide.scenes import killed, proven, released
from tests.unit.decide.simulator import World

START_BY_THEMSELVES = [
    pytest.param(hpa(least=0), id="hpa, minReplicas 0"),
    pytest.param(hpa(least=0, scale_up="Max"), id="hpa, minReplicas 0, with a behavior"),
    pytest.param(hpa(least=0, scaled_to_zero=True), id="hpa that has once scaled to zero"),
    pytest.param(hpa(least=2, scaled_to_zero=True), id="hpa that has once scaled to zero, minReplicas 2"),
    pytest.param(scaled_object(), id="ScaledObject"),
    pytest.param(scaled_object(least=2), id="ScaledObject, minReplicaCount 2"),
    pytest.param(scaled_object(paused_replicas=4), id="ScaledObject that a person has paused"),
]


def scaled_by(scaler: world.Autoscaler, *, replicas: int = 4) -> World:
    made = proven()
    made.replicas = replicas
    made.autoscaler = scaler
    return made


def changed(made: World, **fields: object) -> None:
    """Somebody changes the autoscaler."""
    assert made.autoscaler is not None
    made.autoscaler = dataclasses.replace(made.autoscaler, **fields)  # type: ignore[arg-type]  # as its fields are


def bounds(made: World) -> facts.Bounds:
    assert made.autoscaler is not None
    return made.autoscaler.bounds


def through_probation(made: World) -> None:
    made.release()
    made.rest()
    assert (made.replicas, made.autoscaler and _held(made.autoscaler)) == (1, True)
    made.wait(15)
    assert made.entry("incident") is None


def _held(scaler: world.Autoscaler) -> bool:
    return scaler.paused_replicas == 1 or (scaler.min_replicas, scaler.max_replicas) == (1, 1)


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


@pytest.mark.parametrize(
    ("scaler", "theirs", "comes_back"),
    [
        (hpa(least=2), {"min_replicas": 3, "max_replicas": 12}, {"min_replicas": 3, "max_replicas": 12}),
        (hpa(least=2), {"max_replicas": 20}, {"max_replicas": 20}),
        (hpa(least=0), {"max_replicas": 20}, {"max_replicas": 20}),
        (hpa(least=0), {"scale_up": "Min"}, {"scale_up": "Min"}),
        (scaled_object(), {"paused_replicas": 2}, {"paused_replicas": 2}),
        (scaled_object(paused_replicas=4), {"paused_replicas": None}, {"paused_replicas": None}),
        (scaled_object(), {"max_replicas": 20}, {"max_replicas": 20}),
    ],
)
@pytest.mark.parametrize("when", ["killed", "in probation"])
def test_what_a_person_changes_meanwhile_wins_over_what_was_recorded(
    scaler: world.Autoscaler, theirs: dict[str, object], comes_back: dict[str, Any], when: str
) -> None:
    """K3."""
    made = killed(scaled_by(scaler))
    if when == "in probation":
        made.release()
        made.rest()
    changed(made, **theirs)
    made.wait(1)
    made.release()
    made.rest()
    assert made.autoscaler is not None
    assert _held(made.autoscaler)
    made.wait(15)

    assert bounds(made) == dataclasses.replace(scaler.bounds, **comes_back)


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
def test_an_autoscaler_that_appears_while_the_model_is_killed_is_held_and_given_back(
    scaler: world.Autoscaler,
) -> None:
    """K3."""
    made = killed()
    made.autoscaler, made.load = scaler, 5
    made.autoscale()
    assert made.replicas > 0
    made.wait(2)
    assert made.replicas == 0, "undone like anybody else who scales up (K5)"
    made.log.clear()
    made.wait(2)
    assert made.log == [], "held: there is nothing to undo"
    through_probation(made)

    assert bounds(made) == scaler.bounds


def test_an_autoscaler_that_is_deleted_while_the_model_is_killed_is_not_missed() -> None:
    """K3."""
    made = killed(scaled_by(hpa(least=0)))
    made.autoscaler = None
    made.release()
    made.wait(15)

    assert (made.replicas, made.entry("incident")) == (4, None)


def test_an_autoscaler_that_takes_another_name_meanwhile_keeps_its_own_bounds() -> None:
    """K3."""
    made = killed(scaled_by(hpa(least=0)))
    made.autoscaler = hpa(least=0, most=7, name="other", uid="o")
    made.load = 5
    made.wait(2)
    assert made.replicas == 0
    through_probation(made)

    assert bounds(made) == facts.Bounds(0, 7)


@pytest.mark.parametrize("when", ["killed", "in probation"])
def test_an_autoscaler_that_is_given_another_workload_meanwhile_is_let_go_at_once(when: str) -> None:
    """K3: it must not keep the other workload from being scaled."""
    made = killed(scaled_by(hpa(least=0)))
    if when == "in probation":
        made.release()
        made.rest()
    changed(made, elsewhere=True)
    made.rest()
    assert bounds(made) == facts.Bounds(0, 10)
    made.release()
    made.wait(20)

    assert (made.replicas, bounds(made), made.entry("incident")) == (4, facts.Bounds(0, 10), None)


def test_replicas_come_back_before_the_autoscaler_is_let_go() -> None:
    """K3."""
    made = killed(scaled_by(scaled_object()))
    made.release()
    made.wait(15)

    kinds = [type(each) for each in made.log if not isinstance(each, steps.LabelPods)]
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


def test_who_changes_the_autoscaler_again_and_again_is_held_again_and_gets_their_values_in_the_end() -> None:
    """K3: as a tool does that applies a manifest from Git."""
    made = killed(scaled_by(hpa(least=0)))
    made.load = 5
    for _ in range(5):
        changed(made, min_replicas=0, max_replicas=10, scale_up=None)
        made.wait(1)
        assert made.replicas == 0
    through_probation(made)

    assert bounds(made) == facts.Bounds(0, 10)


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
