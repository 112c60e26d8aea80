"""The main job on a real API server: adopt, bake, roll out, roll back, kill, undo, release, come back."""

from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster


def test_a_version_that_breaches_is_rolled_back_once_and_its_verdict_stays(world: World) -> None:
    """R1, R2, R4, R7, O4."""
    with world.operator():
        seeing.a_good_version_serves(world)
        before = {pod["metadata"]["uid"] for pod in world.all_of("pods")}
        assert len(before) == 3, "adoption restarts no pod"
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Bad")
        world.eventually(lambda: seeing.image(world) == "fraud:1.4.0")
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        world.apply(model(version="1.5.0"))  # the same manifest again does nothing
        world.eventually(lambda: world.get("mdep", "fraud")["status"]["state"] == "RolledBack")
        assert len(seeing.rollbacks(world)) == 1
        world.measures(error_ratio=0.0)
        world.apply(model(version="1.6.0"))  # a new wanted version ends the rolled-back state
        world.eventually(lambda: seeing.verdict(world, "1.6.0") == "Good")
        assert seeing.image(world) == "fraud:1.6.0"
        assert seeing.verdict(world, "1.5.0") == "Bad"


@pytest.mark.without_interlock
def test_a_patch_kills_whoever_scales_it_up_is_undone_and_a_release_brings_it_back(world: World) -> None:
    """K1, K4, K5, K8, K9."""
    with world.operator():
        seeing.a_good_version_serves(world)
        seeing.engage(world)
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        assert seeing.pods(world) == []
        world.kubectl("scale", "deployment", "fraud", "--replicas=5")
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.eventually(lambda: seeing.condition(world, "Contested")[0] == "True")
        seeing.release(world)
        world.eventually(lambda: seeing.replicas(world) == 3)
        world.eventually(lambda: world.get("mdep", "fraud")["status"]["state"] == "Serving")
        assert world.get("kswitch", "fraud-spec")["spec"].get("restore") in (None, [])


def test_a_kill_threshold_kills_and_marks_the_version_bad(world: World) -> None:
    """K7."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0", on_breach="Kill"))
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Bad")
        switch = world.get("kswitch", "fraud")
        assert switch["metadata"]["labels"]["lastgood.dev/cause"] == "automatic"
        world.kubectl("patch", "kswitch", "fraud", "--type=merge", "-p", '{"spec":{"engaged":false}}')
        world.eventually(lambda: seeing.replicas(world) == 3)
        assert seeing.image(world) == "fraud:1.4.0", "it comes back on the newest Good version"


def test_manual_recovery_waits_for_one_annotation(world: World) -> None:
    """K9, P3."""
    manual: dict[str, Any] = {
        "killSwitch": {"recovery": {"restart": "Manual", "probation": {"replicas": 1, "duration": "1s"}}}
    }
    with world.operator():
        seeing.a_good_version_serves(world)
        world.apply(model(version="1.4.0", **manual))
        seeing.engage(world)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        seeing.release(world)
        world.eventually(lambda: seeing.condition(world, "Recovering")[1] == "WaitingForResume")
        assert seeing.replicas(world) == 0
        world.kubectl("annotate", "mdep", "fraud", "lastgood.dev/resume=1.4.0")
        world.eventually(lambda: seeing.replicas(world) == 3)


@pytest.mark.without_interlock
def test_a_model_deleted_and_created_again_stays_killed(world: World) -> None:
    """K2, K8, F2, P2."""
    with world.operator():
        seeing.a_good_version_serves(world)
        seeing.engage(world)
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.kubectl("delete", "mdep", "fraud")
        world.kubectl("scale", "deployment", "fraud", "--replicas=2")
        world.eventually(lambda: seeing.replicas(world) == 0)
        world.apply(model(version="1.4.0", killSwitch={"engaged": False}))
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        assert seeing.replicas(world) == 0
        assert seeing.condition(world, "Contested")[0] == "True"


def test_wiping_status_changes_no_decision(world: World) -> None:
    """F1, F2."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
    for kind, name in [("mdep", "fraud"), *(("mckpt", c["metadata"]["name"]) for c in world.all_of("mckpt"))]:
        world.kubectl(
            "patch",
            kind,
            name,
            "--subresource=status",
            "--type=json",
            "-p",
            '[{"op":"add","path":"/status","value":{}}]',
        )
    with world.operator():
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        assert seeing.image(world) == "fraud:1.4.0"
        assert len(seeing.rollbacks(world)) == 1


def test_an_autoscaler_with_a_minimum_is_respected_held_in_probation_and_given_back(world: World) -> None:
    """K3."""
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

    long: dict[str, Any] = {"killSwitch": {"recovery": {"probation": {"replicas": 1, "duration": "4s"}}}}
    with world.operator():
        seeing.a_good_version_serves(world)
        world.apply(model(version="1.4.0", **long), scaler)
        seeing.engage(world)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        assert bounds() == (2, 6), "at zero replicas it stands down by itself"
        seeing.release(world)
        world.eventually(lambda: bounds() == (1, 1))
        world.eventually(lambda: bounds() == (2, 6))
        world.eventually(lambda: seeing.replicas(world) == 3)


def test_a_field_that_is_not_built_yet_is_refused_whole(world: World) -> None:
    """B1."""
    with world.operator():
        world.measures(error_ratio=0.0)
        world.apply(
            deployment("fraud", image="fraud:1.4.0"),
            model(version="1.5.0", rollout={"bake": "1s", "approval": True}),
        )
        world.eventually(lambda: seeing.condition(world, "Ready") == ("False", "NotImplemented"))
        assert seeing.image(world) == "fraud:1.4.0"
        seeing.engage(world)  # a kill works all the same
        world.eventually(lambda: seeing.replicas(world) == 0)


def test_who_creates_a_kind_that_is_not_built_yet_is_told_so(world: World) -> None:
    drill = {
        "apiVersion": "lastgood.dev/v1alpha1",
        "kind": "SafetyDrill",
        "metadata": {"name": "monthly"},
        "spec": {"model": "fraud", "type": "Rollback"},
    }
    with world.operator():
        world.apply(drill)
        found = world.eventually(lambda: world.get("drill", "monthly").get("status"))
        (condition,) = found["conditions"]
        assert (condition["type"], condition["status"], condition["reason"]) == (
            "DrillPassed",
            "False",
            "NotImplemented",
        )


def test_without_prometheus_nothing_moves_and_a_kill_works(world: World) -> None:
    """J3, J5, K6."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Good")
        world.measures(error_ratio=0.9)
        world.breaks_down(lambda handler: handler.reply(503, b"down", "text/plain"))
        world.eventually(lambda: seeing.condition(world, "Monitored") == ("False", "Blind"))
        looked = world.checks
        world.eventually(lambda: world.checks > looked + 3)
        assert seeing.image(world) == "fraud:1.5.0"
        seeing.engage(world)
        world.eventually(lambda: seeing.replicas(world) == 0)
        assert seeing.verdict(world, "1.5.0") == "Good"


def test_no_write_is_made_while_nothing_changes(world: World) -> None:
    with world.operator():
        seeing.a_good_version_serves(world)
        world.eventually(lambda: world.get("mdep", "fraud")["status"]["state"] == "Serving")
        seen = [
            each["metadata"]["resourceVersion"] for kind in ("mdep", "mckpt") for each in world.all_of(kind)
        ]
        asked = len(world.asked)
        world.eventually(lambda: len(world.asked) >= asked + 4)
        now = [
            each["metadata"]["resourceVersion"] for kind in ("mdep", "mckpt") for each in world.all_of(kind)
        ]
        assert now == seen
