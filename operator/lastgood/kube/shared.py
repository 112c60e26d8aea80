"""Lists that many ask for at the same moment, read once for all of them.

A kill of hundreds of models lets hundreds of drives read the switches of one namespace. Whoever asks gets a list that
was begun after it had asked, never an older one: rule F4 holds as if each had read for itself. While one reading is
under way, all that ask meanwhile wait for the next.
"""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lastgood.kube import client, errors, resources


@dataclass(slots=True)
class _Reading:
    """The readings of one list, one after the other."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asking: int = 0
    begun: int = -1
    found: Sequence[client.Object] | errors.ClusterError = ()


class SharedLists:
    """A cluster whose whole lists are shared; everything else is passed on as it is."""

    def __init__(self, cluster: client.Cluster) -> None:
        self._cluster = cluster
        self._order = itertools.count()
        self._readings: dict[tuple[resources.Resource, str | None], _Reading] = {}

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[client.Object]:
        """See `client.Cluster.list`; what is chosen by labels is few, and asked for by few."""
        if labels:
            return await self._cluster.list(resource, namespace, labels=labels)
        asked, key = next(self._order), (resource, namespace)
        reading = self._readings.setdefault(key, _Reading())
        reading.asking += 1
        try:
            async with reading.turn:
                if reading.begun < asked:
                    await self._read(key, reading)
        finally:
            reading.asking -= 1
            if not reading.asking:
                self._readings.pop(key, None)
        if isinstance(reading.found, errors.ClusterError):
            raise reading.found
        return reading.found

    async def _read(self, key: tuple[resources.Resource, str | None], reading: _Reading) -> None:
        begun = next(self._order)
        try:
            reading.found = await self._cluster.list(*key)
        except errors.ClusterError as error:
            reading.found = error
        reading.begun = begun

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        """See `client.Cluster.get`."""
        return await self._cluster.get(resource, namespace, name)

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        """See `client.Cluster.create`."""
        return await self._cluster.create(resource, namespace, body)

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: client.Object | client.Operations,
        *,
        subresource: str | None = None,
    ) -> client.Object:
        """See `client.Cluster.patch`."""
        return await self._cluster.patch(resource, namespace, name, body, subresource=subresource)
