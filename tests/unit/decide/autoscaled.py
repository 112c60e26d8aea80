"""A model with an autoscaler, and what people do to that."""

import dataclasses

import pytest

from lastgood.decide import facts, world
from tests.unit.decide.scaling import hpa, scaled_object
from tests.unit.decide.scenes import proven
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
    assert (made.replicas, made.autoscaler and held_at_one(made.autoscaler)) == (1, True)
    made.wait(15)
    assert made.entry("incident") is None


def held_at_one(scaler: world.Autoscaler) -> bool:
    return scaler.paused_replicas == 1 or (scaler.min_replicas, scaler.max_replicas) == (1, 1)
