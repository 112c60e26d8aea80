"""While most models on the same Prometheus are Blind, nothing is done on what it says (semantics.md, J8)."""

import pytest

from lastgood.decide import facts
from tests.unit.decide.scenes import killed, model, proven, released
from tests.unit.decide.simulator import World


def blinded(made: World) -> World:
    made.blinded = True
    return made


def rolled_out() -> World:
    made = proven()
    made.want("b")
    made.wait(2)
    made.log.clear()
    return made


@pytest.mark.parametrize("threshold", ["errors", "toxic"])
def test_a_breach_is_neither_rolled_back_nor_killed_until_it_is_over(threshold: str) -> None:
    made = blinded(rolled_out())
    made.breaches = {("img:b", threshold)}
    made.wait(1)

    assert (made.running, made.replicas, made.log) == ("b", 4, [])
    made.blinded = False
    made.wait(1)
    assert (made.running, made.replicas) == (("a", 4) if threshold == "errors" else ("b", 0))


def test_a_breach_in_probation_does_not_kill_again_and_probation_does_not_pass() -> None:
    made = blinded(released())
    made.breaches.add(("img:a", "errors"))
    made.wait(30)
    assert made.replicas == 1
    made.breaches.clear()
    made.wait(30)
    assert made.replicas == 1

    made.blinded = False
    made.wait(11)
    assert made.replicas == 4


def test_a_version_does_not_become_good() -> None:
    made = blinded(model())
    made.wait(30)
    assert made.worth("a") == "Unproven"

    made.blinded = False
    made.wait(6)
    assert made.worth("a") == "Good"


def test_time_that_was_enough_already_makes_no_version_good_and_ends_no_probation() -> None:
    baked, in_probation = model(), released()
    baked.rest()
    for made in (baked, in_probation):
        for _ in range(12):
            made.tick()
        blinded(made).rest()

    assert baked.worth("a") == "Unproven"
    assert in_probation.replicas == 1
    for made in (baked, in_probation):
        made.blinded = False
        made.rest()
    assert baked.worth("a") == "Good"
    assert in_probation.replicas == 4


def test_a_person_kills_and_releases() -> None:
    made = blinded(killed())
    made.release()
    made.rest()

    assert made.replicas == 1
    made.engage()
    made.rest()
    assert made.replicas == 0


def test_a_killed_model_is_held_at_zero() -> None:
    made = blinded(killed())
    made.scale(3)
    made.rest()

    assert made.replicas == 0


def test_pods_that_do_not_start_are_no_matter_of_prometheus() -> None:
    made = blinded(proven())
    made.crashing.add("img:b")
    made.want("b")
    made.wait(2)

    assert made.rollbacks == [("b", "a")]


def test_a_version_that_a_person_asks_for_is_switched_to_and_one_called_bad_is_left() -> None:
    made = blinded(proven())
    made.want("b")
    made.rest()
    assert made.running == "b"

    made.overrule("b", facts.Worth.BAD)
    made.rest()
    assert made.running == "a"


def test_a_rollback_that_is_recorded_is_carried_out() -> None:
    made = rolled_out()
    made.breaches = {("img:b", "errors")}
    made.round()
    assert made.worth("b") == "Bad"
    assert made.running == "b"
    blinded(made).rest()

    assert made.running == "a"
