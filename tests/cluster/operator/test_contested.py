"""Tools that act against a rollback or a kill, once a second: our side holds, they are named, and writes stay few.

The rules are O6, K5 and K8; the tools are what GitOps controllers do, reduced to a loop.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster

ROUNDS = 8


@contextmanager
def each_second(act: Callable[[], object]) -> Iterator[None]:
    """Do something `ROUNDS` times, a second apart, while the block runs."""
    stop = threading.Event()

    def turn() -> None:
        for _ in range(ROUNDS):
            act()
            if stop.wait(1):
                return

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield
        thread.join()
    finally:
        stop.set()
        thread.join()


def applied_by(world: World, body: dict[str, Any], *flags: str) -> Callable[[], object]:
    """Return what applies a manifest again."""
    text = json.dumps(body)
    return lambda: world.cluster.kubectl("apply", "-n", world.namespace, *flags, "-f", "-", input=text)


def contested(world: World) -> str:
    """Return the sentence of the condition, while it is true."""
    status = world.get("mdep", "fraud").get("status") or {}
    found = [c for c in status.get("conditions") or [] if c["type"] == "Contested" and c["status"] == "True"]
    return str(found[0]["message"]) if found else ""


def generation(world: World) -> int:
    return int(world.get("deployment", "fraud")["metadata"]["generation"])


def states(world: World, *, seconds: float) -> set[str]:
    """Return every state that is told of the model in a span of time."""
    seen, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        seen.add(str(world.get("mdep", "fraud")["status"]["state"]))
    return seen


SERVER_SIDE = ("--server-side", "--force-conflicts", "--field-manager=argocd-controller")


def test_a_manifest_applied_each_second_does_not_undo_a_rollback(world: World) -> None:
    """O6, R4: it is put back from 1 s doubling, so a few times in the time of many applications."""
    manifest = deployment("fraud", image="fraud:1.5.0")
    with world.operator():
        seeing.a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        for flags, name in (((), "kubectl-client-side-apply"), (SERVER_SIDE, "argocd-controller")):
            before = generation(world)
            with each_second(applied_by(world, manifest, *flags)):
                world.eventually(lambda name=name: name in contested(world))  # type: ignore[misc]
            assert generation(world) - before <= 2 * (ROUNDS + 1)
            world.eventually(lambda: seeing.image(world) == "fraud:1.4.0")
        assert len(seeing.rollbacks(world)) == 1
        assert seeing.verdict(world, "1.5.0") == "Bad"


@pytest.mark.without_interlock
def test_neither_a_manifest_nor_a_controller_ends_a_kill(world: World) -> None:
    """K5, K8: also `engaged: false` in the manifest of the model releases nothing that a person engaged."""
    released = model(version="1.4.0")
    released["spec"]["killSwitch"]["engaged"] = False

    def by_patch() -> object:
        body = json.dumps({"spec": {"replicas": 3}})
        return world.kubectl(
            "patch", "deployment", "fraud", "-p", body, "--field-manager=somebodys-controller"
        )

    with world.operator():
        seeing.a_good_version_serves(world)
        seeing.engage(world)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        for flags, name in (((), "kubectl-client-side-apply"), (SERVER_SIDE, "argocd-controller")):
            world.kubectl(
                "patch", "mdep", "fraud", "--type=merge", "-p", '{"spec":{"killSwitch":{"engaged":true}}}'
            )
            applied_by(world, released, *flags)()
            world.eventually(lambda name=name: f"on the word of {name}" in contested(world))  # type: ignore[misc]
            assert seeing.replicas(world) == 0
        world.kubectl(
            "patch", "mdep", "fraud", "--type=merge", "-p", '{"spec":{"killSwitch":{"engaged":true}}}'
        )
        with each_second(lambda: world.kubectl("scale", "deployment", "fraud", "--replicas=3")):
            world.eventually(lambda: "somebody has undone it" in contested(world))
        with each_second(by_patch):
            world.eventually(lambda: "somebodys-controller has undone it" in contested(world))
            world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged") == ("Unknown", "Contested"))
            assert states(world, seconds=2) == {"Stopping"}, "what is told does not flap"
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.eventually(lambda: seeing.pods(world) == [])
