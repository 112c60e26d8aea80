"""What many ask for at the same moment, read once for all of them.

A kill of hundreds of models lets hundreds of drives read the switches of one namespace, and each its own model and
Deployment. Whoever asks gets what was begun to be read after it had asked, never anything older: rule F4 holds as if
each had read for itself. While one list is read, all that ask meanwhile wait for the next.

An object is read by itself, at once, until so many ask for one of its kind that to read the whole list costs less.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lastgood.kube import client, errors, resources

HowMany = Callable[[resources.Resource, str], int]
"""Tells about how many objects of a kind a namespace has."""
JOINTLY: Final = (resources.MODEL_DEPLOYMENTS, resources.DEPLOYMENTS)
"""Kinds of which hundreds are read one by one at the same moment."""
FEW: Final = 16
"""So many objects of a kind at a time are always read one by one."""
CHEAPER: Final = 10
"""How many objects of a list cost as much as one that is read by itself."""
List = tuple[resources.Resource, str | None]


@dataclass(slots=True)
class _Reading:
    """The readings of one list, one after the other."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asking: int = 0
    begun: int = -1
    found: Sequence[client.Object] | errors.ClusterError = ()
    by_name: dict[str, client.Object] = field(default_factory=dict)


@dataclass(slots=True)
class _Crowd:
    """Those who ask for single objects of one list."""

    few: int
    """So many of them read for themselves."""
    asking: int = 0


class SharedReadings:
    """A cluster of which readings are shared; everything else is passed on as it is."""

    def __init__(self, cluster: client.Cluster, *, how_many: HowMany) -> None:
        self._cluster = cluster
        self._how_many = how_many
        self._order = itertools.count()
        self._readings: dict[List, _Reading] = {}
        self._crowds: dict[List, _Crowd] = {}

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[client.Object]:
        """See `client.Cluster.list`; what is chosen by labels is few, and asked for by few."""
        if labels:
            return await self._cluster.list(resource, namespace, labels=labels)
        reading = await self._read((resource, namespace))
        if isinstance(reading.found, errors.ClusterError):
            raise reading.found
        return reading.found

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        """See `client.Cluster.get`."""
        if resource not in JOINTLY or namespace is None:
            return await self._cluster.get(resource, namespace, name)
        key = resource, namespace
        crowd = self._crowds.get(key)
        if crowd is None:
            crowd = self._crowds[key] = _Crowd(max(FEW, self._how_many(*key) // CHEAPER))
        crowd.asking += 1
        try:
            if crowd.asking <= crowd.few:
                return await self._cluster.get(resource, namespace, name)
            return await self._get_of_all(resource, namespace, name)
        finally:
            crowd.asking -= 1
            if not crowd.asking:
                self._crowds.pop(key, None)

    async def _get_of_all(self, resource: resources.Resource, namespace: str, name: str) -> client.Object:
        reading = await self._read((resource, namespace))
        if isinstance(reading.found, errors.NotFound):  # the kind is: of the object that says nothing
            raise errors.Unavailable(str(reading.found)) from reading.found
        if isinstance(reading.found, errors.ClusterError):
            raise reading.found
        if name not in reading.by_name:
            raise errors.NotFound(f"there is no {resource.kind} {name} in namespace {namespace}")
        return reading.by_name[name]

    async def _read(self, key: List) -> _Reading:
        """Return a reading that was begun after this was asked for."""
        asked = next(self._order)
        reading = self._readings.setdefault(key, _Reading())
        reading.asking += 1
        try:
            async with reading.turn:
                if reading.begun < asked:
                    await self._read_now(key, reading)
        finally:
            reading.asking -= 1
            if not reading.asking:
                self._readings.pop(key, None)
        return reading

    async def _read_now(self, key: List, reading: _Reading) -> None:
        await asyncio.sleep(0)  # hundreds that ask at this moment all ask for this one
        begun = next(self._order)
        try:
            found = await self._cluster.list(*key)
        except errors.ClusterError as error:
            reading.found, reading.by_name = error, {}
        else:
            reading.found = found
            reading.by_name = {raw["metadata"]["name"]: raw for raw in found} if key[0] in JOINTLY else {}
        reading.begun = begun

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
