import time
from pathlib import Path

import pytest

from devcluster.processnode.apiserver import Object
from tests.cluster.processnode import running
from tests.cluster.processnode.running import Pods, RunningNode

pytestmark = pytest.mark.cluster

DEAF = "trap '' TERM; echo $$$$ > \"$LASTGOOD_VOLUME_RUN/pid\"; while :; do sleep 0.1; done"
RUN = [{"name": "run", "emptyDir": {}}]


def folder(node: RunningNode, pods: Pods, name: str) -> Path:
    return node.folder / "state" / "pods" / f"{pods.namespace}_{name}"


def pid_in(node: RunningNode, pods: Pods, name: str) -> int | None:
    path = folder(node, pods, name) / "volumes" / "run" / "pid"
    text = path.read_text(encoding="ascii") if path.exists() else ""
    return int(text) if text.strip() else None


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def started(pods: Pods, node: RunningNode, name: str) -> int:
    """Wait until the script has written its pid."""
    await pods.until(lambda pods: name in pods.now and "running" in running.state(pods.now[name]))
    await running.eventually(lambda: pid_in(node, pods, name) is not None)
    pid = pid_in(node, pods, name)
    assert pid is not None
    return pid


async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period(
    pods: Pods, node: RunningNode
) -> None:
    await pods.run("deaf", running.shell(DEAF), terminationGracePeriodSeconds=2, volumes=RUN)
    pid = await started(pods, node, "deaf")
    begun = time.monotonic()
    await pods.delete("deaf")
    await pods.until(lambda pods: bool(pods.now["deaf"]["metadata"].get("deletionTimestamp")))
    assert runs(pid)
    await pods.until(running.is_gone("deaf"))
    assert 1.9 < time.monotonic() - begun < 6
    assert not runs(pid), "the object goes only after the process"
    last = running.of(pods.seen, "deaf")[-1]
    assert running.state(last)["terminated"]["exitCode"] == 137


async def test_a_later_deletion_with_less_grace_hastens_the_end(pods: Pods, node: RunningNode) -> None:
    await pods.run("deaf", running.shell(DEAF), terminationGracePeriodSeconds=300, volumes=RUN)
    pid = await started(pods, node, "deaf")
    await pods.delete("deaf")
    await pods.until(lambda pods: bool(pods.now["deaf"]["metadata"].get("deletionTimestamp")))
    await pods.delete("deaf", grace=1)
    await pods.until(running.is_gone("deaf"), seconds=10)
    assert not runs(pid)


async def test_a_forced_deletion_kills_the_process_too(pods: Pods, node: RunningNode) -> None:
    await pods.run("deaf", running.shell(DEAF), volumes=RUN)
    pid = await started(pods, node, "deaf")
    await pods.delete("deaf", grace=0)
    await pods.until(running.is_gone("deaf"))
    await running.eventually(lambda: not runs(pid), seconds=5)


async def test_pre_stop_runs_before_sigterm(pods: Pods, node: RunningNode) -> None:
    stop: Object = {
        "exec": {"command": ["sh", "-c", 'echo "pre-stop of $HOSTNAME" >> "$LASTGOOD_VOLUME_RUN/order"']}
    }
    script = (
        'trap \'echo SIGTERM >> "$LASTGOOD_VOLUME_RUN/order"; cat "$LASTGOOD_VOLUME_RUN/order"; exit 0\' TERM; '
        'echo $$$$ > "$LASTGOOD_VOLUME_RUN/pid"; while :; do sleep 0.05; done'
    )
    await pods.run("polite", running.shell(script, lifecycle={"preStop": stop}), volumes=RUN)
    await started(pods, node, "polite")
    pod = pods.now["polite"]
    await pods.delete("polite")
    await pods.until(running.is_gone("polite"))
    assert node.log(pod) == "pre-stop of polite\nSIGTERM\n"


async def test_pre_stop_over_http_and_sleep_use_up_the_grace_period(pods: Pods, node: RunningNode) -> None:
    told: Object = {"httpGet": {"path": "/told-to-stop", "port": "http"}}
    await pods.run("told", running.server(lifecycle={"preStop": told}))
    await pods.run("slept", running.server(lifecycle={"preStop": {"sleep": {"seconds": 1}}}))
    await pods.until(lambda pods: running.is_ready("told")(pods) and running.is_ready("slept")(pods))
    pod, begun = pods.now["told"], time.monotonic()
    await pods.delete("told")
    await pods.delete("slept")
    await pods.until(running.is_gone("told"))
    lines = node.log(pod).splitlines()
    assert lines.index("/told-to-stop") < lines.index("SIGTERM")
    await pods.until(running.is_gone("slept"))
    assert time.monotonic() - begun >= 1


async def test_children_of_a_container_end_with_it(pods: Pods, node: RunningNode) -> None:
    script = 'setsid sleep 1000 & echo $! > "$LASTGOOD_VOLUME_RUN/pid"; exec sleep 1000'
    await pods.run("family", running.shell(script), volumes=RUN)
    pid = await started(pods, node, "family")
    assert runs(pid)
    await pods.delete("family")
    await pods.until(running.is_gone("family"), seconds=10)
    assert not runs(pid)


async def test_a_pod_that_waits_for_its_image_ends_at_once(pods: Pods) -> None:
    await pods.run("model", {"image": "registry.example/nobody:1"})
    await pods.until(running.waits_for("model", "ImagePullBackOff"))
    await pods.delete("model")
    await pods.until(running.is_gone("model"), seconds=5)
