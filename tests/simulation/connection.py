"""One operator process' way to the API server: its requests, and its watches, each with what may befall them."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from lastgood.kube import errors, resources
from lastgood.kube.client import Object, Operations
from lastgood.runtime import optional, watching
from tests.simulation import sites
from tests.simulation.apiserver import ApiServer, Key, key_of
from tests.simulation.faults import Fault, Injector
from tests.simulation.objects import by_workload
from tests.simulation.readings import Readings

STREAMED = (resources.NAMESPACES, resources.CLUSTER_KILL_SWITCHES, *optional.OPTIONAL)
"""Kinds that the operator watches by itself."""
KEPT: Final = 8
"""Readings of the pods of one Deployment whose time is kept: more than there are while one write is on its way."""
SWEEP_EVERY: Final = 300.0
"""Seconds between two full readings of what there is."""


class Connection:
    """Implements `lastgood.kube.client.Cluster` for one process; a dead one does nothing any more."""

    def __init__(
        self,
        server: ApiServer,
        injector: Injector,
        *,
        identity: str,
        died: Callable[[], None],
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.server = server
        self.injector = injector
        self.identity = identity
        self.dead = False
        self.stopped_until = 0.0
        self.readings = Readings()
        """What was read of each object that is read before acting."""
        self.read_at: dict[Key, float] = {}
        """When each ModelDeployment was read last."""
        self.tried: dict[tuple[str, str], float] = {}
        """When a write was sent last, by site and name, whatever became of it."""
        self.unanswered: dict[tuple[str, str], float] = {}
        """When an object was asked for last without an answer, by the plural of its kind and by name."""
        self.denied: Counter[tuple[str, str]] = Counter()
        """How often in a row a write was refused, by site and name."""
        self.lagging: Mapping[str, Sequence[Object]] | None = None
        """What an API server lists that lags behind; None for one that does not."""
        self.pods_read: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))
        """By Deployment: when its pods alone were read; that all were read, for the watches' store, proves nothing."""
        self._died = died
        self._trace = trace

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> Object:
        try:
            return await self._get(resource, namespace or "", name)
        except (asyncio.CancelledError, errors.Unavailable):
            self.unanswered[resource.plural, name] = asyncio.get_running_loop().time()
            raise

    async def _get(self, resource: resources.Resource, namespace: str, name: str) -> Object:
        await self._on_its_way()
        key = namespace, name
        found = self.server.find(resource, key)
        self.readings.note(resource, {key: found})
        if resource is resources.MODEL_DEPLOYMENTS or resource is resources.DEPLOYMENTS:
            self.read_at[key] = asyncio.get_running_loop().time()
        found = self.server.get(resource, *key)
        await self.awake()
        return found

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[Object]:
        await self._on_its_way()
        if self.lagging is not None:
            return self.lagging.get(resource.plural, ())
        if resource is resources.PODS and labels is not None and "app" in labels:
            self.pods_read[labels["app"]].append(asyncio.get_running_loop().time())
        found = self.server.listed(resource, namespace, labels)
        read = {key_of(raw): raw for raw in found}
        if labels is None:
            self.readings.note_all(resource, namespace, read)
        else:
            self.readings.note(resource, read)
        await self.awake()
        return found

    async def list_metadata(self, resource: resources.Resource, namespace: str) -> Sequence[Object]:
        await self._on_its_way()
        return [{"metadata": raw["metadata"]} for raw in self.server.listed(resource, namespace)]

    async def create(self, resource: resources.Resource, namespace: str | None, body: Object) -> Object:
        site = sites.site(resource, body)
        answer = await self._write(
            site, lambda: self.server.create(resource, namespace or "", body, by=self.identity)
        )
        self._see_answer(resource, None, answer)
        return answer

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: Object | Operations,
        *,
        subresource: str | None = None,
    ) -> Object:
        there = self.server.find(resource, (namespace or "", name))
        site = sites.site(resource, body, there=there, subresource=subresource)
        self.tried[site, name] = asyncio.get_running_loop().time()
        try:
            answer = await self._write(
                site,
                lambda: self.server.patch(
                    resource, namespace or "", name, body, by=self.identity, subresource=subresource
                ),
            )
        except errors.Forbidden:
            self.denied[site, name] += 1
            raise
        self.denied[site, name] = 0
        if subresource is None:
            self._see_answer(resource, there, answer)
        return answer

    def _see_answer(self, resource: resources.Resource, there: Object | None, answer: Object) -> None:
        """What follows on the record of a kill rests on the switch as the API server has just answered it."""
        if resource is resources.KILL_SWITCHES:
            self.readings.note(resource, {key_of(answer): answer})
            before, after = by_workload(there or {}), by_workload(answer)
            self.readings.recorded(name for name in after if after[name] != before.get(name))

    async def awake(self) -> None:
        """A stopped process sends and hears nothing until it goes on."""
        now = asyncio.get_running_loop().time()
        if now < self.stopped_until:
            await asyncio.sleep(self.stopped_until - now)
        if self.dead:
            raise errors.Unavailable("this process has ended")

    async def _on_its_way(self) -> None:
        await self.awake()
        delay = self.injector.delay(asyncio.get_running_loop().time())
        if delay:
            await asyncio.sleep(delay)

    async def _write(self, site: str, apply: Callable[[], Object]) -> Object:
        decided, read = asyncio.get_running_loop().time(), dict(self.readings.at)
        self.injector.strike(site, self.identity)
        await self._on_its_way()
        fault = self.injector.meet(site, asyncio.get_running_loop().time())
        if self._trace is not None:
            self._trace(f"{self.identity} writes {site}" + (f"; {fault}" if fault else ""))
        if fault is Fault.CRASH_BEFORE:
            await self._die()
        if fault is Fault.CONFLICT:
            raise errors.Conflict(f"{site}: it was changed meanwhile")
        if fault is Fault.REFUSED:
            raise errors.Forbidden(f"{site}: a policy denied the request")
        if fault in (Fault.THROTTLED, Fault.ERROR):
            raise errors.Unavailable(f"{site}: the API server answered {fault}")
        self.server.decided, self.server.looked = decided, read
        answer = apply()
        if fault is Fault.CRASH_AFTER:
            await self._die()
        if fault is Fault.LOST:
            raise errors.Unavailable(f"{site}: no answer from the API server")
        await self.awake()
        return answer

    async def _die(self) -> NoReturn:
        if not self.dead:
            self.dead = True
            self._died()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody wakes the dead")


class Watching:
    """The watches of one process: told in order for each kind, and perhaps late, once for several, or not at all."""

    def __init__(self, server: ApiServer, connection: Connection, watcher: watching.Watcher) -> None:
        self._server = server
        self._connection = connection
        self._watcher = watcher
        self._waiting: dict[str, list[tuple[resources.Resource, Mapping[str, Any]]]] = {
            resource.plural: [] for resource in (*watching.WATCHED, *watching.UNBUILT, *STREAMED)
        }
        self._streams: dict[str, asyncio.Queue[Mapping[str, Any]]] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._held: dict[str, float] = {}
        self._missing: set[str] = set()
        self.haunted: dict[str, float] = {}
        """By kind: until when what was deleted unseen may be taken for alive: the next full reading."""
        self.told = 0
        """Changes so far of which this process was told, or should have been."""
        self.untold: frozenset[int] = frozenset()
        """By number: the changes that it is never told of."""
        self._due: asyncio.TimerHandle | asyncio.Handle | None = None

    def start(self) -> None:
        """Tell of all that there is, then of each change."""
        self._server.watchers.append(self)
        for resource in (*watching.WATCHED, *watching.UNBUILT):
            self._relist(resource)

    def end(self) -> None:
        """Tell no more."""
        if self in self._server.watchers:
            self._server.watchers.remove(self)
        if self._due is not None:
            self._due.cancel()
        for each in self._telling:
            each.cancel()

    async def watch(
        self, resource: resources.Resource, namespace: str | None, *, seconds: int
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Implements `Streams` of `lastgood.runtime.optional`: a watch of one kind."""
        stream = self._streams[resource.plural] = asyncio.Queue()
        self._waiting[resource.plural].clear()
        self._relist(resource)
        end = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                async with asyncio.timeout_at(end):
                    event = await stream.get()
            except TimeoutError:
                return
            yield event

    def hold(self, plural: str, *, until: float) -> None:
        """Tell of a kind late."""
        self._held[plural] = until

    def lag(self, *, until: float) -> None:
        """Note that all was read from an API server that lags behind."""
        self.haunted = dict.fromkeys(self._waiting, until)

    def miss(self, plural: str, *, until: float) -> None:
        """Tell nothing of a kind, and later only of what there is then."""
        self._missing.add(plural)
        if any(event["type"] == "DELETED" for _, event in self._waiting[plural]):  # told late, and now never
            self._haunt(plural)
        self._waiting[plural].clear()
        asyncio.get_running_loop().call_at(until, self._found_again, plural)

    def push(self, resource: resources.Resource, kind: str, raw: Object) -> None:
        if resource.plural not in self._waiting:
            return
        if resource.plural in self._missing:
            if kind == "DELETED":
                self._haunt(resource.plural)
            return
        if resource in STREAMED and resource.plural not in self._streams:
            return  # it begins with all that there is then
        self.told += 1
        if self.told in self.untold:
            self._haunt(resource.plural)
            return
        self._waiting[resource.plural].append((resource, {"type": kind, "object": raw}))
        if self._due is None:
            self._due = asyncio.get_running_loop().call_soon(self._flush)

    def _haunt(self, plural: str) -> None:
        self.haunted[plural] = asyncio.get_running_loop().time() + SWEEP_EVERY

    def _found_again(self, plural: str) -> None:
        if plural in self._missing:
            self._missing.discard(plural)
            kinds = (*watching.WATCHED, *watching.UNBUILT, *STREAMED)
            self._relist(next(each for each in kinds if each.plural == plural))

    def _relist(self, resource: resources.Resource) -> None:
        for raw in self._server.of(resource).values():
            self.push(resource, "ADDED" if resource in STREAMED else "", raw)

    def _flush(self) -> None:
        self._due = None
        if self._connection.dead:
            return
        loop = asyncio.get_running_loop()
        now, later = loop.time(), []
        for plural, events in self._waiting.items():
            if not events:
                continue
            until = max(self._held.get(plural, 0.0), self._connection.stopped_until)
            if now < until:
                later.append(until)
            else:
                self._waiting[plural] = []
                # kopf keeps only the newest of what comes at once for one object.
                newest = {event["object"]["metadata"]["uid"]: (kind, event) for kind, event in events}
                for kind, event in newest.values():
                    self._tell(kind, event)
        if later and self._due is None:
            self._due = loop.call_at(min(later), self._flush)

    def _tell(self, resource: resources.Resource, event: Mapping[str, Any]) -> None:
        if resource in STREAMED:
            self._streams[resource.plural].put_nowait(event)
        elif resource in watching.UNBUILT:
            telling = asyncio.create_task(self._watcher.take_unbuilt(resource, event))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
        else:
            self._watcher.take(resource, event)
