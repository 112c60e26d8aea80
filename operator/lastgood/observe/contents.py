"""What is in the ConfigMaps that models use, as hashes (semantics.md, O7).

They are not watched: a watch would bring the content of every ConfigMap of the cluster. Now and then the metadata of a
namespace's is listed, and only one that a model's Deployment refers to, and whose resourceVersion is new, is read.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

from lastgood.decide import config
from lastgood.kube import client, errors, resources
from lastgood.observe.store import Key, Store

log = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""ConfigMaps that are read at the same time."""


class Reads(Protocol):
    """What is needed of the API server here."""

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        """Read one object."""
        ...

    async def list_metadata(self, resource: resources.Resource, namespace: str) -> Sequence[client.Object]:
        """Read the metadata of all objects of a namespace."""
        ...


class Contents:
    """Keeps the hashes in the store; `due` takes the models whose ConfigMaps hold something else."""

    def __init__(self, *, cluster: Reads, store: Store, due: Callable[[Collection[Key]], None]) -> None:
        self._cluster = cluster
        self._store = store
        self._due = due
        self._versions: dict[Key, str] = {}
        """The resourceVersion that a hash in the store belongs to."""
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._failing: set[str] = set()

    async def run(self, every: float) -> None:
        """Look at the ConfigMaps every so many seconds until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(every)

    async def look(self) -> None:
        """Look once at every namespace with models that use a ConfigMap; one that cannot be read stays as it was."""
        used = self._used()
        for namespace in self._store.contents.keys() - used.keys():
            del self._store.contents[namespace]
        kept = {(namespace, name) for namespace, users in used.items() for name in users}
        self._versions = {key: version for key, version in self._versions.items() if key in kept}
        for namespace, users in used.items():
            try:
                await self._look_at(namespace, users)
            except errors.ClusterError as error:
                level = logging.DEBUG if namespace in self._failing else logging.WARNING
                self._failing.add(namespace)
                log.log(
                    level,
                    "ConfigMaps of %s cannot be read; other content is not noticed: %s",
                    namespace,
                    error,
                )
            else:
                self._failing.discard(namespace)

    def _used(self) -> dict[str, dict[str, set[Key]]]:
        """Return, by namespace and ConfigMap, the models whose Deployment refers to it."""
        found: dict[str, dict[str, set[Key]]] = {}
        for model in self._store.models:
            deployment = self._store.deployments.get((model[0], self._store.workload_of(model)))
            if deployment is None:
                continue
            for name in _names(deployment):
                found.setdefault(model[0], {}).setdefault(name, set()).add(model)
        return found

    async def _look_at(self, namespace: str, users: Mapping[str, set[Key]]) -> None:
        listed = await self._cluster.list_metadata(resources.CONFIG_MAPS, namespace)
        there = {str(raw["metadata"]["name"]): str(raw["metadata"]["resourceVersion"]) for raw in listed}
        before = self._store.contents.get(namespace, {})
        names = sorted(users)
        hashes = await asyncio.gather(*(self._hash(namespace, name, there, before) for name in names))
        now = dict(zip(names, hashes, strict=True))
        self._store.contents[namespace] = now
        changed = [name for name in names if before.get(name) != now[name]]
        if changed:
            self._due(set().union(*(users[name] for name in changed)))

    async def _hash(
        self, namespace: str, name: str, there: Mapping[str, str], before: Mapping[str, str]
    ) -> str:
        key = (namespace, name)
        if name not in there:
            self._versions.pop(key, None)
            return ""
        if name in before and self._versions.get(key) == there[name]:
            return before[name]
        try:
            async with self._reading:
                raw = await self._cluster.get(resources.CONFIG_MAPS, namespace, name)
        except errors.NotFound:
            self._versions.pop(key, None)
            return ""
        self._versions[key] = str(raw["metadata"]["resourceVersion"])
        return content_hash(raw)


def _names(deployment: Mapping[str, Any]) -> frozenset[str]:
    """Return the ConfigMaps of a Deployment; none of one that cannot be read, so that it hides no other (rule B2)."""
    try:
        return config.names((deployment.get("spec") or {}).get("template") or {})
    except (AttributeError, TypeError):
        return frozenset()


def content_hash(raw: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a ConfigMap holds, in hexadecimal; its metadata does not count."""
    held = {"data": raw.get("data") or {}, "binaryData": raw.get("binaryData") or {}}
    canonical = json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
