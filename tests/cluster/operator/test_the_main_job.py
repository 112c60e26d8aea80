"""The main job on a real API server: adopt, bake, roll out, roll back, kill, undo, release, come back."""

import pytest

from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster


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


def condition(world: World, kind: str) -> tuple[str, str]:
    status = world.get("mdep", "fraud").get("status") or {}
    found = {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions") or []}
    return found.get(kind, ("", ""))


def rollbacks(world: World) -> list[str]:
    return [
        activation["at"]
        for checkpoint in world.all_of("mckpt")
        for activation in checkpoint["spec"].get("activations") or []
        if activation["reason"] == "Rollback"
    ]


def engage(world: World) -> None:
    world.kubectl(
        "patch", "mdep", "fraud", "--type=merge", "-p", '{"spec":{"killSwitch":{"engaged":true,"reason":"INC-1"}}}'
    )


def release(world: World) -> None:
    world.kubectl("patch", "mdep", "fraud", "--type=merge", "-p", '{"spec":{"killSwitch":{"engaged":false}}}')


def a_good_version_serves(world: World) -> None:
    world.measures(error_ratio=0.0)
    world.apply(deployment("fraud", image="fraud:1.4.0"), model(version="1.4.0"))
    world.eventually(lambda: verdict(world, "1.4.0") == "Good")


def test_a_version_that_breaches_is_rolled_back_once_and_its_verdict_stays(world: World) -> None:
    with world.operator():
        a_good_version_serves(world)
        before = {pod["metadata"]["uid"] for pod in world.all_of("pods")}
        assert len(before) == 3, "adoption restarts no pod"
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: verdict(world, "1.5.0") == "Bad")
        world.eventually(lambda: image(world) == "fraud:1.4.0")
        world.eventually(lambda: condition(world, "RolledBack")[0] == "True")
        world.apply(model(version="1.5.0"))  # the same manifest again does nothing
        world.eventually(lambda: world.get("mdep", "fraud")["status"]["state"] == "RolledBack")
        assert len(rollbacks(world)) == 1
        world.measures(error_ratio=0.0)
        world.apply(model(version="1.6.0"))  # a new wanted version ends the rolled-back state
        world.eventually(lambda: verdict(world, "1.6.0") == "Good")
        assert image(world) == "fraud:1.6.0"
        assert verdict(world, "1.5.0") == "Bad"


def test_a_patch_kills_whoever_scales_it_up_is_undone_and_a_release_brings_it_back(world: World) -> None:
    with world.operator():
        a_good_version_serves(world)
        engage(world)
        world.eventually(lambda: replicas(world) == 0)
        world.eventually(lambda: condition(world, "KillSwitchEngaged")[0] == "True")
        assert pods(world) == []
        world.kubectl("scale", "deployment", "fraud", "--replicas=5")
        world.eventually(lambda: replicas(world) == 0)
        release(world)
        world.eventually(lambda: replicas(world) == 3)
        world.eventually(lambda: world.get("mdep", "fraud")["status"]["state"] == "Serving")
        assert world.get("kswitch", "fraud-spec")["spec"].get("restore") in (None, [])


def test_a_kill_threshold_kills_and_marks_the_version_bad(world: World) -> None:
    with world.operator():
        a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0", on_breach="Kill"))
        world.eventually(lambda: replicas(world) == 0)
        world.eventually(lambda: verdict(world, "1.5.0") == "Bad")
        switch = world.get("kswitch", "fraud")
        assert switch["metadata"]["labels"]["lastgood.dev/cause"] == "automatic"
        world.kubectl("patch", "kswitch", "fraud", "--type=merge", "-p", '{"spec":{"engaged":false}}')
        world.eventually(lambda: replicas(world) == 3)
        assert image(world) == "fraud:1.4.0", "it comes back on the newest Good version"


def test_manual_recovery_waits_for_one_annotation(world: World) -> None:
    manual = {"killSwitch": {"recovery": {"restart": "Manual", "probation": {"replicas": 1, "duration": "1s"}}}}
    with world.operator():
        a_good_version_serves(world)
        world.apply(model(version="1.4.0", **manual))
        engage(world)
        world.eventually(lambda: condition(world, "KillSwitchEngaged")[0] == "True")
        release(world)
        world.eventually(lambda: condition(world, "Recovering")[1] == "WaitingForResume")
        assert replicas(world) == 0
        world.kubectl("annotate", "mdep", "fraud", "lastgood.dev/resume=1.4.0")
        world.eventually(lambda: replicas(world) == 3)


def test_a_model_deleted_and_created_again_stays_killed(world: World) -> None:
    with world.operator():
        a_good_version_serves(world)
        engage(world)
        world.eventually(lambda: replicas(world) == 0)
        world.kubectl("delete", "mdep", "fraud")
        world.kubectl("scale", "deployment", "fraud", "--replicas=2")
        world.eventually(lambda: replicas(world) == 0)
        world.apply(model(version="1.4.0", killSwitch={"engaged": False}))
        world.eventually(lambda: condition(world, "KillSwitchEngaged")[0] == "True")
        assert replicas(world) == 0
        assert condition(world, "Contested")[0] == "True"


def test_wiping_status_changes_no_decision(world: World) -> None:
    with world.operator():
        a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: condition(world, "RolledBack")[0] == "True")
    for kind, name in [("mdep", "fraud"), *(("mckpt", c["metadata"]["name"]) for c in world.all_of("mckpt"))]:
        world.kubectl(
            "patch", kind, name, "--subresource=status", "--type=json", "-p", '[{"op":"add","path":"/status","value":{}}]'
        )
    with world.operator():
        world.eventually(lambda: condition(world, "RolledBack")[0] == "True")
        assert image(world) == "fraud:1.4.0"
        assert len(rollbacks(world)) == 1


def test_an_autoscaler_with_a_minimum_is_respected_held_in_probation_and_given_back(world: World) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "fraud"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"},
            "minReplicas": 2,
            "maxReplicas": 6,
        },
    }

    def bounds() -> tuple[int, int]:
        spec = world.get("hpa", "fraud")["spec"]
        return spec["minReplicas"], spec["maxReplicas"]

    long = {"killSwitch": {"recovery": {"probation": {"replicas": 1, "duration": "4s"}}}}
    with world.operator():
        a_good_version_serves(world)
        world.apply(model(version="1.4.0", **long), scaler)
        engage(world)
        world.eventually(lambda: condition(world, "KillSwitchEngaged")[0] == "True")
        assert bounds() == (2, 6), "at zero replicas it stands down by itself"
        release(world)
        world.eventually(lambda: bounds() == (1, 1))
        world.eventually(lambda: bounds() == (2, 6))
        world.eventually(lambda: replicas(world) == 3)


def test_a_field_that_is_not_built_yet_is_refused_whole(world: World) -> None:
    with world.operator():
        world.measures(error_ratio=0.0)
        world.apply(deployment("fraud", image="fraud:1.4.0"), model(version="1.5.0", follow=True))
        world.eventually(lambda: condition(world, "Ready") == ("False", "NotImplemented"))
        assert image(world) == "fraud:1.4.0"
        engage(world)  # a kill works all the same
        world.eventually(lambda: replicas(world) == 0)


def test_no_write_is_made_while_nothing_changes(world: World) -> None:
    with world.operator():
        a_good_version_serves(world)
        world.eventually(lambda: world.get("mdep", "fraud")["status"]["state"] == "Serving")
        seen = [each["metadata"]["resourceVersion"] for kind in ("mdep", "mckpt") for each in world.all_of(kind)]
        asked = len(world.asked)
        world.eventually(lambda: len(world.asked) >= asked + 4)
        now = [each["metadata"]["resourceVersion"] for kind in ("mdep", "mckpt") for each in world.all_of(kind)]
        assert now == seen
