"""Pods that a Deployment has left when it was deleted: they run, so no kill is done, and people are told (K4, B1)."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from lastgood.decide import policy, world
from lastgood.decide.decision import Phase
from lastgood.decide.view import View
from lastgood.report import kills
from tests.unit.decide import scenes
from tests.unit.decide.scenes import killed


def without_a_deployment(*, terminating: tuple[bool, ...]) -> View:
    pods = tuple(
        world.Pod(f"m-5d4-{number}", f"p-{number}", None, ready=True, terminating=each, left=True)
        for number, each in enumerate(terminating)
    )
    return dataclasses.replace(killed().view(), workload=None, orphans=pods)


@pytest.mark.parametrize("terminating", [(True,), (True, False), (False,)])
def test_a_kill_is_not_done_while_pods_of_the_deployment_that_is_gone_run(
    terminating: tuple[bool, ...],
) -> None:
    view = without_a_deployment(terminating=terminating)
    decision = policy.decide(view)

    assert (decision.phase, decision.records, decision.steps) == (Phase.STOPPING, (), ())
    assert "waiting for m-5d4-0" in decision.message
    assert (kills.pods_remaining(view), kills.at_zero(view)) == (len(terminating), False)


def test_who_orphaned_the_pods_is_told_what_keeps_them() -> None:
    """Nothing scales a ReplicaSet without a Deployment, and deleting its pods does not end them."""
    told = [policy.decide(without_a_deployment(terminating=each)).message for each in ((True,), (False,))]

    assert ["delete its ReplicaSet" in each for each in told] == [False, True]


def test_it_is_done_when_they_have_ended() -> None:
    view = without_a_deployment(terminating=())

    assert policy.decide(view).phase is Phase.KILLED
    assert kills.at_zero(view)


ORPHAN = world.Pod("m-5d4-0", "p-0", None, ready=True, terminating=False, left=True)


def beside(view: View, pod: world.Pod = ORPHAN, **workload: Any) -> View:
    """Return a view with one more pod, which a Deployment before has left: the one of now has another selector."""
    assert view.workload is not None
    pods = (*view.workload.pods, pod)
    return dataclasses.replace(view, workload=dataclasses.replace(view.workload, pods=pods, **workload))


def test_who_left_pods_beside_a_deployment_of_another_selector_is_told_that_nothing_ends_them() -> None:
    """J7, B1: as long as they run nothing is judged, so the model is not guarded."""
    decision = policy.decide(beside(scenes.proven().view()))

    assert (decision.phase, decision.reason, decision.degraded) == (
        Phase.ROLLING_OUT,
        "PodsLeft",
        "PodsLeft",
    )
    assert "m-5d4-0" in decision.message
    assert "kubectl get replicasets -n ns" in decision.message


def test_what_ends_by_itself_is_waited_for() -> None:
    """A pod may also be known before the ReplicaSet that it is of, while a Deployment rolls out or is scaled."""
    made = scenes.model()
    made.wait(1)
    view = made.view()
    ending = dataclasses.replace(ORPHAN, terminating=True)

    told = [policy.decide(seen) for seen in (beside(view, ending), beside(view, complete=False))]
    assert [(each.reason, each.degraded) for each in told] == [("Baking", ""), ("WaitingForPods", "")]


def test_a_kill_beside_pods_that_nothing_ends_says_so() -> None:
    """K4."""
    view = beside(killed().view())
    decision = policy.decide(view)

    assert (decision.phase, decision.steps) == (Phase.STOPPING, ())
    assert "waiting for m-5d4-0 to end" in decision.message
    assert "delete its ReplicaSet" in decision.message


def test_traffic_does_not_return_to_pods_that_nobody_knows_and_says_why() -> None:
    """K9, B1."""
    made = scenes.with_fallback(action="Fallback")
    made.engage()
    made.wait(1)
    made.release()
    view = made.view()
    for _ in range(100):
        if made.round().reason == "ReturningTraffic":
            break
        view = made.view()

    decision = policy.decide(beside(view))
    assert (decision.reason, decision.degraded) == ("PodsLeft", "PodsLeft")
    assert "traffic returns" in decision.message


def test_a_probation_beside_pods_that_nothing_ends_says_why_it_lasts() -> None:
    """K9, B1."""
    made = scenes.released()
    made.wait(200)
    view = dataclasses.replace(beside(made.view()), good_for=timedelta(0))
    decision = policy.decide(view)

    assert decision.degraded in ("NotEnoughData", "PodsLeft")
    assert "m-5d4-0" in decision.message
