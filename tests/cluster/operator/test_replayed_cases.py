"""Cases that went wrong elsewhere, replayed with kubectl on a real API server."""

import json
import threading
from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster


def looks_on(world: World, *, times: int = 4) -> None:
    """Wait until Prometheus was asked some more times, and so every model was looked at."""
    asked = len(world.asked)
    world.eventually(lambda: len(world.asked) >= asked + times)


def ready(world: World, name: str) -> str:
    status = world.get("mdep", name).get("status") or {}
    found = {c["type"]: f"{c['status']}/{c['reason']}" for c in status.get("conditions") or []}
    return found.get("Ready", "")


def test_a_paused_rollout_does_not_fail_and_an_invalid_model_goes_on_once_it_is_corrected(
    world: World,
) -> None:
    """R6, B1, B2."""
    short: dict[str, Any] = {"rollout": {"bake": "1s", "progressDeadline": "2s"}}
    with world.operator():
        seeing.a_good_version_serves(world)
        world.apply(deployment("other", image="other:1.4.0"), model("other", version="1.4.0"))
        world.kubectl("rollout", "pause", "deployment/fraud")
        world.apply(model(version="1.5.0", **short))
        world.eventually(lambda: seeing.image(world) == "fraud:1.5.0")
        looks_on(world, times=6)
        assert seeing.verdict(world, "1.5.0") == "Unproven"
        world.kubectl("rollout", "resume", "deployment/fraud")
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Good")

        wrong = model(version="1.6.0")
        wrong["spec"]["workloadRef"]["container"] = "mdoel"
        world.apply(wrong)
        world.eventually(lambda: ready(world, "fraud") == "False/ContainerNotFound")
        world.apply(model("other", version="1.5.0"))
        world.eventually(lambda: ready(world, "other") == "True/Serving")
        world.eventually(
            lambda: (
                world.get("deployment", "other")["spec"]["template"]["spec"]["containers"][0]["image"]
                == "other:1.5.0"
            )
        )
        assert seeing.image(world) == "fraud:1.5.0"
        right = model(version="1.6.0")
        right["spec"]["workloadRef"]["container"] = "model"
        world.apply(right)
        world.eventually(lambda: seeing.verdict(world, "1.6.0") == "Good")
        assert seeing.image(world) == "fraud:1.6.0"
        assert seeing.rollbacks(world) == []


def test_a_rollback_while_somebody_scales_and_after_model_and_workload_were_deleted_and_created_again(
    world: World,
) -> None:
    """R2, F2, O5, P2."""
    stop, scaled = threading.Event(), []

    def scale() -> None:
        while not stop.is_set():
            for replicas in (2, 6, 4):
                world.kubectl("scale", "deployment/fraud", f"--replicas={replicas}")
                scaled.append(replicas)

    with world.operator():
        seeing.a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        scaling = threading.Thread(target=scale)
        scaling.start()
        try:
            world.apply(model(version="1.5.0"))
            world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Bad")
            world.eventually(lambda: seeing.image(world) == "fraud:1.4.0")
        finally:
            stop.set()
            scaling.join()
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        assert seeing.replicas(world) == scaled[-1]

    # The rollback is recorded. Somebody takes all away but the facts, and brings it back as Git has it.
    uid = world.get("deployment", "fraud")["metadata"]["uid"]
    world.kubectl("delete", "mdep,deployment", "fraud", "--wait")
    world.apply(deployment("fraud", image="fraud:1.5.0"), model(version="1.5.0"))
    with world.operator():
        world.eventually(lambda: seeing.image(world) == "fraud:1.4.0")
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        assert world.get("deployment", "fraud")["metadata"]["uid"] != uid
        assert (seeing.verdict(world, "1.4.0"), seeing.verdict(world, "1.5.0")) == ("Good", "Bad")
        assert len(seeing.rollbacks(world)) == 1
        looks_on(world)
        assert (seeing.image(world), seeing.replicas(world)) == ("fraud:1.4.0", 3)


def patch(world: World, name: str, **spec: Any) -> None:
    world.kubectl("patch", "mdep", name, "--type=merge", "-p", json.dumps({"spec": spec}))


def runs(world: World, name: str) -> tuple[str, int]:
    """Return the image and the replicas of a Deployment."""
    spec = world.get("deployment", name)["spec"]
    return str(spec["template"]["spec"]["containers"][0]["image"]), int(spec["replicas"])


def saved(world: World, name: str) -> set[tuple[str, str]]:
    """Return the Deployment and the version of each checkpoint of a model."""
    found = [each["spec"]["saved"] for each in world.all_of("mckpt")]
    return {(each["workload"], each["version"]) for each in found if each["model"] == name}


def the_model_moves_to_another_deployment_and_back(world: World, name: str) -> None:
    """O5, R1, K2: a model that runs 1.5.0 on Deployment fraud names Deployment next, and fraud again while killed."""
    left = world.get("deployment", "fraud")["metadata"]["generation"]
    patch(world, name, workloadRef={"name": "next"})
    world.eventually(lambda: ready(world, name) == "False/WorkloadNotFound")
    world.apply(deployment("next", image="fraud:1.4.0"))
    world.eventually(lambda: runs(world, "next") == ("fraud:1.5.0", 3))
    world.eventually(lambda: ready(world, name) == "True/Serving")
    assert saved(world, name) == {
        (each, version) for each in ("fraud", "next") for version in ("1.4.0", "1.5.0")
    }
    assert world.get("deployment", "next")["spec"]["template"]["metadata"]["labels"]["app"] == "next"
    assert world.get("deployment", "fraud")["metadata"]["generation"] == left, "nobody writes to it any more"

    patch(world, name, killSwitch={"engaged": True})
    world.kubectl("wait", f"mdep/{name}", "--for=condition=KillSwitchEngaged", "--timeout=60s")
    patch(world, name, workloadRef={"name": "fraud"})
    world.eventually(lambda: runs(world, "fraud") == ("fraud:1.5.0", 0))
    assert runs(world, "next") == ("fraud:1.5.0", 0)
    patch(world, name, killSwitch={"engaged": False})
    world.eventually(lambda: runs(world, "fraud") == ("fraud:1.5.0", 3))
    world.eventually(lambda: ready(world, name) == "True/Serving")
    assert runs(world, "next") == ("fraud:1.5.0", 0), "it is no model's, and is left to its owner"


def test_of_two_models_on_one_deployment_the_oldest_acts_and_the_other_may_name_another(world: World) -> None:
    """O7, O5, K2: and a kill of either stops it."""
    second = model(version="1.5.0")
    second["metadata"]["name"] = "late"
    with world.operator():
        seeing.a_good_version_serves(world)
        world.apply(second)
        world.eventually(lambda: ready(world, "late") == "False/WorkloadConflict")
        looks_on(world)
        assert seeing.image(world) == "fraud:1.4.0"
        kill = '{"spec":{"killSwitch":{"engaged":%s}}}'
        world.kubectl("patch", "mdep", "late", "--type=merge", "-p", kill % "true")
        for name in ("late", "fraud"):
            world.kubectl("wait", f"mdep/{name}", "--for=condition=KillSwitchEngaged", "--timeout=60s")
        assert seeing.replicas(world) == 0
        world.kubectl("patch", "mdep", "late", "--type=merge", "-p", kill % "false")
        world.eventually(lambda: seeing.replicas(world) == 3)
        world.kubectl("delete", "mdep", "fraud")
        world.eventually(lambda: seeing.image(world) == "fraud:1.5.0")
        the_model_moves_to_another_deployment_and_back(world, "late")
