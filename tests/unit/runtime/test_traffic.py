"""A kill with the fallback: whatever becomes of the traffic, the workload is stopped in the same drive (rule K1)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from lastgood.decide import facts, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import Settings
from lastgood.kube import client, errors, resources
from lastgood.observe.store import Key, Store
from lastgood.runtime import contest
from lastgood.runtime.driving import Driver, Outcome
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_holding import Api, named

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = ("ml", "fraud")
MODELS, RULES = {"app": "fraud"}, {"app": "rules"}
FALLBACK = {"workloadRef": {"name": "rules"}, "service": "front"}


def a_deployment(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "model", "image": name}]}}
    spec = {"replicas": 2, "template": template, "selector": {"matchLabels": labels}}
    return {"metadata": named(name), "spec": spec, "status": {"availableReplicas": 2}}


def a_model(**spec: Any) -> dict[str, Any]:
    asked = {
        "workloadRef": {"name": "fraud"},
        "versions": [{"name": "1", "image": "fraud"}],
        "fallback": FALLBACK,
        "killSwitch": {"action": "Fallback"},
        **spec,
    }
    return {"metadata": named("fraud") | {"uid": "m"}, "spec": asked}


class Services(Api):
    """An API server that has a Service and may refuse to give or to change it."""

    def __init__(self, *, gives: bool = True, takes: bool = True) -> None:
        switch = {"metadata": named("stop"), "spec": {"engaged": True, "models": ["fraud"]}}
        super().__init__(
            (resources.MODEL_DEPLOYMENTS, a_model()),
            (resources.DEPLOYMENTS, a_deployment("fraud", MODELS)),
            (resources.DEPLOYMENTS, a_deployment("rules", RULES)),
            (resources.SERVICES, {"metadata": named("front"), "spec": {"selector": MODELS}}),
            (resources.KILL_SWITCHES, {**switch, "kind": "KillSwitch"}),
        )
        self.gives, self.takes, self.conflicts = gives, takes, 0

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        if resource is resources.SERVICES and not self.gives:
            raise errors.Forbidden("services is forbidden")
        return await super().get(resource, namespace, name)

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: Any,
        *,
        subresource: str | None = None,
    ) -> client.Object:
        if resource is resources.SERVICES:
            if not self.takes:
                raise errors.Forbidden("services is forbidden")
            if self.conflicts:
                self.conflicts -= 1
                raise errors.Conflict("the object has been modified")
            body = {"spec": {"selector": body[1]["value"]}}
        raw = await super().patch(resource, namespace, name, body, subresource=subresource)
        raw["metadata"] = {**raw["metadata"], "resourceVersion": str(len(self.patched) + 1)}
        return raw

    def spec(self, resource: resources.Resource, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.objects[resource, name]["spec"]
        return found


class Anyone:
    """May act, and is told nothing."""

    def may_act(self) -> bool:
        return True

    def recorded(self, key: Key, decision: Decision) -> None:
        pass

    def forget(self, key: Key) -> None:
        pass


async def killed(api: Services, memory: Memory) -> Outcome:
    store = Store()
    for (resource, _), raw in api.objects.items():
        store.put(resource, raw)
    driver = Driver(
        cluster=cast("Any", api),
        store=store,
        actor=Anyone(),
        reports=Anyone(),
        settings=Settings(),
        clock=lambda: NOW,
    )
    return await driver.drive(KEY, memory)


async def test_traffic_is_switched_before_the_workload_is_scaled() -> None:
    """K1."""
    api = Services()
    outcome = await killed(api, Memory())

    assert api.patched[:3] == ["KillSwitch stop", "Service front", "Deployment fraud"]
    assert api.spec(resources.KILL_SWITCHES, "stop")["restore"][0]["traffic"] == {
        "service": "front",
        "selector": MODELS,
    }
    assert (api.spec(resources.SERVICES, "front"), outcome.again_in) == ({"selector": RULES}, None)


@pytest.mark.parametrize("refusal", [{"gives": False}, {"takes": False}])
async def test_a_service_that_cannot_be_had_keeps_no_kill_from_happening(refusal: dict[str, bool]) -> None:
    """K1, K6."""
    api = Services(**refusal)
    await killed(api, Memory())

    assert api.spec(resources.DEPLOYMENTS, "fraud")["replicas"] == 0
    assert api.spec(resources.SERVICES, "front") == {"selector": MODELS}


async def test_a_refused_service_is_told_of_and_tried_again_later_and_later() -> None:
    """K1."""
    api, memory = Services(takes=False), Memory()
    outcome = await killed(api, memory)

    assert (outcome.again_in, memory.traffic_refused) == (timedelta(seconds=0.2), "services is forbidden")
    assert outcome.told is not None
    assert outcome.told[1].traffic_refused == "services is forbidden"


async def test_a_service_that_changes_at_the_same_moment_is_observed_again_and_switched() -> None:
    """F3."""
    api, memory = Services(), Memory()
    api.conflicts = 1
    outcome = await killed(api, memory)

    assert api.spec(resources.DEPLOYMENTS, "fraud")["replicas"] == 0
    assert (api.spec(resources.SERVICES, "front"), outcome.again_in) == ({"selector": RULES}, None)
    assert memory.traffic_refused == ""


def test_a_scale_up_of_a_killed_model_is_undone_at_once_however_its_traffic_is_refused() -> None:
    """K5."""
    service = world.Service("front", "s", "1", selector=MODELS)
    workload = world.Workload("fraud", "d", "1", replicas=3, template={}, digest="d")
    traffic, scale = steps.SwitchTraffic(service, RULES, to="rules"), steps.Scale(workload, 0)
    memory = Memory()
    contest.note_refusal(traffic, memory, NOW)
    contest.note(scale, memory, NOW)

    assert contest.wait_before(Decision(Phase.STOPPING, steps=(traffic, scale)), memory, NOW) is None
    assert contest.wait_before(Decision(Phase.KILLED, steps=(traffic,)), memory, NOW) is not None


def test_who_changes_the_service_is_named_and_is_undone_at_once_ten_times_then_each_second() -> None:
    """K5."""
    service = world.Service("front", "s", "1", selector=MODELS, selected_by="helm")
    step, memory, waits = steps.SwitchTraffic(service, RULES, to="rules"), Memory(), []
    for second in range(20):
        now = NOW + timedelta(milliseconds=second)
        waits.append(contest.wait_before(Decision(Phase.KILLED, steps=(step,)), memory, now) is not None)
        contest.note(step, memory, now)

    assert waits == [False] * 11 + [True] * 9
    assert contest.contested(memory, NOW).startswith(
        "helm has undone it at least 10 times (traffic to rules)"
    )


def test_a_change_of_the_service_or_of_the_fallback_concerns_the_model() -> None:
    store, service = Store(), {"metadata": named("front"), "spec": {"selector": MODELS}}
    store.put(resources.MODEL_DEPLOYMENTS, a_model())

    assert store.put(resources.SERVICES, service) == {KEY}
    assert store.put(resources.DEPLOYMENTS, a_deployment("rules", RULES)) == {KEY}
    without = a_model(fallback=None, killSwitch={})
    without["metadata"]["resourceVersion"] = "2"
    store.put(resources.MODEL_DEPLOYMENTS, without)
    assert store.put(resources.SERVICES, service) == set()
    assert store.put(resources.DEPLOYMENTS, a_deployment("rules", RULES)) == set()
    taken = {"workload": "fraud", "replicas": 2, "traffic": {"service": "front", "selector": MODELS}}
    store.put(resources.KILL_SWITCHES, {"metadata": named("stop"), "spec": {"restore": [taken]}})
    assert store.put(resources.SERVICES, service) == {KEY}, "its traffic was taken from it"


def test_of_a_service_only_what_counts_is_kept() -> None:
    store = Store()
    store.put(
        resources.SERVICES, {"metadata": named("front"), "spec": {"ports": [{"port": 80}]}, "status": {}}
    )

    assert store.services["ml", "front"] == {"metadata": named("front"), "spec": {"selector": {}}}


def test_a_rollback_and_its_traffic_are_contested_apart() -> None:
    workload = world.Workload("fraud", "d", "1", replicas=3, template={}, digest="d")
    back = steps.SwitchTemplate(workload=workload, template={}, version="1", why=facts.Why.ROLLBACK)
    traffic = steps.SwitchTraffic(world.Service("front", "s", "1", selector={}), RULES, to="rules")
    memory = Memory()
    for step in (back, traffic, back):
        contest.note(step, memory, NOW)

    assert "has undone it once (Rollback to 1)" in contest.contested(memory, NOW)
