"""The acts that stories are made of: what people and models do, and where that must lead."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation import evidence, sight
from tests.simulation.controllers import image_of
from tests.simulation.objects import Object
from tests.simulation.prometheus import Signal
from tests.simulation.scene import GITOPS, NAMESPACE, PERSON, deployment_spec
from tests.simulation.world import World

Do = Callable[[World], None]
Reached = Callable[[World], bool]


@dataclass(frozen=True)
class Act:
    """What somebody does, and where that must lead."""

    name: str
    do: Do
    reached: Reached


# What people, and models, do


def nothing(world: World) -> None:
    """Let time pass."""


def ask(body: Object, *, by: str = PERSON) -> Do:
    def do(world: World) -> None:
        world.server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, "m", body, by=by)

    return do


def want(version: str) -> Do:
    return ask({"spec": {"version": version}}, by=GITOPS)


def breaching(version: str, threshold: str) -> Do:
    return lambda world: world.prometheus.say(("m", version, threshold), Signal.BAD)


def calm(version: str, threshold: str) -> Do:
    return lambda world: world.prometheus.say(("m", version, threshold), Signal.FINE)


def crashing(version: str) -> Do:
    return lambda world: world.controllers.crashing.add(f"img:{version}")


def kill_field(engaged: bool) -> Do:
    return ask({"spec": {"killSwitch": {"engaged": engaged}}})


def engage_switch(spec: dict[str, Any]) -> Do:
    body = {"metadata": {"name": "incident"}, "spec": {"engaged": True, "reason": "leak", **spec}}
    return lambda world: void(world.server.create(resources.KILL_SWITCHES, NAMESPACE, body, by=PERSON))


def engage_everywhere(world: World) -> None:
    body = {"metadata": {"name": "recall"}, "spec": {"engaged": True, "reason": "leak"}}
    world.server.create(resources.CLUSTER_KILL_SWITCHES, "", body, by=PERSON)


def created_anew(replicas: int) -> Do:
    """Let somebody delete the Deployment, and create it with so many replicas."""

    def do(world: World) -> None:
        body = {"metadata": {"name": "m"}, "spec": deployment_spec(world.scene, "m", replicas=replicas)}
        world.server.delete(resources.DEPLOYMENTS, (NAMESPACE, "m"), by=GITOPS)
        world.server.create(resources.DEPLOYMENTS, NAMESPACE, body, by=GITOPS)

    return do


def pods_hang(hanging: bool) -> Do:
    """Let pods that are deleted stay, terminating, or end again."""

    def do(world: World) -> None:
        world.controllers.hanging = hanging
        world.controllers.disturb()

    return do


def call(version: str, worth: str) -> Do:
    def do(world: World) -> None:
        body = {"metadata": {"annotations": {names.ANNOTATION_VERDICT: worth}}}
        for each in sight.now(world.server, "m").checkpoints:
            if each["spec"]["saved"]["version"] == version:
                name = each["metadata"]["name"]
                world.server.patch(resources.MODEL_CHECKPOINTS, NAMESPACE, name, body, by=PERSON)

    return do


def release_all(world: World) -> None:
    for namespace, name in list(world.server.of(resources.KILL_SWITCHES)):
        released = {"spec": {"engaged": False}}
        world.server.patch(resources.KILL_SWITCHES, namespace, name, released, by=PERSON)


def together(*done: Do) -> Do:
    def do(world: World) -> None:
        for each in done:
            each(world)

    return do


def void(_: object) -> None:
    """Take what a call returns, and return nothing."""


# Where it must lead


def serves(version: str, *, bad: str = "") -> Reached:
    """Whether all models run a Good version whole, and another is remembered as Bad."""

    def reached(world: World) -> bool:
        return all(_serves(sight.now(world.server, name), version, bad) for name in world.scene.models)

    return reached


def _serves(seen: sight.Sight, version: str, bad: str) -> bool:
    deployment = seen.deployment
    if deployment is None or image_of(deployment["spec"]["template"]) != f"img:{version}" or seen.entries:
        return False
    counts = [deployment["status"][name] for name in ("replicas", "updatedReplicas", "availableReplicas")]
    worth = {each["spec"]["saved"]["version"]: sight.worth(each) for each in seen.checkpoints}
    return counts == [3, 3, 3] and worth.get(version) == "Good" and (not bad or worth.get(bad) == "Bad")


def killed(world: World) -> bool:
    """Whether every model is held at zero, and nothing of it runs."""
    for name in world.scene.models:
        seen = sight.now(world.server, name)
        if not seen.engaged or not seen.entries or seen.replicas or evidence.pods_of(world.server, name):
            return False
    return True


def has_pods(number: int) -> Reached:
    return lambda world: all(
        len(evidence.pods_of(world.server, each)) == number for each in world.scene.models
    )


def held_with_pods(number: int) -> Reached:
    """Whether every model is held at zero, and so many pods of it still end."""

    def reached(world: World) -> bool:
        seen = [sight.now(world.server, name) for name in world.scene.models]
        return all(each.engaged and each.entries for each in seen) and has_pods(number)(world)

    return reached


def waits(world: World) -> bool:
    """Whether every model is released and stays at zero."""
    seen = [sight.now(world.server, name) for name in world.scene.models]
    return all(not each.engaged and bool(each.entries) and each.replicas == 0 for each in seen)


def is_called(version: str, worth: str) -> Reached:
    def reached(world: World) -> bool:
        saved = sight.now(world.server, "m").checkpoints
        return {sight.worth(each) for each in saved if each["spec"]["saved"]["version"] == version} == {worth}

    return reached
