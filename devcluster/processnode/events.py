"""Events about objects, written in the background.

An event tells a person what happened; nothing waits for it and nothing depends on it. Repeats are counted on one object
and written at most every few seconds, so that a probe that fails once a second costs next to nothing.
"""

import asyncio
import collections
import contextlib
import time
import uuid

from devcluster.processnode import status
from devcluster.processnode.apiserver import MERGE, ApiError, ApiServer, Object

REPEAT_SECONDS = 10.0
REMEMBERED = 512


class EventRecorder:
    """Writes events in the order in which they were recorded; drops them when the API server cannot follow."""

    def __init__(self, *, api: ApiServer, component: str, node: str) -> None:
        self._api = api
        self._source = {"component": component, "host": node}
        self._queue: asyncio.Queue[tuple[str, str, Object]] = asyncio.Queue(maxsize=1000)
        self._known: collections.OrderedDict[tuple[str, ...], tuple[str, int, float]] = (
            collections.OrderedDict()
        )

    def record(self, about: Object, /, *, reason: str, message: str, warning: bool = False) -> None:
        """Tell that something happened to ``about``, an object with kind and metadata."""
        metadata, moment = about["metadata"], status.now()
        namespace = metadata.get("namespace") or "default"
        key = (metadata.get("uid", ""), reason, message)
        name, count, written = self._known.get(
            key, (f"{metadata['name']}.{uuid.uuid4().hex[:16]}", 0, -REPEAT_SECONDS)
        )
        count += 1
        due = time.monotonic() - written >= REPEAT_SECONDS
        self._known[key] = (name, count, time.monotonic() if due else written)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        if not due:
            return
        path = f"/api/v1/namespaces/{namespace}/events"
        if count > 1:
            self._put("PATCH", f"{path}/{name}", {"count": count, "lastTimestamp": moment})
            return
        reference = {
            "apiVersion": about.get("apiVersion") or "v1",
            "kind": about["kind"],
            **{field: metadata.get(field, "") for field in ("name", "namespace", "uid")},
        }
        self._put(
            "POST",
            path,
            {
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": reference,
                "reason": reason,
                "message": message[:1024],
                "type": "Warning" if warning else "Normal",
                "source": self._source,
                "reportingComponent": self._source["component"],
                "reportingInstance": self._source["host"],
                "firstTimestamp": moment,
                "lastTimestamp": moment,
                "count": 1,
            },
        )

    def _put(self, method: str, path: str, body: Object, /) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait((method, path, body))

    async def run(self) -> None:
        """Write, for ever."""
        while True:
            method, path, body = await self._queue.get()
            kind = MERGE if method == "PATCH" else "application/json"
            with contextlib.suppress(ApiError):
                await self._api.call(method, path, body=body, content_type=kind, timeout=5)
