"""A fallback on a real API server: whose pods the Service's endpoints are, in a kill and after (K1, K5, K9, R1, V3)."""

from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "front"},
    "spec": {"selector": {"app": "fraud"}, "ports": [{"port": 8080}]},
}
FALLBACK = {"workloadRef": {"name": "fraud-rules"}, "service": "front"}
PROBATION = {"recovery": {"probation": {"replicas": 1, "duration": "2s"}}}


def served_by(world: World) -> str:
    """Return the app whose ready pods the Service's endpoints are; nothing for none, or for several."""
    ready = [
        endpoint["targetRef"]["name"]
        for each in world.all_of("endpointslice")
        if each["metadata"]["labels"].get("kubernetes.io/service-name") == "front"
        for endpoint in each.get("endpoints") or []
        if endpoint["conditions"].get("ready")
    ]
    apps = {pod["metadata"]["name"]: pod["metadata"]["labels"]["app"] for pod in world.all_of("pods")}
    found = {apps.get(name, "a pod that is gone") for name in ready}
    return found.pop() if len(found) == 1 else ""


def tracks(world: World) -> set[str]:
    """Return what the fallback's pods say that they are."""
    labels = (pod["metadata"]["labels"] for pod in world.all_of("pods"))
    return {each.get("lastgood.dev/track", "") for each in labels if each["app"] == "fraud-rules"}


def told(world: World) -> str:
    return seeing.condition(world, "Degraded")[1]


def a_model_with_a_fallback_serves(world: World, **spec: Any) -> None:
    world.measures(error_ratio=0.0)
    switch = {"action": "Fallback", **PROBATION}
    world.apply(
        SERVICE,
        deployment("fraud", image="fraud:1.4.0"),
        deployment("fraud-rules", image="rules:1", replicas=2),
        model(version="1.4.0", fallback=FALLBACK, killSwitch=switch, **spec),
    )


def test_a_fallback_serves_for_a_killed_model_and_gives_its_traffic_back(world: World) -> None:
    """K1, K5, K9."""
    with world.operator():
        a_model_with_a_fallback_serves(world)
        world.eventually(lambda: seeing.verdict(world, "1.4.0") == "Good")
        world.eventually(lambda: served_by(world) == "fraud")
        world.apply(
            deployment("churn", image="churn:1.4.0"), model("churn", version="1.4.0", fallback=FALLBACK)
        )  # by the same Service, which cannot follow two models
        world.eventually(lambda: seeing.condition(world, "Degraded", "churn") == ("True", "ServiceConflict"))
        assert told(world) == "NotDegraded"
        world.eventually(lambda: tracks(world) == {"fallback"})
        seeing.engage(world)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        world.eventually(lambda: served_by(world) == "fraud-rules")
        world.eventually(lambda: told(world) == "Fallback")
        assert world.get("deployment", "fraud-rules")["spec"]["replicas"] == 2
        assert world.get("mdep", "fraud")["status"]["killSwitch"]["servedBy"] == "fraud-rules"

        world.apply(SERVICE)  # as a pipeline does that knows nothing of the kill
        world.eventually(lambda: "kubectl" in _contested(world))
        world.eventually(lambda: served_by(world) == "fraud-rules")
        world.kubectl("delete", "service", "front")
        world.eventually(lambda: told(world) == "TrafficNotSwitched")
        world.apply(SERVICE)
        world.eventually(lambda: served_by(world) == "fraud-rules")

        seeing.release(world)
        world.eventually(lambda: served_by(world) == "fraud")
        world.eventually(lambda: seeing.entries(world, "fraud-spec") == [])
        world.eventually(lambda: told(world) == "NotDegraded")
        assert seeing.replicas(world) == 3
        assert world.get("service", "front")["spec"]["selector"] == SERVICE["spec"]["selector"]  # type: ignore[index]


def test_a_fallback_takes_over_from_a_bad_version_when_it_can_and_people_end_that(world: World) -> None:
    """R1, K9: through the death of the operator, and through a breach in probation."""
    with world.operator() as first:
        a_model_with_a_fallback_serves(world, rollout={"bake": "1h"})
        world.kubectl("scale", "deployment", "fraud-rules", "--replicas=0")
        world.eventually(lambda: told(world) == "FallbackNotReady")
        world.measures(error_ratio=0.4)
        world.eventually(lambda: seeing.verdict(world, "1.4.0") == "Bad")
        world.eventually(lambda: seeing.condition(world, "Degraded") == ("True", "FallbackNotReady"))
        assert (seeing.replicas(world), served_by(world)) == (3, "fraud"), "it is not stopped for nobody"
        world.kubectl("scale", "deployment", "fraud-rules", "--replicas=2")
        world.eventually(lambda: seeing.replicas(world) == 0)
        first.kill()
    with world.operator():
        world.eventually(lambda: served_by(world) == "fraud-rules")
        assert world.get("kswitch", "fraud")["spec"]["action"] == "Fallback"

        world.kubectl("annotate", "mdep", "fraud", "lastgood.dev/resume=1.5.0")
        world.kubectl("patch", "kswitch", "fraud", "--type=merge", "-p", '{"spec":{"engaged":false}}')
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Bad")  # it breaches in probation
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.eventually(lambda: served_by(world) == "fraud-rules")

        world.measures(error_ratio=0.0)
        world.kubectl("patch", "kswitch", "fraud", "--type=merge", "-p", '{"spec":{"engaged":false}}')
        world.kubectl("annotate", "mdep", "fraud", "lastgood.dev/resume=1.6.0")
        world.eventually(lambda: seeing.replicas(world) == 3)
        world.eventually(lambda: served_by(world) == "fraud")
        assert seeing.image(world) == "fraud:1.6.0"


def _contested(world: World) -> str:
    conditions = world.get("mdep", "fraud")["status"]["conditions"]
    return str(next(each["message"] for each in conditions if each["type"] == "Contested"))
