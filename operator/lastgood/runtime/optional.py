"""Watching kinds that a cluster may lack: KEDA's, which may be installed later, or never.

kopf watches what it finds when it starts, and warns of what it does not find. So these kinds are listed with each full
reading, which costs one request while there are none, and are watched from the first list that the API server answers
until it says that it no longer knows them.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Protocol

from lastgood.kube import errors, resources

log = logging.getLogger(__name__)

OPTIONAL: Final = (resources.SCALED_OBJECTS,)
WATCH_FOR: Final = 300
"""Seconds until a watch is begun anew, as kopf's are."""
PAUSE: Final = 5.0
"""Seconds before a watch that failed is begun anew."""

Take = Callable[[resources.Resource, Mapping[str, Any]], None]
"""Takes in one watch event."""
Read = Callable[[resources.Resource], Awaitable[None]]
"""Makes the store hold just what there is of a kind. Raises `errors.ClusterError`."""


class Streams(Protocol):
    """Who can stream the events of a kind."""

    def watch(
        self, resource: resources.Resource, namespace: str | None, *, seconds: int
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield all objects as `ADDED`, then every change, for so many seconds. Raises `errors.ClusterError`."""
        ...


class OptionalKinds:
    """Reads and watches optional kinds; one instance for a process."""

    def __init__(self, *, take: Take, namespaces: Collection[str] = ()) -> None:
        self._take = take
        self._namespaces = tuple(namespaces) or (None,)
        self._known = {resource: asyncio.Event() for resource in OPTIONAL}
        self._forbidden: set[resources.Resource] = set()

    async def read(self, read: Read, *, forget: Callable[[resources.Resource], None]) -> None:
        """Read all kinds that there are, and forget those that there are not. Raises `errors.ClusterError`."""
        for resource, known in self._known.items():
            try:
                await read(resource)
            except errors.NotFound:
                known.clear()
                forget(resource)
            except errors.Forbidden as error:
                self._tell_forbidden(resource, error)
            else:
                self._forbidden.discard(resource)
                known.set()

    def _tell_forbidden(self, resource: resources.Resource, error: errors.Forbidden) -> None:
        if resource not in self._forbidden:
            self._forbidden.add(resource)
            log.warning("%s; give the operator's account the rights in docs/operations.md", error)

    async def watch(self, streams: Streams) -> None:
        """Watch what there is, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for resource in OPTIONAL:
                for namespace in self._namespaces:
                    group.create_task(self._watch(streams, resource, namespace))

    async def _watch(self, streams: Streams, resource: resources.Resource, namespace: str | None) -> None:
        known = self._known[resource]
        while True:
            await known.wait()
            try:
                async with contextlib.aclosing(
                    streams.watch(resource, namespace, seconds=WATCH_FOR)
                ) as events:
                    async for event in events:
                        self._take_in(resource, event)
            except errors.NotFound:
                known.clear()  # until a full reading finds it again
            except errors.ClusterError as error:
                log.debug("watching %s: %s; it is watched again", resource.plural, error)
                await asyncio.sleep(PAUSE)

    def _take_in(self, resource: resources.Resource, event: Mapping[str, Any]) -> None:
        try:
            self._take(resource, event)
        except (AttributeError, KeyError, TypeError, ValueError):
            log.exception("an event of %s cannot be read; it is passed over", resource.plural)
