"""A kill whose Deployment is gone and has left pods: they run, so it is not done (semantics.md, K4)."""

import dataclasses

import pytest

from lastgood.decide import policy, world
from lastgood.decide.decision import Phase
from lastgood.decide.view import View
from lastgood.report import kills
from tests.unit.decide.scenes import killed


def without_a_deployment(*, terminating: tuple[bool, ...]) -> View:
    pods = tuple(
        world.Pod(f"m-5d4-{number}", f"p-{number}", None, ready=True, terminating=each)
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

    assert ["delete their ReplicaSet" in each for each in told] == [False, True]


def test_it_is_done_when_they_have_ended() -> None:
    view = without_a_deployment(terminating=())

    assert policy.decide(view).phase is Phase.KILLED
    assert kills.at_zero(view)
