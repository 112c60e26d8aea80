"""The rung of the fallback in a status: who serves instead, or why nobody does (semantics.md, K1, R1, V3)."""

import dataclasses
from typing import Any

import pytest

from lastgood.decide import facts, world
from lastgood.decide.facts import Cause, Entry, Route, Switch
from lastgood.decide.view import View
from tests.unit.report import building

FALLBACK = {"fallback": {"workloadRef": {"name": "rules"}, "service": "front"}}
OWN, RULES = {"app": "fraud"}, {"app": "rules"}


def service(selector: dict[str, str]) -> world.Service:
    return world.Service("front", "s", "1", selector=selector)


def stand_in(available: int = 1) -> world.StandIn:
    return world.StandIn("rules", selector=RULES, labels=RULES, available=available)


def killed(traffic: world.Traffic, *, spec: dict[str, Any] | None = None, taken: bool = True) -> View:
    route = Route("front", OWN) if taken else None
    switch = Switch(
        "stop",
        engaged=True,
        cause=Cause.PERSON,
        reason="leak",
        models=("fraud",),
        entries=(Entry("fraud", "fraud", replicas=2, ceiling=0, traffic=route),),
    )
    return building.view(
        spec={**(FALLBACK if spec is None else spec), "killSwitch": {"action": "Fallback"}},
        checkpoints=[building.good_old()],
        switches=[switch],
        runs=building.workload(building.OLD, replicas=0),
        traffic=traffic,
    )


def serving(traffic: world.Traffic) -> View:
    return building.view(
        spec={**FALLBACK, "version": building.OLD},
        checkpoints=[building.good_old()],
        runs=building.workload(building.OLD),
        judgements=[building.judged()],
        traffic=traffic,
    )


def test_a_killed_model_says_who_serves_in_its_place() -> None:
    status = building.report(killed(world.Traffic(service(RULES), stand_in())))

    assert building.brief(status, "Degraded") == "True/Fallback"
    assert building.brief(status, "Ready") == "False/Fallback"
    assert building.brief(status, "KillSwitchEngaged") == "True/NoPodsLeft"
    assert status["killSwitch"]["servedBy"] == "rules"
    assert "traffic of fraud to rules" in building.condition(status, "Degraded")["message"]


@pytest.mark.parametrize(
    ("traffic", "reason", "said"),
    [
        (world.Traffic(service(RULES), stand_in(0)), "FallbackNotReady", "nobody is served"),
        (world.Traffic(service(OWN), None), "TrafficNotSwitched", "no Deployment rules"),
        (world.Traffic(None, stand_in()), "TrafficNotSwitched", "no Service front"),
        (world.Traffic(None, None, unread="503"), "TrafficNotSwitched", "503"),
    ],
)
def test_a_killed_model_that_nobody_serves_for_says_why(
    traffic: world.Traffic, reason: str, said: str
) -> None:
    """K1."""
    status = building.report(killed(traffic))

    assert building.brief(status, "Degraded") == f"True/{reason}"
    assert said in building.condition(status, "Degraded")["message"]


def test_a_killed_model_whose_service_is_switched_for_another_says_for_which() -> None:
    """K1."""
    status = building.report(killed(world.Traffic(service(OWN), stand_in(), claimed_by="churn"), taken=False))

    assert building.brief(status, "Degraded") == "True/TrafficNotSwitched"
    assert "for ModelDeployment churn" in building.condition(status, "Degraded")["message"]


def test_a_service_that_may_not_be_changed_is_told_of_with_what_the_api_server_said() -> None:
    """K1."""
    seen = killed(world.Traffic(service(OWN), stand_in()))
    status = building.report(dataclasses.replace(seen, traffic_refused="services is forbidden"))

    assert building.brief(status, "Degraded") == "True/TrafficNotSwitched"
    assert "services is forbidden" in building.condition(status, "Degraded")["message"]


def test_a_switch_that_asks_for_a_fallback_of_a_model_without_one_says_so() -> None:
    status = building.report(killed(world.Traffic(), spec={}, taken=False))

    assert building.brief(status, "Degraded") == "True/NoFallback"


@pytest.mark.parametrize(
    ("traffic", "degraded", "ready"),
    [
        (world.Traffic(service(OWN), stand_in()), "False/NotDegraded", "True/Serving"),
        (world.Traffic(service(OWN), stand_in(0)), "True/FallbackNotReady", "True/Serving"),
        (world.Traffic(service(OWN), None), "True/FallbackNotFound", "True/Serving"),
        (world.Traffic(None, stand_in()), "True/ServiceNotFound", "True/Serving"),
        (world.Traffic(service({}), stand_in()), "True/ServiceWithoutSelector", "True/Serving"),
        (
            world.Traffic(service(OWN), stand_in(), claimed_by="churn"),
            "True/ServiceConflict",
            "True/Serving",
        ),
        (
            world.Traffic(service(RULES), stand_in()),
            "True/FallbackSharesSelector",
            "False/FallbackSharesSelector",
        ),
    ],
)
def test_a_fallback_that_could_not_take_over_is_told_of_before_it_is_needed(
    traffic: world.Traffic, degraded: str, ready: str
) -> None:
    """V3."""
    status = building.report(serving(traffic))

    assert (building.brief(status, "Degraded"), building.brief(status, "Ready")) == (degraded, ready)


def test_a_model_on_its_way_back_is_served_by_the_fallback_until_its_pods_are_available() -> None:
    """K9."""
    seen = killed(world.Traffic(service(RULES), stand_in()))
    switch = seen.facts.switches[0]
    entry = dataclasses.replace(switch.entries[0], ceiling=1, probation=facts.Probation(building.NOON))
    released = dataclasses.replace(switch, engaged=False, entries=(entry,))
    starting = dataclasses.replace(
        seen,
        facts=dataclasses.replace(seen.facts, switches=(released,)),
        workload=building.workload(building.OLD, replicas=1, running=(), complete=False),
    )
    status = building.report(starting)

    assert building.brief(status, "Degraded") == "True/Fallback"
    assert building.brief(status, "Recovering") == "True/WaitingForPods"
    assert status["killSwitch"] == {"engaged": False, "replicasBefore": 2, "servedBy": "rules"}
