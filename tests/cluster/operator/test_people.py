"""What people do with plain kubectl, on a real API server: annotations, and deleting a model (rules P2, P3)."""

import functools
from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, model

pytestmark = pytest.mark.cluster


def requests(world: World) -> dict[str, Any]:
    """Return what came of each kind of request."""
    status = world.get("mdep", "fraud").get("status") or {}
    return {each["request"]: each for each in status.get("requests") or []}


def checkpoint(world: World, version: str) -> dict[str, Any]:
    return next(c for c in world.all_of("mckpt") if c["spec"]["saved"]["version"] == version)


def is_good(world: World, version: str) -> bool:
    return seeing.verdict(world, version) == "Good"


def annotations(world: World) -> dict[str, str]:
    return dict(world.get("mdep", "fraud")["metadata"].get("annotations") or {})


def test_a_person_rolls_back_clears_gives_up_and_deletes_by_annotations(world: World) -> None:
    """P3, P2, R4, V1."""
    with world.operator():
        seeing.a_good_version_serves(world)
        for version in ("1.5.0", "1.6.0"):
            world.apply(model(version=version))
            world.eventually(functools.partial(is_good, world, version))

        world.kubectl("annotate", "mdep", "fraud", "lastgood.dev/rollback-to=1.4.0")
        world.eventually(lambda: seeing.image(world) == "fraud:1.4.0")
        world.eventually(lambda: "rollback-to" in requests(world))
        told = requests(world)["rollback-to"]
        assert (told["value"], told["by"], told["outcome"]) == ("1.4.0", "kubectl-annotate", "Done")
        world.eventually(lambda: "lastgood.dev/rollback-to" not in annotations(world))
        verdict = checkpoint(world, "1.6.0")["spec"]["verdict"]
        assert (verdict["value"], verdict["by"]) == ("Bad", "kubectl-annotate")
        world.apply(model(version="1.6.0"))  # the same manifest still wants it

        name = checkpoint(world, "1.6.0")["metadata"]["name"]
        world.kubectl("annotate", "mckpt", name, "lastgood.dev/verdict=Good")
        world.eventually(lambda: seeing.image(world) == "fraud:1.6.0")
        assert "lastgood.dev/verdict" not in (checkpoint(world, "1.6.0")["metadata"].get("annotations") or {})

        manifest = model(version="1.6.0")
        manifest["metadata"]["annotations"] = {"lastgood.dev/rollback-to": "1.5.0"}
        world.apply(manifest)
        world.eventually(lambda: seeing.image(world) == "fraud:1.5.0")
        world.kubectl("annotate", "mckpt", name, "lastgood.dev/verdict=Good")
        world.eventually(lambda: seeing.image(world) == "fraud:1.6.0")
        world.apply(manifest)
        world.kubectl(
            "annotate", "mdep", "fraud", "lastgood.dev/checkpoint=now", "lastgood.dev/promote=1.6.0/1"
        )
        world.eventually(lambda: {"checkpoint", "promote"} <= requests(world).keys())
        assert requests(world)["promote"]["outcome"] == "Refused"
        assert seeing.image(world) == "fraud:1.6.0", "the manifest's request was met before"
        assert annotations(world)["lastgood.dev/rollback-to"] == "1.5.0"

        world.kubectl("delete", "mdep", "fraud")
        world.apply(manifest)
        world.eventually(lambda: (world.get("mdep", "fraud").get("status") or {}).get("state") == "Serving")
        assert seeing.image(world) == "fraud:1.6.0", "nor does a model created again ask for it anew"
        world.kubectl("annotate", "mdep", "fraud", "lastgood.dev/delete-checkpoints=true")
        world.eventually(lambda: all(c["metadata"].get("ownerReferences") for c in world.all_of("mckpt")))
        world.kubectl("delete", "mdep", "fraud")
        world.eventually(lambda: world.all_of("mckpt") == [])
        assert (seeing.image(world), seeing.replicas(world)) == ("fraud:1.6.0", 3)


def test_a_model_deleted_in_the_middle_of_a_rollback_leaves_its_workload_alone(world: World) -> None:
    """P2: what was decided is recorded, and the model that is created again goes on from there."""
    with world.operator():
        seeing.a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Bad")
        world.kubectl("delete", "mdep", "fraud", "--wait=true")
        left = world.get("deployment", "fraud")["metadata"]["generation"]
        checkpoints = {c["metadata"]["name"] for c in world.all_of("mckpt")}
        asked = len(world.asked)
        world.kubectl("scale", "deployment", "fraud", "--replicas=2")
        world.eventually(lambda: len(seeing.pods(world)) == 2)
        assert len(world.asked) <= asked + 1, "nobody looks at it any more"
        found = world.get("deployment", "fraud")["metadata"]
        assert found["generation"] == left + 1, "only its owner has written to it"
        assert {c["metadata"]["name"] for c in world.all_of("mckpt")} == checkpoints
        world.apply(model(version="1.5.0"))
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        assert (seeing.image(world), seeing.replicas(world)) == ("fraud:1.4.0", 2)
        assert len(seeing.rollbacks(world)) == 1
