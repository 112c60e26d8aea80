"""What "ready" means: the API server says so, nodes are Ready, and a Deployment gets all the way to a running pod.

Each question is asked every twentieth of a second, and each costs a millisecond; a cluster that comes up in three
seconds should not be waited for in steps of one.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from devcluster import errors
from devcluster.run import wire
from devcluster.run.child import Child

INTERVAL = 0.05
_CERTIFICATES = 2  # the server's own and its authority's


class PortTakenError(Exception):
    """A component ended because somebody listens on its port."""


class Api:
    """The API server as the administrator sees it."""

    def __init__(self, *, port: int, token: str, authority: Path) -> None:
        self.port = port
        self._token = token
        self._trust = ssl.create_default_context(cafile=str(authority))

    async def call(
        self, path: str, *, method: str = "GET", body: dict[str, Any] | None = None
    ) -> tuple[int, Any]:
        """Return status and object. Raises OSError or TimeoutError when nobody answers."""
        status, content = await wire.request(
            port=self.port, path=path, method=method, body=body, trust=self._trust, token=self._token
        )
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content.decode("utf-8", "replace")

    async def create(self, path: str, body: dict[str, Any], /) -> None:
        """Create an object unless it exists. Raises StartError when the API server refuses it."""
        status, answer = await self.call(path, method="POST", body=body)
        if status not in (201, 409):
            raise errors.StartError(f"The API server refused {body['kind']} {body['metadata']}: {answer}")

    async def ready(self) -> bool:
        """Ask ``/readyz``."""
        status, answer = await self.call("/readyz")
        return status == 200 and bool(answer == "ok")


async def until(question: Callable[[], Awaitable[bool]], /, *, children: Mapping[str, Child]) -> None:
    """Ask until the answer is yes. Raises StartError, or PortTakenError, when one of these processes ends before."""
    while True:
        for name, child in children.items():
            _check(name, child)
        with contextlib.suppress(OSError, TimeoutError):
            if await question():
                return
        await asyncio.sleep(INTERVAL)


def _check(name: str, child: Child, /) -> None:
    if child.returncode is None:
        return
    output = child.output()
    if "address already in use" in output:
        raise PortTakenError(name)
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no output")
    raise errors.StartError(
        f"{name} ended with code {child.returncode} before it was ready: {last.strip()[:400]} "
        f"(whole log: {child.log})"
    )


def certificate_written(path: Path, /) -> Callable[[], Awaitable[bool]]:
    """Return the question whether the API server has signed its own certificate."""

    def written() -> bool:
        return path.exists() and path.read_bytes().count(b"-----END CERTIFICATE-----") >= _CERTIFICATES

    async def question() -> bool:
        return written()

    return question


def answers(*, port: int, path: str) -> Callable[[], Awaitable[bool]]:
    """Return the question whether a plain HTTP server says 200."""

    async def question() -> bool:
        status, _ = await wire.request(port=port, path=path)
        return status == 200

    return question


async def nodes_ready(api: Api, /, *, count: int) -> bool:
    """Tell whether ``count`` nodes are Ready."""
    status, answer = await api.call("/api/v1/nodes")
    if status != 200:
        return False
    conditions = (
        {entry["type"]: entry["status"] for entry in node.get("status", {}).get("conditions", [])}
        for node in answer["items"]
    )
    return [each.get("Ready") for each in conditions].count("True") >= count


class Pipeline:
    """A Deployment that proves that controllers, scheduler and node work; it is gone when all is well.

    Without kwok nodes it has no pod: no image is known that a process node could run.
    """

    _deployments = "/apis/apps/v1/namespaces/kube-system/deployments"
    _name = "devcluster-readiness"

    def __init__(self, *, api: Api, replicas: int, node_selector: dict[str, str]) -> None:
        self._api = api
        self._replicas = replicas
        self._node_selector = node_selector

    async def begin(self) -> None:
        """Create the Deployment."""
        labels = {"app.kubernetes.io/name": self._name}
        pod = {
            "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "nodeSelector": self._node_selector,
            "containers": [{"name": "none", "image": "none"}],
        }
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self._name, "labels": labels},
            "spec": {
                "replicas": self._replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
        await self._api.create(self._deployments, body)

    async def works(self) -> bool:
        """Tell whether the Deployment has been seen and has its pods."""
        _, answer = await self._api.call(f"{self._deployments}/{self._name}")
        status = answer.get("status", {})
        seen = int(status.get("observedGeneration", 0)) >= 1
        return seen and int(status.get("availableReplicas", 0)) == self._replicas

    async def end(self) -> None:
        """Delete the Deployment; the garbage collector takes what it made."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        await self._api.call(f"{self._deployments}/{self._name}", method="DELETE", body=body)

    async def gone(self) -> bool:
        """Tell whether nothing is left of it."""
        status, _ = await self._api.call(f"{self._deployments}/{self._name}")
        return status == 404
