"""The thin glue to kopf: it watches, we keep plain dictionaries (architecture.md, Runtime).

There are no timers, daemons or change handlers: each would add a finalizer, a patch or a task for every object. All
that happens on an event is that the store changes and that the models concerned are due now.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import kopf

from lastgood.api import names
from lastgood.kube import client, errors, resources
from lastgood.observe.store import Key, Store

log = logging.getLogger(__name__)

WATCHED: Final = (
    resources.MODEL_CHECKPOINTS,
    resources.KILL_SWITCHES,
    resources.DEPLOYMENTS,
    resources.REPLICA_SETS,
    resources.PODS,
    resources.HPAS,
    resources.MODEL_DEPLOYMENTS,
)
"""What models are made of; the models last, so that a first look at one finds the rest of it."""

Due = Callable[[Collection[Key], bool], None]
"""Takes the models that a change concerns, and whether it is a kill or a release."""


class Watcher:
    """Keeps the store like the API server, by watches and by a full reading every few minutes."""

    def __init__(
        self, *, cluster: client.Cluster, store: Store, due: Due, namespaces: Collection[str] = ()
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._due = due
        self._namespaces = tuple(namespaces)

    async def read_all(self) -> None:
        """Make the store hold just what there is. Raises `errors.ClusterError`."""
        for resource in WATCHED:
            found = [
                raw
                for namespace in self._namespaces or (None,)
                for raw in await self._cluster.list(resource, namespace)
            ]
            self._due(self._store.sweep(resource, found), False)

    async def sweep(self, every: float) -> None:
        """Read everything again every so many seconds: a gap in a watch leaves ghosts behind."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.read_all()
            except errors.ClusterError as error:
                log.warning("cannot compare the watches with the API server: %s", error)

    async def watch(
        self, connection: kopf.ConnectionInfo, *, stop: asyncio.Event, ready: asyncio.Event
    ) -> None:
        """Watch until `stop` is set."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(_login(connection))
        for resource in WATCHED:
            group = resource.group or ""
            kopf.on.event(group, resource.version, resource.plural, registry=registry)(
                self._handler(resource)
            )
        await kopf.operator(
            registry=registry,
            settings=_settings(),
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=stop,
            ready_flag=ready,
            standalone=True,
        )

    def _handler(self, resource: resources.Resource) -> Callable[..., Any]:
        async def on_event(event: Mapping[str, Any], **_: Any) -> None:
            self.take(resource, event)

        on_event.__qualname__ = f"on_{resource.plural}"
        return on_event

    def take(self, resource: resources.Resource, event: Mapping[str, Any]) -> None:
        """Take in one watch event."""
        raw = event["object"]
        urgent = _is_urgent(resource, raw, self._store)
        if event["type"] == "DELETED":
            self._due(self._store.remove(resource, raw), urgent)
        else:
            self._due(self._store.put(resource, raw), urgent)


def _is_urgent(resource: resources.Resource, raw: Mapping[str, Any], store: Store) -> bool:
    """Whether a change may be a kill, or somebody's scaling up of what is killed: it passes all others (rule K6)."""
    spec = raw.get("spec") or {}
    if resource is resources.MODEL_DEPLOYMENTS:
        return bool((spec.get("killSwitch") or {}).get("engaged"))
    if resource is resources.KILL_SWITCHES:
        return bool(spec.get("engaged"))
    if resource is resources.DEPLOYMENTS:
        namespace, name = raw["metadata"]["namespace"], raw["metadata"]["name"]
        held = (
            entry.get("workload") == name
            for (where, _), switch in store.switches.items()
            if where == namespace and switch["spec"].get("engaged")
            for entry in switch["spec"].get("restore") or []
        )
        return any(held)
    return False


def _login(connection: kopf.ConnectionInfo) -> Callable[..., kopf.ConnectionInfo]:
    def login(**_: Any) -> kopf.ConnectionInfo:
        return connection

    return login


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 20
    settings.networking.connect_timeout = 5
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.persistence.finalizer = f"{names.GROUP}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=names.GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=names.GROUP)
    settings.execution.max_workers = 4
    return settings
