"""New versions whose pods do not start, on a node that runs real processes: a breach without Prometheus (rule R6)."""

from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, deployment, model
from tests.cluster.processnode.conftest import node as process_node
from tests.cluster.processnode.running import RunningNode

pytestmark = pytest.mark.cluster
node = process_node  # one node for all tests of the run, whichever folder they are in

VERSIONS: list[dict[str, Any]] = [
    {"name": "1.4.0", "image": "shell:1", "args": ["exec sleep 1000"]},
    {"name": "1.5.0", "image": "shell:1", "args": ["exit 3"]},
    {"name": "1.6.0", "image": "nowhere:1"},
    {
        "name": "1.7.0",
        "image": "shell:1",
        "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "token"}}}],
    },
]


def a_version_runs(world: World, name: str) -> None:
    """Let 1.4.0 run as real processes and be Good, with a Prometheus that is down."""
    world.breaks_down(lambda handler: handler.reply(503, b"down", "text/plain"))
    body = deployment("fraud", image="shell:1", replicas=2)
    pod = body["spec"]["template"]["spec"]
    pod |= {"nodeName": name, "terminationGracePeriodSeconds": 1}
    pod["containers"][0]["args"] = ["exec sleep 1000"]
    world.apply(body, model(version="1.4.0", versions=VERSIONS, thresholds=[]))
    world.eventually(lambda: seeing.verdict(world, "1.4.0") == "Good")


@pytest.mark.parametrize(
    ("version", "failure"),
    [
        ("1.5.0", "CrashLoopBackOff"),
        ("1.6.0", "ImagePullBackOff"),
        ("1.7.0", "CreateContainerConfigError"),
    ],
)
def test_a_new_version_whose_pods_do_not_start_is_rolled_back(
    world: World, node: RunningNode, version: str, failure: str
) -> None:
    with world.operator():
        a_version_runs(world, node.name)
        world.apply(model(version=version, versions=VERSIONS, thresholds=[]))
        world.eventually(lambda: seeing.verdict(world, version) == "Bad")
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        found = world.get("deployment", "fraud")["spec"]["template"]["spec"]["containers"][0]
        assert (found["image"], found["args"]) == ("shell:1", ["exec sleep 1000"])
        (checkpoint,) = (c for c in world.all_of("mckpt") if c["spec"]["saved"]["version"] == version)
        assert failure in checkpoint["spec"]["verdict"]["evidence"]["message"]
        assert len(seeing.rollbacks(world)) == 1
