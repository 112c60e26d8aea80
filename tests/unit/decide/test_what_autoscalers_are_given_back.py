"""Whatever becomes of a killed model and its autoscaler, what people want of it comes back (semantics.md, K3)."""

import dataclasses
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lastgood.decide import world
from tests.unit.decide.scaling import hpa, scaled_object
from tests.unit.decide.scenes import proven
from tests.unit.decide.simulator import World

HPAS = [hpa(0), hpa(2), hpa(0, scale_up="Max"), hpa(2, scaled_to_zero=True), hpa(0, scaled_to_zero=True)]
SCALED_OBJECTS = [scaled_object(0), scaled_object(2), scaled_object(0, paused_replicas=5)]
WISHES: dict[str, list[dict[str, Any]]] = {
    "HorizontalPodAutoscaler": [
        {"min_replicas": 5},
        {"max_replicas": 8},
        {"min_replicas": 4, "max_replicas": 12},
        {"scale_up": "Min"},
    ],
    "ScaledObject": [
        {"paused_replicas": None},
        {"paused_replicas": 6},
        {"max_replicas": 12},
        {"min_replicas": 5},
    ],
}
"""By kind: what people ask for meanwhile; none of it is what the operator sets by itself, which looks the same."""


class Watched:
    """A model with an autoscaler, and what people want that to be set to."""

    def __init__(self, scaler: world.Autoscaler) -> None:
        self.made = _serving()
        self.made.autoscaler, self.wanted = scaler, scaler.bounds
        self.created = 0

    def ask(self, wish: int) -> None:
        """A person changes the autoscaler."""
        assert self.made.autoscaler is not None
        wishes = WISHES[self.made.autoscaler.kind]
        fields = wishes[wish % len(wishes)]
        self.made.autoscaler = dataclasses.replace(self.made.autoscaler, **fields)
        self.wanted = dataclasses.replace(self.wanted, **fields)

    def create_again(self, scaler: world.Autoscaler) -> None:
        """A person puts another autoscaler in its place."""
        self.created += 1
        again = dataclasses.replace(scaler, uid=f"again-{self.created}")
        self.made.autoscaler, self.wanted = again, scaler.bounds

    def release(self) -> None:
        """People release whatever is engaged, and want the version to run."""
        for switch in list(self.made.switches):
            self.made.release(switch.name)


def _serving() -> World:
    made = proven(killSwitch={"recovery": {"backoff": 1}}, versions=[{"name": "a", "image": "img:a"}])
    made.spec["thresholds"] = []
    return made


events = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 3)),
    st.tuples(st.just("engage"), st.sampled_from(["incident", "second"])),
    st.tuples(st.just("release"), st.sampled_from(["incident", "second"])),
    st.tuples(st.just("load"), st.sampled_from([0, 2, 7])),
    st.tuples(st.just("probation at"), st.integers(1, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 12])),
    st.tuples(st.just("die after"), st.integers(1, 3)),
    st.tuples(st.just("create again"), st.sampled_from([*HPAS, *SCALED_OBJECTS])),
)


def happen(watched: Watched, event: tuple[str, Any]) -> None:
    made, (what, detail) = watched.made, event
    match what:
        case "ask":
            watched.ask(detail)
        case "engage":
            made.engage(detail)
        case "release" if any(switch.name == detail for switch in made.switches):
            made.release(detail)
        case "load":
            made.load = detail
        case "probation at":
            made.spec["killSwitch"] = {"recovery": {"probation": {"replicas": detail}}}
        case "wait":
            made.wait(detail)
        case "die after":
            for _ in range(detail):
                made.round(only=1)
            made.crash()
        case "create again":
            watched.create_again(detail)


@example(
    HPAS[1],
    [("engage", "incident"), ("create again", HPAS[3]), ("wait", 1), ("create again", HPAS[0]), ("wait", 1)],
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*HPAS, *SCALED_OBJECTS]), st.lists(events, min_size=3, max_size=14))
def test_what_people_want_of_an_autoscaler_comes_back_and_nothing_runs_that_is_killed(
    scaler: world.Autoscaler, order: list[tuple[str, Any]]
) -> None:
    """K3."""
    watched = Watched(scaler)
    made = watched.made
    for event in order:
        happen(watched, event)
        if event[0] == "wait":
            assert not made.view().engaged or made.replicas == 0
    watched.release()
    made.wait(60)

    assert all(switch.entries == () for switch in made.switches)
    assert made.autoscaler is not None
    assert made.autoscaler.bounds == watched.wanted
