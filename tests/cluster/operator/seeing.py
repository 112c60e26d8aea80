"""What a person with kubectl sees of the model `fraud`, and what they do to it."""

import json

from tests.cluster.operator.running import World, deployment, model


def image(world: World) -> str:
    found = world.get("deployment", "fraud")["spec"]["template"]["spec"]["containers"][0]["image"]
    return str(found)


def replicas(world: World) -> int:
    return int(world.get("deployment", "fraud")["spec"]["replicas"])


def pods(world: World) -> list[str]:
    return [pod["metadata"]["name"] for pod in world.all_of("pods")]


def verdict(world: World, version: str) -> str:
    found = [c["spec"] for c in world.all_of("mckpt") if c["spec"]["saved"]["version"] == version]
    return str(found[0]["verdict"]["value"]) if found else ""


def condition(world: World, kind: str, model: str = "fraud") -> tuple[str, str]:
    status = world.get("mdep", model).get("status") or {}
    found = {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions") or []}
    return found.get(kind, ("", ""))


def rollbacks(world: World) -> list[str]:
    return [
        activation["at"]
        for checkpoint in world.all_of("mckpt")
        for activation in checkpoint["spec"].get("activations") or []
        if activation["reason"] == "Rollback"
    ]


def engage(world: World, **asked: str) -> None:
    body = {"spec": {"killSwitch": {"engaged": True, "reason": "INC-1", **asked}}}
    world.kubectl("patch", "mdep", "fraud", "--type=merge", "-p", json.dumps(body))


def release(world: World) -> None:
    world.kubectl("patch", "mdep", "fraud", "--type=merge", "-p", '{"spec":{"killSwitch":{"engaged":false}}}')


def a_good_version_serves(world: World) -> None:
    world.measures(error_ratio=0.0)
    world.apply(deployment("fraud", image="fraud:1.4.0"), model(version="1.4.0"))
    world.eventually(lambda: verdict(world, "1.4.0") == "Good")


def entries(world: World, switch: str) -> list[object]:
    found = world.get("kswitch", switch)["spec"].get("restore") or []
    return list(found)
