"""An API server with a model that may be killed and its autoscaler, which refuses writes when it is told to."""

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from lastgood.kube import client, errors, resources
from lastgood.observe.store import Store

NAMESPACE = "ml"
PODS = {"metadata": {}, "spec": {"containers": [{"name": "model", "image": "fraud:1"}]}}
PAUSED = "autoscaling.keda.sh/paused-replicas"
WATCHED = (
    resources.KILL_SWITCHES,
    resources.DEPLOYMENTS,
    resources.HPAS,
    resources.SCALED_OBJECTS,
    resources.MODEL_DEPLOYMENTS,
)


def metadata(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "uid": f"{kind}-{name}", "resourceVersion": "1", **more}


def scaled_object(paused: str | None = None) -> client.Object:
    annotations = {} if paused is None else {PAUSED: paused}
    spec = {"scaleTargetRef": {"name": "fraud"}, "maxReplicaCount": 6}
    return {"metadata": metadata("fraud", "so", annotations=annotations), "spec": spec}


def hpa(name: str = "fraud", *, least: int = 0, **more: Any) -> client.Object:
    target = {"kind": "Deployment", "name": "fraud"}
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": 6}
    return {"metadata": metadata(name, "hpa", **more), "spec": spec}


class Server:
    """A handful of objects; merge patches come true, and those of autoscalers may fail."""

    def __init__(self, *scalers: tuple[resources.Resource, client.Object], engaged: bool = True) -> None:
        self.refuses: errors.ClusterError | None = None
        """What it answers to writes to autoscalers."""
        self.refused: dict[str, errors.ClusterError] = {}
        """What it answers to writes, by kind."""
        self.unread: dict[str, errors.ClusterError] = {}
        """What it answers to lists, and to readings of one, by kind."""
        self.hangs = False
        """Whether a write to an autoscaler, or a reading of one, takes as long as a request may."""
        self.scaled = asyncio.Event()
        self.writes: list[str] = []
        self.asked: list[str] = []
        """The kinds that were to be written, refused or not."""
        self.objects: dict[tuple[str, str], client.Object] = {}
        pods = {"metadata": metadata("fraud", "deployment"), "spec": {"replicas": 3, "template": PODS}}
        held = {"engaged": engaged, "reason": "INC-1", "models": ["fraud"], "workloads": ["fraud"]}
        self._keep(resources.DEPLOYMENTS, pods)
        self._keep(resources.KILL_SWITCHES, {"metadata": metadata("stop", "switch"), "spec": held})
        for resource, raw in scalers:
            self._keep(resource, raw)

    def with_model(self) -> "Server":
        """Return the server with a model that names the Deployment."""
        spec = {"workloadRef": {"name": "fraud"}}
        self._keep(resources.MODEL_DEPLOYMENTS, {"metadata": metadata("fraud", "model"), "spec": spec})
        return self

    def _keep(self, resource: resources.Resource, raw: client.Object) -> None:
        self.objects[resource.kind, raw["metadata"]["name"]] = {**raw, "kind": resource.kind}

    def store(self) -> Store:
        """Return what watches have brought of it."""
        store = Store()
        for resource in WATCHED:
            for (kind, _), raw in self.objects.items():
                if kind == resource.kind:
                    store.put(resource, copy.deepcopy(raw))
        return store

    @property
    def replicas(self) -> int:
        return int(self.objects["Deployment", "fraud"]["spec"]["replicas"])

    @property
    def paused(self) -> str | None:
        """What KEDA is asked for."""
        annotations = self.objects["ScaledObject", "fraud"]["metadata"]["annotations"]
        return None if annotations.get(PAUSED) is None else str(annotations[PAUSED])

    async def _hang(self, resource: resources.Resource) -> None:
        if self.hangs and resource in (resources.HPAS, resources.SCALED_OBJECTS):
            await asyncio.sleep(client.REQUEST_TIMEOUT)
            raise errors.Unavailable("no answer from the API server")

    def _refuse(self, resource: resources.Resource) -> None:
        self.asked.append(resource.kind)
        if resource.kind in self.refused:
            raise self.refused[resource.kind]

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        await self._hang(resource)
        if resource.kind in self.unread:
            raise self.unread[resource.kind]
        try:
            return copy.deepcopy(self.objects[resource.kind, name])
        except KeyError:
            raise errors.NotFound(f"{resource.kind} {name} is not there") from None

    async def list(
        self, resource: resources.Resource, namespace: str | None, **_: Any
    ) -> list[client.Object]:
        if resource.kind in self.unread:
            raise self.unread[resource.kind]
        return [copy.deepcopy(raw) for (kind, _), raw in self.objects.items() if kind == resource.kind]

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        self._refuse(resource)
        raise AssertionError(f"created {resource.kind}")

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: Any, **_: Any
    ) -> client.Object:
        await self._hang(resource)
        known = self.objects[resource.kind, name]
        if self.refuses is not None and resource in (resources.HPAS, resources.SCALED_OBJECTS):
            raise self.refuses
        self._refuse(resource)
        expected = body["metadata"]["resourceVersion"]
        if expected != known["metadata"]["resourceVersion"]:
            raise errors.Conflict(f"{resource.kind} {name} is newer than {expected}")
        self.writes.append(resource.kind)
        if resource is resources.DEPLOYMENTS:
            self.scaled.set()
        changed = _merged(known, body)
        changed["metadata"]["resourceVersion"] = str(int(expected) + 1)
        self.objects[resource.kind, name] = changed
        return copy.deepcopy(changed)


def _merged(known: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**known}
    for key, value in patch.items():
        merged[key] = _merged(merged.get(key) or {}, value) if isinstance(value, Mapping) else value
    return {key: value for key, value in merged.items() if value is not None}
