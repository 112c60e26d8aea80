"""Kubernetes Events of transitions: what `kubectl describe` shows under a model.

An event that cannot be written is lost and nothing else is: it never stops or delays what it tells of. Events expire
(after an hour, by default), so nothing that has to last is told by an event alone.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from lastgood.api import names, timestamps
from lastgood.kube import client, errors, resources
from lastgood.report.transitions import Notice

log = logging.getLogger(__name__)

CONTROLLER: Final = f"{names.GROUP}/operator"
NOTE_LENGTH: Final = 1024
"""The API server refuses more; it counts bytes."""


class Events:
    """Writes events; one instance for a process. `instance` tells this process from others of the operator."""

    def __init__(self, cluster: client.Cluster, *, instance: str) -> None:
        self._cluster = cluster
        self._instance = instance[:128] or CONTROLLER
        self._failing = False

    async def write(
        self,
        resource: resources.Resource,
        *,
        namespace: str,
        name: str,
        uid: str,
        notices: Iterable[Notice],
        now: datetime,
    ) -> None:
        """Write one event for each notice about an object. Never raises what the API server does."""
        for notice in notices:
            body = event(
                notice,
                resource=resource,
                namespace=namespace,
                name=name,
                uid=uid,
                instance=self._instance,
                now=now,
            )
            try:
                await self._cluster.create(resources.EVENTS, namespace, body)
            except errors.ClusterError as error:
                level = logging.DEBUG if self._failing else logging.WARNING
                log.log(level, "event %s of %s/%s not written: %s", notice.reason, namespace, name, error)
                self._failing = True
                return  # whatever is wrong would hold up the next ones too
            self._failing = False


def event(
    notice: Notice,
    *,
    resource: resources.Resource,
    namespace: str,
    name: str,
    uid: str,
    instance: str,
    now: datetime,
) -> dict[str, Any]:
    """Return an Event of events.k8s.io/v1 as the API server takes it."""
    return {
        "metadata": {"generateName": f"{name[:200]}-", "namespace": namespace},
        "eventTime": timestamps.written(now),
        "type": "Warning" if notice.warning else "Normal",
        "reason": notice.reason[:128],
        "action": notice.reason[:128],
        "note": _fitting(notice.note),
        "regarding": {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "namespace": namespace,
            "name": name,
            "uid": uid,
        },
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
    }


def _fitting(note: str) -> str:
    whole = note.encode()
    if len(whole) <= NOTE_LENGTH:
        return note
    return whole[: NOTE_LENGTH - len("…".encode())].decode(errors="ignore") + "…"
