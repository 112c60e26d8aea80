"""The thin glue to kopf: it watches, we keep plain dictionaries (architecture.md, Runtime).

There are no timers, daemons or change handlers: each would add a finalizer, a patch or a task for every object. All
that happens on an event is that the store changes and that the models concerned are due now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

import kopf

from lastgood.api import names
from lastgood.kube import client, errors, resources
from lastgood.observe.store import Key, Store
from lastgood.runtime.optional import OptionalKinds

log = logging.getLogger(__name__)

WATCHED: Final = (
    resources.MODEL_CHECKPOINTS,
    resources.KILL_SWITCHES,
    resources.DEPLOYMENTS,
    resources.REPLICA_SETS,
    resources.PODS,
    resources.HPAS,
    resources.SERVICES,
    resources.MODEL_DEPLOYMENTS,
)
"""What models are made of; the models last, so that a first look at one finds the rest of it."""

UNBUILT: Final = (resources.SAFETY_DRILLS,)
"""Kinds that this release does not act on: whoever creates one is told so."""

FIRST_SWEEP: Final = 15.0
"""Seconds from the start of the watches to the first full reading after it; each watch has listed its kind by then."""

Tell = Callable[[resources.Resource, Mapping[str, Any]], Awaitable[None]]
"""Writes on an object that its kind is not built yet."""
Login = Callable[..., kopf.ConnectionInfo | None]
"""A handler of kopf that gives credentials; called again when they are refused."""
Hold = Callable[[Collection[Key]], None]
"""Takes the Deployments that a switch holds and no model speaks for; or the switches that have changed."""
Changed = Callable[[resources.Resource, Mapping[str, Any]], None]
"""Takes every object that has changed."""
Due = Callable[[Collection[Key], bool], None]
"""Takes the models that a change concerns, and whether it is a kill or a release."""


class Watcher:
    """Keeps the store like the API server, by watches and by a full reading every few minutes."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        store: Store,
        due: Due,
        hold: Hold,
        tell: Tell,
        switched: Hold = lambda _: None,
        changed: Changed = lambda *_: None,
        namespaces: Collection[str] = (),
    ) -> None:
        self._tell = tell
        self._switched = switched
        self._tell_changed = changed
        self._unbuilt: dict[str, tuple[resources.Resource, Mapping[str, Any]]] = {}
        self._cluster = cluster
        self._store = store
        self._due = due
        self._hold = hold
        self._namespaces = tuple(namespaces)
        self.optional = OptionalKinds(take=self.take, namespaces=namespaces)
        self._changed: dict[resources.Resource, set[str]] = {}
        """Uids that a watch has told of since a full reading of their kind was begun."""

    async def read_all(self) -> None:
        """Make the store hold just what there is. Raises `errors.ClusterError`."""
        for resource in WATCHED:
            await self._read(resource)
        await self.optional.read(self._read, forget=self._forget)

    async def _read(self, resource: resources.Resource) -> None:
        changed = self._changed[resource] = set()
        try:
            found = [
                raw
                for namespace in self._namespaces or (None,)
                for raw in await self._cluster.list(resource, namespace)
            ]
        finally:
            del self._changed[resource]
        self._due(self._store.sweep(resource, found, changed_since=changed), False)
        # Whatever has just been read may leave a workload that a switch holds without a model, or raised (rule K2).
        for raw in list(self._store.switches.values()):
            self._hold(self._store.unowned(resources.KILL_SWITCHES, raw))
        for raw in found if resource is resources.KILL_SWITCHES else ():
            self._switched([(raw["metadata"]["namespace"], raw["metadata"]["name"])])

    def _forget(self, resource: resources.Resource) -> None:
        self._due(self._store.sweep(resource, ()), False)

    async def tell_unbuilt(self) -> None:
        """Tell of all objects of kinds that are not built yet: this process has just become the one that may."""
        for resource, raw in list(self._unbuilt.values()):
            await self._tell(resource, raw)

    async def sweep(self, every: float) -> None:
        """Read everything again every so many seconds: a gap in a watch leaves ghosts behind.

        So does the time between the reading at the start and the watches, of which these tell nothing: the first one
        follows soon after they have begun, and again until it succeeds.
        """
        pause = FIRST_SWEEP
        while True:
            await asyncio.sleep(pause)
            try:
                await self.read_all()
                pause = every
            except errors.ClusterError as error:
                log.warning("cannot compare the watches with the API server: %s", error)
            except Exception:
                log.exception("cannot compare the watches with the API server; it is tried again")

    async def watch(self, login: Login, *, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Watch until `stop` is set, or until SIGTERM or SIGINT."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(login)
        for resource in WATCHED:
            group = resource.group or ""
            kopf.on.event(group, resource.version, resource.plural, registry=registry)(
                self._handler(resource)
            )
        for resource in self._told_of():
            kopf.on.event(resource.group, resource.version, resource.plural, registry=registry)(
                self._unbuilt_handler(resource)
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

    def _told_of(self) -> list[resources.Resource]:
        """Return the kinds that are only told of; one without a namespace is not for an operator of some of them."""
        return [each for each in UNBUILT if each.namespaced or not self._namespaces]

    def _unbuilt_handler(self, resource: resources.Resource) -> Callable[..., Any]:
        async def on_event(event: Mapping[str, Any], **_: Any) -> None:
            await self.take_unbuilt(resource, event)

        on_event.__qualname__ = f"on_{resource.plural}"
        return on_event

    async def take_unbuilt(self, resource: resources.Resource, event: Mapping[str, Any]) -> None:
        """Take in one watch event of a kind that is only told of."""
        raw = event["object"]
        if event["type"] == "DELETED":
            self._unbuilt.pop(raw["metadata"]["uid"], None)
            return
        self._unbuilt[raw["metadata"]["uid"]] = resource, raw
        await self._tell(resource, raw)

    def take(self, resource: resources.Resource, event: Mapping[str, Any]) -> None:
        """Take in one watch event."""
        raw = event["object"]
        if resource in self._changed:
            self._changed[resource].add(raw["metadata"]["uid"])
        urgent = _is_urgent(resource, raw, self._store)
        if event["type"] == "DELETED":
            self._due(self._store.remove(resource, raw), urgent)
        else:
            self._due(self._store.put(resource, raw), urgent)
        self._hold(self._store.unowned(resource, raw))
        self._tell_changed(resource, raw)
        if resource is resources.KILL_SWITCHES:
            self._switched([(raw["metadata"]["namespace"], raw["metadata"]["name"])])


def _is_urgent(resource: resources.Resource, raw: Mapping[str, Any], store: Store) -> bool:
    """Whether a change may be a kill, or somebody's scaling up of what is killed: it passes all others (rule K6)."""
    spec = raw.get("spec") or {}
    if resource is resources.MODEL_DEPLOYMENTS:
        return bool((spec.get("killSwitch") or {}).get("engaged")) and not _only_told(raw, store)
    if resource is resources.KILL_SWITCHES:
        return bool(spec.get("engaged"))
    if resource is resources.DEPLOYMENTS and spec.get(
        "replicas"
    ):  # one that is at zero can wait to be told of
        namespace, name = raw["metadata"]["namespace"], raw["metadata"]["name"]
        holding = (store.switches[key] for key in store.switches_on((namespace, name)))
        return any((switch.get("spec") or {}).get("engaged") for switch in holding)
    return False


def _only_told(raw: Mapping[str, Any], store: Store) -> bool:
    """Whether nothing but the status of a model has changed, or its metadata."""
    metadata = raw["metadata"]
    known = store.models.get((metadata["namespace"], metadata["name"]))
    same = ("uid", "generation", "labels")
    return known is not None and all(known["metadata"].get(each) == metadata.get(each) for each in same)


def login(server: client.ApiServer) -> Login:
    """Return how kopf logs in: as our own client does, or with the pod's service account, whose token changes."""
    if server.in_cluster:
        return kopf.login_with_service_account

    def as_our_client(**_: Any) -> kopf.ConnectionInfo:
        used = server.configuration
        return kopf.ConnectionInfo(
            server=used.host,
            ca_path=used.ssl_ca_cert,
            insecure=not used.verify_ssl,
            scheme="Bearer" if used.api_key.get("BearerToken") else None,
            token=str(used.api_key.get("BearerToken") or "").removeprefix("Bearer ") or None,
            certificate_path=used.cert_file,
            private_key_path=used.key_file,
        )

    return as_our_client


class _NoDifferences(kopf.DiffBaseStorage):
    """Keeps nothing to tell changes from: only raw events are looked at, and a deep copy of each costs more than that.

    What kopf does with an event takes as long as all that is decided on it, and hundreds of kills make thousands.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing: no handler of ours asks what has changed."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Return nothing."""

    def store(self, **_: Any) -> None:
        """Write nothing on anybody's object."""


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
    settings.persistence.diffbase_storage = _NoDifferences()
    settings.execution.max_workers = 4
    return settings
