"""A Deployment that others change, or create anew, once the probation is over and before all is back (K9, R1)."""

import dataclasses
from collections.abc import Callable

import pytest

from lastgood.api.rollback import KillAction
from lastgood.decide import steps
from tests.unit.decide.scenes import (
    killed,
    model,
    on_its_way_back,
    proven,
    released,
    rolled_back,
    with_fallback,
)
from tests.unit.decide.simulator import World, pod_template

MINUTES = 60
"""More than any of these probations takes."""


def create_anew(made: World, image: str, *, replicas: int) -> None:
    made.template, made.pods_template, made.replicas = pod_template(image), None, replicas


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("replicas", [0, 4])
def test_no_pod_of_another_template_is_started(replicas: int, follow: bool) -> None:
    made = on_its_way_back(rolled_back(follow=follow))
    assert made.worth("b") == "Bad"
    create_anew(made, "img:b", replicas=replicas)
    made.rest()

    taken = [type(each) for each in made.log if isinstance(each, (steps.SwitchTemplate, steps.Scale))]
    assert taken[0] is steps.SwitchTemplate
    made.wait(MINUTES)
    assert (made.running, made.replicas, made.entry("incident")) == ("a", 4, None)


def test_traffic_at_the_fallback_does_not_wait_for_ever_for_pods_that_nobody_starts() -> None:
    """Found by a simulated world: with the traffic away, the template of before was waited for, and not given."""
    made = on_its_way_back(with_fallback(), action=KillAction.FALLBACK)
    create_anew(made, "img:x", replicas=4)
    assert made.service is not None
    assert made.stand_in is not None
    made.service = dataclasses.replace(made.service, selector=made.stand_in.selector)
    assert made.served_by == "fallback"
    made.wait(MINUTES)

    assert (made.running, made.served_by, made.entry("incident")) == ("a", "model", None)


def test_what_a_model_that_follows_was_given_meanwhile_runs_afterwards() -> None:
    """O6."""
    made = model("a", follow=True)
    made.spec.pop("version")
    made.wait(8)
    on_its_way_back(made)
    create_anew(made, "img:x", replicas=4)
    made.rest()
    made.wait(MINUTES)

    assert (made.running, made.replicas, made.entry("incident")) == ("x", 4, None)


@pytest.mark.parametrize("came_back", [released, on_its_way_back])
def test_what_others_put_on_a_suspended_model_stays_and_gets_no_replica_more(
    came_back: Callable[[World], World],
) -> None:
    """J11, R1: nothing is put back, and nothing that nobody knows is started."""
    made = came_back(proven())
    before = made.replicas
    made.spec["suspend"] = True
    made.log.clear()
    create_anew(made, "img:x", replicas=before)
    made.wait(MINUTES)
    assert (made.running, made.replicas, made.decide().reason) == ("x", before, "Suspended")

    made.spec["suspend"] = False
    made.wait(MINUTES)
    assert (made.running, made.replicas, made.entry("incident")) == ("a", 4, None)


def test_a_suspended_model_that_is_at_zero_comes_back_with_its_own_template() -> None:
    """K9, J11: a person has released it, and what others put on was never started."""
    made = killed()
    made.spec["suspend"] = True
    create_anew(made, "img:x", replicas=0)
    made.release()
    made.wait(MINUTES)

    assert (made.running, made.replicas, made.entry("incident")) == ("a", 4, None)


def test_more_replicas_than_a_probation_admits_are_taken_from_a_suspended_model_too() -> None:
    """K9."""
    made = released()
    assert made.replicas == 1
    made.spec["suspend"] = True
    create_anew(made, "img:x", replicas=4)
    made.wait(MINUTES)

    assert (made.running, made.replicas) == ("x", 1)
