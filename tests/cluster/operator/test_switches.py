"""Kill switches as a person with kubectl uses them: over a cluster, by name, by label, two at once."""

import json
from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster


def switch(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lastgood.dev/v1alpha1",
        "kind": "KillSwitch",
        "metadata": {"name": name},
        "spec": {"engaged": True, "reason": "INC-7", **spec},
    }


def replicas(world: World, name: str) -> int:
    return int(world.get("deployment", name)["spec"]["replicas"])


def conditions(world: World, kind: str, name: str) -> dict[str, str]:
    found = json.loads(world.kubectl("get", kind, name, "-o", "json")).get("status") or {}
    return {each["type"]: each["status"] for each in found.get("conditions") or []}


def released(world: World, kind: str, name: str) -> None:
    world.kubectl("patch", kind, name, "--type=merge", "-p", '{"spec":{"engaged":false}}')


def test_one_switch_for_the_cluster_kills_here_and_lets_go_when_a_person_says_so(world: World) -> None:
    """K2, K9: a ClusterKillSwitch engages a KillSwitch here, and one more for what that cannot be widened to.

    A release of one alone does not last.
    """
    name = f"pii-{world.namespace[-6:]}"
    first, second = f"cluster-{name}", f"cluster-{name}-2"
    world.kubectl("label", "namespace", world.namespace, f"stop={name}")
    here = {"namespaceSelector": {"matchLabels": {"stop": name}}}
    body = switch(name, models=["fraud"], **here) | {"kind": "ClusterKillSwitch"}
    try:
        with world.operator():
            seeing.a_good_version_serves(world)
            world.apply(body)
            world.eventually(lambda: replicas(world, "fraud") == 0)
            child = world.get("kswitch", first)
            assert child["metadata"]["labels"]["lastgood.dev/cause"] == "cluster"
            assert child["spec"]["reason"] == "INC-7"
            world.eventually(
                lambda: conditions(world, "ckswitch", name) == {"Engaged": "True", "Verified": "True"}
            )
        # Nobody is there to follow the release, so that what was engaged is engaged still when it is said anew.
        released(world, "ckswitch", name)
        other = {"engaged": True, "models": None, "selector": {"matchLabels": {"team": "risk"}}}
        world.kubectl("patch", "ckswitch", name, "--type=merge", "-p", json.dumps({"spec": other}))
        with world.operator():
            world.eventually(lambda: len(world.all_of("kswitch")) == 2)
            chosen = [world.get("kswitch", each)["spec"] for each in (first, second)]
            assert [(each["engaged"], each.get("models")) for each in chosen] == [
                (True, ["fraud"]),
                (True, None),
            ]
            assert chosen[1]["selector"] == other["selector"]
            released(world, "kswitch", second)
            world.eventually(lambda: world.get("kswitch", second)["spec"]["engaged"])
            world.kubectl("label", "namespace", world.namespace, "stop-")  # selection only adds
            churn = model("churn", version="1.4.0")
            churn["metadata"]["labels"] = {"team": "risk"}
            world.apply(deployment("churn", image="churn:1.4.0"), churn)
            world.eventually(lambda: replicas(world, "churn") == 0)
            released(world, "ckswitch", name)
            world.eventually(lambda: (replicas(world, "fraud"), replicas(world, "churn")) == (3, 3))
            world.eventually(lambda: conditions(world, "ckswitch", name).get("Engaged") == "False")
    finally:
        world.kubectl("delete", "ckswitch", name, "--ignore-not-found")


def test_switches_over_names_and_labels_hold_until_the_last_is_released(world: World) -> None:
    """K2: what was selected stays held, whatever becomes of its labels; two switches hold until both let go."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.kubectl("label", "mdep", "fraud", "team=payments")
        world.apply(deployment("batch", image="batch:1", replicas=2))
        world.apply(switch("by-label", selector={"matchLabels": {"team": "payments"}}))
        world.eventually(lambda: replicas(world, "fraud") == 0)
        world.kubectl("label", "mdep", "fraud", "team-")
        world.apply(switch("by-name", workloads=["fraud", "batch"]))
        world.eventually(lambda: seeing.entries(world, "by-name") and replicas(world, "batch") == 0)
        world.eventually(lambda: conditions(world, "kswitch", "by-name").get("Verified") == "True")
        world.eventually(lambda: len(seeing.entries(world, "by-name")) == 2)
        released(world, "kswitch", "by-label")
        world.eventually(lambda: conditions(world, "kswitch", "by-label").get("Engaged") == "False")
        assert replicas(world, "fraud") == 0
        released(world, "kswitch", "by-name")
        world.eventually(lambda: replicas(world, "fraud") == 3)
        world.eventually(
            lambda: (seeing.entries(world, "by-label"), seeing.entries(world, "by-name")) == ([], [])
        )
        assert replicas(world, "batch") == 0, "no model knows how to bring it back"
