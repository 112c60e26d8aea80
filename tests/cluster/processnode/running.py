"""A process node under test, and what the API server says about pods, in the order in which it said it."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml

from devcluster.folders import PACKAGE
from devcluster.processnode.apiserver import ApiServer, Object

T = TypeVar("T")

TAINT = "devcluster.lastgood.dev/node=under-test:NoSchedule"
"""Keeps the pods of other tests away; the pods here name their node."""
BACKOFF_SECONDS = 1.0
SERVER = Path(__file__).with_name("server_image.py")


def image_table(*, extra: Object) -> str:
    server = {"command": [sys.executable, str(SERVER)], "args": ["{port:http}"]}
    return yaml.safe_dump(
        {
            "server:1": {**server, "env": {"VERSION": "one"}},
            "server:2": {**server, "env": {"VERSION": "two"}, "pull_seconds": 0.2},
            "shell:1": {"command": ["sh", "-c"]},
            **extra,
        }
    )


@dataclass(kw_only=True)
class RunningNode:
    """The node's process and its folder."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def images(self) -> Path:
        return self.folder / "images.yaml"

    def log(self, pod: Object, container: str = "main", *, previous: bool = False) -> str:
        metadata = pod["metadata"]
        folder = self.folder / "state" / "pods" / f"{metadata['namespace']}_{metadata['name']}"
        return (folder / f"{container}.log{'.1' if previous else ''}").read_text(encoding="utf-8")


def start_node(*, kubeconfig: Path, name: str, folder: Path, services: bool) -> RunningNode:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "images.yaml").write_text(image_table(extra={}), encoding="utf-8")
    command = [sys.executable, "-m", "devcluster.processnode", f"--kubeconfig={kubeconfig}", f"--node={name}"]
    command += [f"--state-dir={folder / 'state'}", f"--images={folder / 'images.yaml'}", f"--taint={TAINT}"]
    command += ["--pod-cidr=127.210.0.0/16", f"--crash-backoff-base={BACKOFF_SECONDS}"]
    command += ["--services"] if services else []
    with (folder / "node.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PACKAGE.parent, stdout=log, stderr=log, start_new_session=True
        )
    return RunningNode(name=name, folder=folder, process=process)


@contextlib.contextmanager
def running_node(
    *, kubeconfig: Path, name: str, folder: Path, services: bool = False
) -> Iterator[RunningNode]:
    node = start_node(kubeconfig=kubeconfig, name=name, folder=folder, services=services)
    try:
        yield node
    finally:
        node.process.terminate()
        node.process.wait(timeout=15)


@dataclass(kw_only=True)
class Pods:
    """The pods of one namespace: what they are now, and all that was ever said of them."""

    api: ApiServer
    http: aiohttp.ClientSession
    """For a test's own requests; it keeps no connections."""
    namespace: str
    node: str
    now: dict[str, Object] = field(default_factory=dict)
    seen: list[Object] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        await self.api.follow(
            f"/api/v1/namespaces/{self.namespace}/pods", replace=self._replace, apply=self._apply
        )

    def _replace(self, items: list[Object]) -> None:
        for item in items:
            self._apply("ADDED", item)

    def _apply(self, change: str, item: Object) -> None:
        self.seen.append(item)
        if change == "DELETED":
            self.now.pop(item["metadata"]["name"], None)
        else:
            self.now[item["metadata"]["name"]] = item
        self._changed.set()

    async def until(self, condition: Callable[["Pods"], T | bool | None], *, seconds: float = 30) -> T:
        """Wait until the condition holds of what is known, and return what it returned."""
        async with asyncio.timeout(seconds):
            while not (result := condition(self)):
                self._changed.clear()
                await self._changed.wait()
        return result  # type: ignore[return-value] # a true bool is what such a condition returns

    async def create(self, body: Object) -> Object:
        paths = {"Deployment": "/apis/apps/v1", "Job": "/apis/batch/v1"}
        path = f"{paths.get(body['kind'], '/api/v1')}/namespaces/{self.namespace}/{body['kind'].lower()}s"
        return await self.api.call("POST", path, body=body)

    def pod(self, name: str, container: Object, **spec: Any) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": self.spec(container, **spec),
        }

    def spec(self, container: Object, **spec: Any) -> Object:
        return {"nodeName": self.node, "containers": [{"name": "main", **container}], **spec}

    async def run(self, name: str, container: Object, **spec: Any) -> None:
        await self.create(self.pod(name, container, **spec))

    async def delete(self, name: str, *, grace: int | None = None) -> None:
        body = None if grace is None else {"gracePeriodSeconds": grace}
        await self.api.call("DELETE", f"/api/v1/namespaces/{self.namespace}/pods/{name}", body=body)

    async def tell(self, name: str, path: str) -> None:
        """Send a command to the test server in a pod, as soon as that listens."""
        address = self.now[name]["status"]["podIP"]
        async with asyncio.timeout(10):
            while True:
                try:
                    async with self.http.post(f"http://{address}:8080{path}") as response:
                        await response.read()
                except aiohttp.ClientConnectorError:
                    await asyncio.sleep(0.02)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                    return  # it ended as it was told
                else:
                    return


async def eventually(holds: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait for something that nobody announces, such as the end of a process that is not ours."""
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)


def server(**fields: Any) -> Object:
    """The test's server as a container, ready by its own probe."""
    return {
        "image": "server:1",
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1},
        **fields,
    }


def shell(script: str, **fields: Any) -> Object:
    return {"image": "shell:1", "args": [script], **fields}


def is_ready(name: str) -> Callable[[Pods], bool]:
    return lambda pods: condition(pods.now.get(name), "Ready") == "True"


def is_not_ready(name: str) -> Callable[[Pods], bool]:
    return lambda pods: condition(pods.now.get(name), "Ready") == "False"


def is_gone(name: str) -> Callable[[Pods], bool]:
    return lambda pods: name not in pods.now


def has_phase(name: str, phase: str) -> Callable[[Pods], bool]:
    return lambda pods: name in pods.now and pods.now[name]["status"].get("phase") == phase


def waits_for(name: str, reason: str) -> Callable[[Pods], bool]:
    return lambda pods: reason in {state(pod).get("waiting", {}).get("reason") for pod in of(pods.seen, name)}


def of(seen: list[Object], name: str) -> list[Object]:
    return [pod for pod in seen if pod["metadata"]["name"] == name]


def condition(pod: Object | None, kind: str) -> str:
    entries = (pod or {}).get("status", {}).get("conditions") or []
    return next((entry["status"] for entry in entries if entry["type"] == kind), "")


def main(pod: Object) -> Object:
    """The status of the only container."""
    found: Object = (pod["status"].get("containerStatuses") or [{}])[0]
    return found


def state(pod: Object) -> Object:
    found: Object = main(pod).get("state") or {}
    return found
