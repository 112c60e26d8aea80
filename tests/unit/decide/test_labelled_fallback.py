"""The fallback's pods say what they are, so that metrics tell them from the model's (semantics.md, V3; api.md)."""

import dataclasses

import pytest

from lastgood.decide import steps, world
from lastgood.decide.decision import Decision
from tests.unit.decide.scenes import with_fallback
from tests.unit.decide.simulator import World

FALLBACK = {"lastgood.dev/track": "fallback"}


def pod(name: str, labels: dict[str, str] | None = None, *, terminating: bool = False) -> world.Pod:
    return world.Pod(
        name=name, uid=name, digest="rules", ready=True, terminating=terminating, labels=labels or {}
    )


def with_pods(*pods: world.Pod) -> World:
    made = with_fallback()
    assert made.stand_in is not None
    made.stand_in = dataclasses.replace(made.stand_in, pods=pods)
    return made


def labelled(decision: Decision) -> list[tuple[str, dict[str, str]]]:
    return [(step.pod.name, dict(step.labels)) for step in decision.steps if isinstance(step, steps.LabelPod)]


def test_live_pods_of_the_fallback_are_labelled_and_nothing_else_of_it_is_touched() -> None:
    """O5: by PATCH, without a restart."""
    decision = with_pods(pod("rules-1"), pod("rules-2"), pod("rules-3", terminating=True)).decide()
    assert labelled(decision) == [("rules-1", FALLBACK), ("rules-2", FALLBACK)]
    assert len(decision.steps) == 2
    assert decision.records == ()


@pytest.mark.parametrize("track", ["fallback", "stable", "mine"])
def test_a_pod_that_says_what_it_is_keeps_its_word(track: str) -> None:
    """B2: nobody is fought over it: of a fallback that is a model by itself, or that stands in for several."""
    decision = with_pods(pod("rules-1", {"lastgood.dev/track": track})).decide()
    assert (decision.steps, decision.reason) == ((), "Serving")


def test_a_killed_model_labels_nothing_before_it_is_at_zero() -> None:
    """K6."""
    made = with_pods(pod("rules-1"))
    made.engage()
    made.round()
    assert labelled(made.decide()) == []
