"""A Deployment that is deleted, or created again, around a kill: what it leaves runs, and is waited for (K4, K1)."""

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment

pytestmark = pytest.mark.cluster


def told(world: World) -> str:
    conditions = world.get("mdep", "fraud")["status"]["conditions"]
    return str(next(each["message"] for each in conditions if each["type"] == "KillSwitchEngaged"))


def verified(world: World) -> tuple[str, str]:
    conditions = (world.get("kswitch", "fraud-spec").get("status") or {}).get("conditions") or []
    found = (each for each in conditions if each["type"] == "Verified")
    return next(((str(each["status"]), str(each["reason"])) for each in found), ("", ""))


def left(world: World) -> int | None:
    """How many pods the switch says are left."""
    targets = (world.get("kswitch", "fraud-spec").get("status") or {}).get("targets") or [{}]
    remaining = targets[0].get("podsRemaining")
    return None if remaining is None else int(remaining)


def test_a_kill_is_done_when_what_a_deleted_deployment_has_left_has_ended(world: World) -> None:
    """K4: `--cascade=orphan` leaves a ReplicaSet that nothing scales; only people end that."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.kubectl("delete", "deployment", "fraud", "--cascade=orphan")
        seeing.engage(world)

        world.eventually(lambda: "delete its ReplicaSet" in told(world))
        assert seeing.condition(world, "KillSwitchEngaged") == ("Unknown", "Stopping")
        assert all(each in told(world) for each in seeing.pods(world))
        world.eventually(lambda: left(world) == 3)

        world.kubectl("delete", "replicasets", "--all")
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged") == ("True", "NoPodsLeft"))
        assert seeing.pods(world) == []
        world.eventually(lambda: verified(world) == ("True", "NoPodsLeft"))


def test_a_killed_deployment_that_is_created_again_takes_its_pods_back_and_is_at_zero(world: World) -> None:
    """K1, K4."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.kubectl("delete", "deployment", "fraud", "--cascade=orphan")
        seeing.engage(world)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged") == ("Unknown", "Stopping"))
        world.apply(deployment("fraud", image="fraud:1.4.0"))

        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged") == ("True", "NoPodsLeft"))
        assert (seeing.replicas(world), seeing.pods(world)) == (0, [])
        seeing.release(world)
        world.eventually(lambda: seeing.condition(world, "Ready")[0] == "True")
        assert seeing.replicas(world) == 3


def test_a_deployment_with_another_selector_is_taken_over_by_who_follows_and_what_it_left_is_told(
    world: World,
) -> None:
    """O5, O6, J7: the usual way to change a selector, which the API server lets nobody change in place."""
    with world.operator():
        seeing.a_good_version_serves(world)
        before = seeing.pods(world)
        world.kubectl("delete", "deployment", "fraud", "--cascade=orphan")
        again = deployment("fraud", image="fraud:1.6.0")
        labels = {"app": "fraud", "tier": "b"}
        again["spec"]["selector"]["matchLabels"] = labels
        again["spec"]["template"]["metadata"]["labels"] = labels
        world.apply(again)

        world.eventually(lambda: seeing.condition(world, "Ready") == ("False", "SelectorChanged"))
        assert seeing.image(world) == "fraud:1.6.0"
        world.kubectl(
            "patch", "mdep", "fraud", "--type=merge", "-p", '{"spec":{"follow":true,"version":null}}'
        )
        world.eventually(lambda: seeing.condition(world, "Degraded") == ("True", "PodsLeft"))
        conditions = world.get("mdep", "fraud")["status"]["conditions"]
        message = next(each["message"] for each in conditions if each["type"] == "Degraded")
        assert all(each in message for each in before)
        assert f"kubectl get replicasets -n {world.namespace}" in message

        world.kubectl("delete", "replicasets", "-l", "app=fraud,tier!=b")
        world.eventually(lambda: seeing.verdict(world, "1.6.0") == "Good")
        assert seeing.condition(world, "Degraded")[0] == "False"
        assert seeing.image(world) == "fraud:1.6.0"
