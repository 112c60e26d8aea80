import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster import Cluster
from devcluster.processnode.process import OWNER
from tests.cluster.processnode import running
from tests.cluster.processnode.running import Pods, RunningNode

pytestmark = pytest.mark.cluster

TREE = "trap '' TERM; setsid sleep 1000 & sleep 1001 & exec sleep 1002"


@pytest.fixture
def mortal(cluster: Cluster, tmp_path: Path) -> Iterator[RunningNode]:
    name = f"mortal-{os.getpid()}-{secrets.token_hex(2)}"
    with running.running_node(kubeconfig=cluster.kubeconfig, name=name, folder=tmp_path) as node:
        yield node


def processes_of(node: RunningNode) -> list[int]:
    mark = f"{OWNER}={node.folder / 'state'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def until_none_is_left(node: RunningNode) -> None:
    await running.eventually(lambda: not processes_of(node), seconds=5)


async def until_the_tree_runs(pods: Pods, node: RunningNode) -> None:
    await pods.until(running.is_ready("tree"))
    # The launcher, the command and its two children.
    await running.eventually(lambda: len(processes_of(node)) == 4)


async def test_no_process_outlives_a_node_that_is_killed(pods: Pods, mortal: RunningNode) -> None:
    pods.node = mortal.name
    await pods.run("tree", running.shell(TREE))
    await until_the_tree_runs(pods, mortal)
    mortal.process.send_signal(signal.SIGKILL)
    await until_none_is_left(mortal)


async def test_no_process_outlives_a_node_that_is_told_to_end(pods: Pods, mortal: RunningNode) -> None:
    pods.node = mortal.name
    await pods.run("tree", running.shell(TREE))
    await until_the_tree_runs(pods, mortal)
    mortal.process.terminate()
    assert await asyncio.to_thread(mortal.process.wait, 10) == 0
    assert processes_of(mortal) == []
    node = await pods.api.call("GET", f"/api/v1/nodes/{mortal.name}")
    assert running.condition(node, "Ready") == "False"


async def test_a_node_that_comes_back_restarts_what_it_ran(
    cluster: Cluster, pods: Pods, mortal: RunningNode
) -> None:
    pods.node = mortal.name
    await pods.run("model", running.server())
    await pods.run("task", running.server(), restartPolicy="Never")
    await pods.until(lambda pods: running.is_ready("model")(pods) and running.is_ready("task")(pods))
    mortal.process.kill()
    await asyncio.to_thread(mortal.process.wait)

    with running.running_node(kubeconfig=cluster.kubeconfig, name=mortal.name, folder=mortal.folder):
        await pods.until(running.has_phase("task", "Failed"))
        await pods.until(lambda pods: running.main(pods.now["model"])["restartCount"] == 1)
        await pods.until(running.is_ready("model"))
        for name in ("model", "task"):
            status = running.main(pods.now[name])
            ended = (status["lastState"] if name == "model" else status["state"])["terminated"]
            assert (ended["exitCode"], ended["reason"]) == (137, "ContainerStatusUnknown")


async def test_a_pod_that_was_deleted_while_its_node_was_down_goes_when_it_is_back(
    cluster: Cluster, pods: Pods, mortal: RunningNode
) -> None:
    pods.node = mortal.name
    await pods.run("model", running.server())
    await pods.until(running.is_ready("model"))
    mortal.process.kill()
    await asyncio.to_thread(mortal.process.wait)
    await pods.delete("model")
    with running.running_node(kubeconfig=cluster.kubeconfig, name=mortal.name, folder=mortal.folder):
        await pods.until(running.is_gone("model"))
