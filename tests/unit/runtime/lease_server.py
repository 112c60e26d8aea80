"""An API server that holds one Lease in memory, on virtual time, and loses, delays and reorders as networks do."""

import asyncio
import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from lastgood.kube import errors, resources
from lastgood.kube.client import Object

NAMESPACE = "lastgood"
NAME = "operator"


@dataclass
class LeaseServer:
    """The stored object, with a resourceVersion that counts every write of any object."""

    lease: Object | None = None
    version: int = 0
    writes: int = 0

    def get(self) -> Object:
        if self.lease is None:
            raise errors.NotFound("the Lease is not there")
        return copy.deepcopy(self.lease)

    def create(self, body: Object) -> Object:
        if self.lease is not None:
            raise errors.AlreadyExists("the Lease is there")
        self.lease = copy.deepcopy(body)
        return self._written()

    def patch(self, body: Object) -> Object:
        if self.lease is None:
            raise errors.NotFound("the Lease is not there")
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted is not None and wanted != self.lease["metadata"]["resourceVersion"]:
            raise errors.Conflict("the Lease is another")
        before = copy.deepcopy(self.lease)
        for part in ("metadata", "spec"):
            merged = {**self.lease.get(part, {}), **body.get(part, {})}
            self.lease[part] = {name: value for name, value in merged.items() if value is not None}
        return self.get() if self.lease == before else self._written()

    def delete(self) -> None:
        self.version += 1
        self.lease = None

    def _written(self) -> Object:
        assert self.lease is not None
        self.version += 1
        self.writes += 1
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        return self.get()


@dataclass
class Faults:
    """How one client's requests fare; each number is a probability, but for seconds."""

    lost_request: float = 0.0
    lost_response: float = 0.0
    slow: float = 0.0
    slowest: float = 20.0
    cut_off: bool = False


@dataclass
class Client:
    """One process' way to the server: `lastgood.runtime.lease.Leases`.

    A request that its sender gave up goes on: what is on its way arrives, and may be applied much later.
    """

    server: LeaseServer
    spread: random.Random
    faults: Faults = field(default_factory=Faults)
    stopped_until: float = 0.0
    requests: int = 0
    _under_way: set[asyncio.Task[Object]] = field(default_factory=set)

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> Object:
        assert (resource, namespace, name) == (resources.LEASES, NAMESPACE, NAME)
        return await self._send(self.server.get)

    async def create(self, resource: resources.Resource, namespace: str | None, body: Object) -> Object:
        assert (resource, namespace, body["metadata"]["name"]) == (resources.LEASES, NAMESPACE, NAME)
        return await self._send(lambda: self.server.create(body))

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: Object
    ) -> Object:
        assert (resource, namespace, name) == (resources.LEASES, NAMESPACE, NAME)
        return await self._send(lambda: self.server.patch(body))

    async def _send(self, apply: Callable[[], Object]) -> Object:
        await self._awake()
        self.requests += 1
        task = asyncio.create_task(self._travel(apply))
        self._under_way.add(task)
        task.add_done_callback(self._arrived)
        return await asyncio.shield(task)

    def _arrived(self, task: asyncio.Task[Object]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()

    async def _travel(self, apply: Callable[[], Object]) -> Object:
        await asyncio.sleep(self._latency())
        if self._lost(self.faults.lost_request):
            await self._nothing()
        answer: Object | None = None
        refusal: errors.ClusterError | None = None
        try:
            answer = apply()
        except errors.ClusterError as error:
            refusal = error
        await asyncio.sleep(self._latency())
        if self._lost(self.faults.lost_response):
            await self._nothing()
        await self._awake()
        if answer is None:
            assert refusal is not None
            raise refusal
        return answer

    def _lost(self, probability: float) -> bool:
        return self.faults.cut_off or self.spread.random() < probability

    async def _nothing(self) -> NoReturn:
        if self.spread.random() < 0.5:
            raise errors.Unavailable("no answer from the API server")
        await asyncio.sleep(60)
        raise errors.Unavailable("no answer from the API server")

    def _latency(self) -> float:
        if self.spread.random() < self.faults.slow:
            return self.spread.uniform(0, self.faults.slowest)
        return self.spread.uniform(0, 0.05)

    async def _awake(self) -> None:
        """A stopped process sends and hears nothing until it goes on."""
        await asyncio.sleep(max(0.0, self.stopped_until - asyncio.get_running_loop().time()))
