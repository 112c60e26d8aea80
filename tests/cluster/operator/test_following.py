"""A model that follows its Deployment, as CI and people change it with kubectl (semantics.md, O6, O7)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster

FOLLOWS: dict[str, Any] = {"follow": True, "versions": []}


def following(**spec: Any) -> dict[str, Any]:
    """A model without versions; `version` is left out."""
    made = model(version="", **FOLLOWS, **spec)
    del made["spec"]["version"]
    return made


def deployed(world: World, version: str) -> None:
    """CI ships a version: it changes the image, and nothing else."""
    world.kubectl("set", "image", "deployment/fraud", f"model=fraud:{version}")


def state(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.get("mdep", "fraud").get("status") or {}
    return found


def activations(world: World, version: str) -> list[str]:
    found = [c["spec"] for c in world.all_of("mckpt") if c["spec"]["saved"]["version"] == version]
    return [each["reason"] for spec in found for each in spec.get("activations") or []]


def test_what_ci_ships_is_baked_gone_back_from_put_back_and_followed_by_the_next(world: World) -> None:
    with world.operator():
        world.measures_by_version(v1_5_0=0.0, v1_6_0=0.0, v1_3_0=0.0)
        world.apply(deployment("fraud", image="fraud:1.4.0"), following(thresholds=[]))
        world.eventually(lambda: state(world).get("state") == "Serving")
        deployed(world, "1.5.0")
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Good")
        assert activations(world, "1.5.0") == ["Followed"]
        assert {
            pod["metadata"]["labels"]["lastgood.dev/version"]
            for pod in world.all_of("pods")
            if not pod["metadata"].get("deletionTimestamp")
        } == {"1.5.0"}

        world.apply(following())
        world.measures_by_version(v1_5_0=0.0, v1_6_0=0.9, v1_3_0=0.0)
        deployed(world, "1.6.0")
        world.eventually(lambda: seeing.verdict(world, "1.6.0") == "Bad")
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        assert seeing.image(world) == "fraud:1.5.0"
        assert (state(world)["activeVersion"], state(world)["desiredVersion"]) == ("1.5.0", "1.6.0")
        for _ in range(2):
            deployed(world, "1.6.0")  # CI applies it again
            world.eventually(lambda: seeing.image(world) == "fraud:1.5.0")
        world.eventually(lambda: seeing.condition(world, "Contested")[0] == "True")
        assert len(seeing.rollbacks(world)) == 1

        deployed(world, "1.3.0")
        world.eventually(lambda: seeing.verdict(world, "1.3.0") == "Good")
        checkpoints = len(world.all_of("mckpt"))
        world.kubectl("rollout", "restart", "deployment/fraud")
        world.kubectl("rollout", "undo", "deployment/fraud", "--to-revision=2")  # 1.5.0, which is known
        world.eventually(lambda: state(world)["activeVersion"] == "1.5.0")
        assert len(world.all_of("mckpt")) == checkpoints
        assert seeing.verdict(world, "1.6.0") == "Bad"


def test_other_content_of_a_config_map_is_noted_and_starts_the_bake_again(world: World) -> None:
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"MODE": "fast"},
    }
    with_settings = deployment("fraud", image="fraud:1.4.0")
    container = with_settings["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"configMapRef": {"name": "settings"}}]

    def checkpoint() -> dict[str, Any]:
        (found,) = world.all_of("mckpt")
        spec: dict[str, Any] = found["spec"]
        return spec

    def noted(holds: Callable[[dict[str, Any]], bool]) -> Callable[[], bool]:
        return lambda: holds(checkpoint().get("config") or {})

    with world.operator(flags=("--config-interval=300ms",)):
        world.measures(error_ratio=0.0)
        world.apply(settings, with_settings, model(version="1.4.0", rollout={"bake": "20s"}))
        world.eventually(lambda: len(world.all_of("mckpt")) == 1)
        world.eventually(lambda: checkpoint().get("config") or checkpoint()["saved"].get("configRefs"))
        assert "changedAt" not in (checkpoint().get("config") or {})
        world.kubectl("patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"MODE":"slow"}}')
        world.eventually(noted(lambda config: "changedAt" in config))
        assert seeing.verdict(world, "1.4.0") == "Unproven"
        world.apply(model(version="1.4.0"))  # which bakes for a second
        world.eventually(lambda: seeing.verdict(world, "1.4.0") == "Good")
        world.kubectl("delete", "configmap", "settings")
        world.eventually(noted(lambda config: config["refs"][0]["hash"] == ""))
        assert seeing.verdict(world, "1.4.0") == "Good"
        world.eventually(lambda: state(world).get("state") == "Serving")
