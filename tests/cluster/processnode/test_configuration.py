import asyncio
import base64

import pytest

from devcluster.processnode.apiserver import Object
from tests.cluster.processnode import running
from tests.cluster.processnode.running import Pods, RunningNode

pytestmark = pytest.mark.cluster


async def output(pods: Pods, node: RunningNode, container: Object, **spec: object) -> list[str]:
    await pods.run("task", container, restartPolicy="Never", **spec)
    await pods.until(running.has_phase("task", "Succeeded"))
    return node.log(pods.now["task"]).splitlines()


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> Object:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


async def test_the_environment_is_resolved_as_a_kubelet_does(pods: Pods, node: RunningNode) -> None:
    await pods.create(config_map("settings", threads="4", mode="fast"))
    await pods.create(secret("token", value="s3cret"))
    env = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "THREADS", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "threads"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "value"}}},
        {"name": "ABSENT", "valueFrom": {"secretKeyRef": {"name": "none", "key": "value", "optional": True}}},
        {"name": "BOTH", "value": "$(NAME)-$(THREADS) $$(NAME) $(UNKNOWN)"},
    ]
    script = (
        'for name in NAME LABEL IP THREADS TOKEN BOTH C_mode; do printenv $name; done; echo "${ABSENT-unset}"'
    )
    lines = await output(
        pods,
        node,
        running.shell(script, env=env, envFrom=[{"prefix": "C_", "configMapRef": {"name": "settings"}}]),
    )
    address = pods.now["task"]["status"]["podIP"]
    assert lines == ["task", "task", address, "4", "s3cret", "task-4 $(NAME) $(UNKNOWN)", "fast", "unset"]


async def test_volumes_are_folders_that_the_environment_names(pods: Pods, node: RunningNode) -> None:
    await pods.create(config_map("settings", a="alpha", b="beta"))
    await pods.create(secret("token", value="s3cret"))
    volumes = [
        {"name": "all-of-it", "configMap": {"name": "settings"}},
        {"name": "one", "configMap": {"name": "settings", "items": [{"key": "b", "path": "deep/b.txt"}]}},
        {"name": "token", "secret": {"secretName": "token"}},
    ]
    script = (
        "cat $LASTGOOD_VOLUME_ALL_OF_IT/a; echo; cat $LASTGOOD_VOLUME_ONE/deep/b.txt; echo; "
        "cat $(LASTGOOD_VOLUME_TOKEN)/value; echo; ls $LASTGOOD_VOLUME_ONE"
    )
    assert await output(pods, node, running.shell(script), volumes=volumes) == [
        "alpha",
        "beta",
        "s3cret",
        "deep",
    ]


async def test_a_missing_config_map_is_a_config_error_until_it_is_there(pods: Pods) -> None:
    env = [{"name": "THREADS", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "threads"}}}]
    await pods.run("model", running.server(env=env))
    await pods.until(running.waits_for("model", "CreateContainerConfigError"))
    assert running.state(pods.now["model"])["waiting"]["message"] == 'configmap "late" not found'
    await pods.create(config_map("late", threads="4"))
    await pods.until(running.is_ready("model"))


async def test_a_kind_of_volume_that_the_node_has_not_is_refused_with_its_name(pods: Pods) -> None:
    await pods.run("model", running.server(), volumes=[{"name": "disk", "hostPath": {"path": "/"}}])
    await pods.until(running.waits_for("model", "CreateContainerConfigError"))
    message = running.state(pods.now["model"])["waiting"]["message"]
    assert message.startswith('volume "disk": hostPath is not supported on a process node')


async def test_a_command_that_needs_a_port_of_another_name_is_refused(pods: Pods) -> None:
    await pods.run(
        "model", running.server(ports=[{"name": "web", "containerPort": 8080}], readinessProbe=None)
    )
    await pods.until(running.waits_for("model", "CreateContainerConfigError"))
    assert "{port:http}" in running.state(pods.now["model"])["waiting"]["message"]


async def test_what_happens_is_told_in_events(pods: Pods) -> None:
    await pods.run("model", running.server(image="server:2"))
    await pods.until(running.is_ready("model"))
    reasons: set[str] = set()
    async with asyncio.timeout(10):
        while not {"Pulled", "Started"} <= reasons:
            events = await pods.api.call("GET", f"/api/v1/namespaces/{pods.namespace}/events")
            reasons = {
                event["reason"] for event in events["items"] if event["involvedObject"]["name"] == "model"
            }
