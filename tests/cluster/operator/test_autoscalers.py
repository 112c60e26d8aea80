"""Autoscalers of a killed model on a real API server, with the real HorizontalPodAutoscaler controller (K1, K3)."""

from typing import Any

import pytest

from tests.cluster.operator import external_metrics, keda, seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster

LONG: dict[str, Any] = {"killSwitch": {"recovery": {"probation": {"replicas": 1, "duration": "3s"}}}}
SCALES_TO_ZERO: dict[str, Any] = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "fraud"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"},
        "minReplicas": 0,
        "maxReplicas": 6,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        "metrics": [
            {
                "type": "External",
                "external": {
                    "metric": {"name": "queue"},
                    "target": {"type": "AverageValue", "averageValue": "1"},
                },
            }
        ],
    },
}


def hpa(world: World) -> tuple[int, int, str]:
    spec = world.get("hpa", "fraud")["spec"]
    return spec["minReplicas"], spec["maxReplicas"], spec["behavior"]["scaleUp"]["selectPolicy"]


def no_behavior() -> dict[str, Any]:
    """Return an autoscaler of the Deployment `ranker` that leaves its behavior to the defaults."""
    target = {**SCALES_TO_ZERO["spec"]["scaleTargetRef"], "name": "ranker"}
    spec = {key: value for key, value in SCALES_TO_ZERO["spec"].items() if key != "behavior"}
    return {**SCALES_TO_ZERO, "metadata": {"name": "ranker"}, "spec": {**spec, "scaleTargetRef": target}}


def said(world: World, kind: str) -> str:
    """Return the reason of a condition of the autoscaler."""
    conditions = world.get("hpa", "fraud").get("status", {}).get("conditions", [])
    return str({each["type"]: each["reason"] for each in conditions}.get(kind, ""))


def test_an_hpa_that_scales_to_zero_follows_the_load_of_a_live_model_and_not_of_a_killed_one(
    world: World,
) -> None:
    """R2, K3: it scales in the middle of a rollback, scales to zero, is held by a kill, and is given back."""
    with external_metrics.served(world) as queue, world.operator():
        queue.value = 2
        seeing.a_good_version_serves(world)
        world.apply(model(version="1.4.0", **LONG), SCALES_TO_ZERO)
        world.eventually(lambda: seeing.replicas(world) == 2)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0", **LONG))
        world.eventually(lambda: seeing.image(world) == "fraud:1.5.0")
        queue.value = 4
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        world.eventually(lambda: seeing.replicas(world) == 4)
        assert seeing.image(world) == "fraud:1.4.0"
        assert len(seeing.rollbacks(world)) == 1
        assert seeing.condition(world, "Contested")[0] == "False", "replicas are no part of a rollback"

        queue.value = 0
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.eventually(lambda: said(world, "ScaledToZero") == "ScaledToZero")
        seeing.engage(world)
        world.eventually(lambda: hpa(world) == (0, 6, "Disabled"))
        before = world.get("deployment", "fraud")["metadata"]["generation"]
        queue.value = 5
        world.eventually(lambda: said(world, "ScalingLimited") == "ScaleUpLimit")
        world.kubectl("patch", "hpa", "fraud", "--type=merge", "-p", '{"spec":{"maxReplicas":5}}')
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        assert world.get("deployment", "fraud")["metadata"]["generation"] == before, "nobody has started it"

        seeing.release(world)
        world.eventually(lambda: hpa(world)[:2] == (1, 1))
        world.eventually(lambda: hpa(world) == (0, 5, "Max"))
        world.eventually(lambda: seeing.replicas(world) == 5)
        world.eventually(lambda: seeing.entries(world, "fraud-spec") == [])


def test_keda_pauses_for_a_kill_and_goes_on_afterwards_as_it_was_asked_to(world: World) -> None:
    """K2, K3: the model's own ScaledObject, and the autoscalers of Deployments that only the switch names."""

    def paused(name: str) -> str | None:
        annotations = world.get("so", name)["metadata"].get("annotations", {})
        return annotations.get(keda.PAUSED)  # type: ignore[no-any-return]

    def batch() -> int:
        return int(world.get("deployment", "batch")["spec"]["replicas"])

    def ranker() -> dict[str, Any]:
        found: dict[str, Any] = world.get("hpa", "ranker")["spec"]
        return found

    with keda.playing(world) as player, world.operator():
        player.metric = 4
        seeing.a_good_version_serves(world)
        world.apply(
            deployment("batch", image="batch:1"), deployment("ranker", image="ranker:1"), no_behavior()
        )
        as_applied = ranker()
        world.apply(keda.scaled_object("fraud"), keda.scaled_object("batch", paused="2"))
        world.apply(model(version="1.4.0", **LONG))
        world.eventually(lambda: (seeing.replicas(world), batch()) == (4, 2))

        switch = {
            "apiVersion": "lastgood.dev/v1alpha1",
            "kind": "KillSwitch",
            "metadata": {"name": "incident"},
            "spec": {
                "engaged": True,
                "reason": "INC-3",
                "models": ["fraud"],
                "workloads": ["batch", "ranker"],
            },
        }
        world.apply(switch)
        world.eventually(lambda: (paused("fraud"), paused("batch")) == ("0", "0"))
        world.eventually(
            lambda: ranker().get("behavior", {}).get("scaleUp", {}).get("selectPolicy") == "Disabled"
        )
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        world.eventually(lambda: [each["metadata"]["name"] for each in world.all_of("hpa")] == ["ranker"])
        player.metric = 6
        world.kubectl("annotate", "so", "fraud", f"{keda.PAUSED}-")
        world.eventually(lambda: paused("fraud") == "0")
        world.eventually(lambda: (seeing.replicas(world), batch(), seeing.pods(world)) == (0, 0, []))

        world.kubectl("patch", "kswitch", "incident", "--type=merge", "-p", '{"spec":{"engaged":false}}')
        world.eventually(lambda: (paused("fraud"), paused("batch")) == ("1", "2"))
        world.eventually(lambda: paused("fraud") is None)
        world.eventually(lambda: (seeing.replicas(world), batch()) == (6, 2))
        world.eventually(lambda: seeing.entries(world, "incident") == [])
        assert ranker() == as_applied, "what the API server has filled in beside our hold is gone with it"
        assert "lastgood" not in keda.managers(world.get("hpa", "keda-hpa-fraud"))
