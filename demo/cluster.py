"""How the demo reads and changes the cluster: changes by kubectl commands, reads through `kubectl proxy`.

Changes are the very commands that a person would type, so the story can be repeated by hand. Reads go through
one proxy process rather than a kubectl per poll, since starting kubectl ten times a second would load a small
machine more than the model does. The proxy listens on a loopback address and is ended with the demo.
"""

import asyncio
import contextlib
import pathlib
import re
import types
from collections.abc import Sequence
from typing import Any, Self

import aiohttp

from demo import errors, names

Object = dict[str, Any]
READ_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
COMMAND_SECONDS = 30.0

ROOT = pathlib.Path(__file__).resolve().parent.parent
"""Where kubectl runs, so that the paths in printed commands are those of the repository."""


class Cluster:
    """One cluster, by its kubeconfig. Use as an async context manager: it owns the proxy."""

    def __init__(self, *, kubeconfig: pathlib.Path, kubectl: str) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl
        self._proxy: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Start the proxy. Raises `errors.SetUpError` if kubectl does not serve within 20 s."""
        self._proxy = await asyncio.create_subprocess_exec(
            *self._command("proxy", "--port=0"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self._proxy.stdout is not None  # noqa: S101 - for the type checker: a pipe was asked for
        line = ""
        with contextlib.suppress(TimeoutError):
            line = (await asyncio.wait_for(self._proxy.stdout.readline(), timeout=20)).decode()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        if found is None:
            await self._end_proxy()
            raise errors.SetUpError(
                f"`kubectl proxy` did not start to serve: {line.strip() or 'it said nothing in 20 s'}"
            )
        self._session = aiohttp.ClientSession(base_url=f"http://{found.group()}", timeout=READ_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """End the proxy."""
        if self._session is not None:
            await self._session.close()
        await self._end_proxy()

    async def read(self, path: str, **query: str) -> Object | None:
        """Return the object or list at an API path, or None if there is none or no answer now."""
        assert self._session is not None  # noqa: S101 - entered
        try:
            async with self._session.get(path, params=query) as answer:
                if answer.status != 200:
                    return None
                found: Object = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def model(self) -> Object:
        """Return the ModelDeployment, or an empty object."""
        return (
            await self.read(f"{names.API}/namespaces/{names.NAMESPACE}/modeldeployments/{names.MODEL}") or {}
        )

    async def deployment(self) -> Object:
        """Return the model's Deployment, or an empty object."""
        return await self.read(f"/apis/apps/v1/namespaces/{names.NAMESPACE}/deployments/{names.MODEL}") or {}

    async def pods(self) -> list[Object]:
        """Return the model's pods, ending ones included."""
        found = await self.read(
            f"/api/v1/namespaces/{names.NAMESPACE}/pods", labelSelector=f"app={names.MODEL}"
        )
        return list((found or {}).get("items", []))

    async def checkpoints(self) -> list[Object]:
        """Return the ModelCheckpoints of the model."""
        found = await self.read(f"{names.API}/namespaces/{names.NAMESPACE}/modelcheckpoints")
        items: list[Object] = (found or {}).get("items", [])
        return [item for item in items if item["spec"].get("saved", {}).get("model") == names.MODEL]

    async def events(self) -> list[Object]:
        """Return the events about our kinds in the model's namespace, oldest first."""
        found = await self.read(f"/api/v1/namespaces/{names.NAMESPACE}/events")
        items: list[Object] = (found or {}).get("items", [])
        ours = [
            item for item in items if item["involvedObject"].get("apiVersion", "").startswith("lastgood.dev/")
        ]
        return sorted(ours, key=event_time)

    async def kubectl(self, *arguments: str) -> str:
        """Run kubectl and return what it prints. Raises `errors.StoryError` with its words if it refuses."""
        process = await asyncio.create_subprocess_exec(
            *self._command(*arguments),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), timeout=COMMAND_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise errors.StoryError(
                f"`{shown(arguments)}` gave no answer within {COMMAND_SECONDS:.0f} s"
            ) from None
        if process.returncode != 0:
            raise errors.StoryError(f"`{shown(arguments)}` failed: {err.decode().strip()}")
        return out.decode()

    def _command(self, *arguments: str) -> Sequence[str]:
        return [self._kubectl, f"--kubeconfig={self.kubeconfig}", *arguments]

    async def _end_proxy(self) -> None:
        if self._proxy is not None and self._proxy.returncode is None:
            self._proxy.terminate()
            await self._proxy.wait()


def shown(arguments: Sequence[str]) -> str:
    """Return a kubectl command as a person would type it."""
    return "kubectl " + " ".join(f"'{word}'" if re.search(r"[{}\s]", word) else word for word in arguments)


def event_time(event: Object) -> str:
    """Return when an event was last seen, as the API writes it."""
    series: Object = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"]["creationTimestamp"]
    )


def condition(model: Object, kind: str) -> Object:
    """Return the condition of this type, or an empty object."""
    conditions: list[Object] = model.get("status", {}).get("conditions", [])
    return next((item for item in conditions if item["type"] == kind), {})


def image(deployment: Object) -> str:
    """Return the image that the Deployment's model container wants, or an empty string."""
    containers: list[Object] = (
        deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    )
    return next((str(item["image"]) for item in containers if item["name"] == names.CONTAINER), "")


def is_ready(pod: Object) -> bool:
    """Tell whether a pod is ready and not about to go."""
    conditions: list[Object] = pod.get("status", {}).get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(
        item["type"] == "Ready" and item["status"] == "True" for item in conditions
    )


def pod_version(pod: Object) -> str:
    """Return the version that a pod's image tag names."""
    return str(pod["spec"]["containers"][0]["image"]).rpartition(":")[2]
