"""What people do to the autoscaler of a killed model meanwhile: theirs comes back (semantics.md, K3)."""

import dataclasses
from typing import Any

import pytest

from lastgood.decide import facts, world
from tests.unit.decide.autoscaled import (
    START_BY_THEMSELVES,
    bounds,
    changed,
    held_at_one,
    scaled_by,
    through_probation,
)
from tests.unit.decide.scaling import hpa, scaled_object
from tests.unit.decide.scenes import killed


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
    assert held_at_one(made.autoscaler)
    made.wait(15)

    assert bounds(made) == dataclasses.replace(scaler.bounds, **comes_back)


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
