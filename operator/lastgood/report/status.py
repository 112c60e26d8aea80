"""Writing a status: by merge patch on the subresource, and only when it differs from the one that is there.

One API server takes a few hundred writes a second, and each is sent to every watcher, so a status that says the same is
not written again. What was written is remembered until the watch has brought it: an older copy that arrives meanwhile
must neither be written over again nor make the same transition happen twice.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lastgood.kube import client, errors, resources

log = logging.getLogger(__name__)

Status = Mapping[str, Any]
MOST_SUPERSEDED: Final = 16
"""How many older copies of a status are told from somebody else's writing."""


MOST_REMEMBERED: Final = 10_000
"""Objects of which it is remembered what was written: also of those that were deleted since, which nobody tells of."""


@dataclass(slots=True)
class _Written:
    asked: Status
    """What we wanted to be there."""
    given: Status
    """What the API server made of it: fields that its CRD does not know are gone."""
    superseded: list[Status] = field(default_factory=list)
    """What was there before our writes, newest last, for as long as the watch may still bring it."""


class Statuses:
    """Writes the statuses of all objects of our kinds; one instance for a process."""

    def __init__(self, cluster: client.Cluster) -> None:
        self._cluster = cluster
        self._written: dict[str, _Written] = {}
        self._failing: set[str] = set()

    def latest(self, uid: str, seen: Status) -> Status:
        """Return the newest known status of an object of which `seen` was observed: ours, if `seen` is older."""
        known = self._written.get(uid)
        if known is None:
            return seen
        if seen == known.given:
            known.superseded.clear()
            return known.asked
        if seen in known.superseded:
            return known.asked
        del self._written[uid]  # somebody else has written it since
        return seen

    def forget(self, uid: str) -> None:
        """Drop what is remembered of an object that is gone."""
        self._written.pop(uid, None)
        self._failing.discard(uid)

    def is_failing(self, uid: str) -> bool:
        """Whether the last write to an object failed."""
        return uid in self._failing

    async def write(
        self,
        resource: resources.Resource,
        *,
        namespace: str | None,
        name: str,
        uid: str,
        seen: Status,
        wanted: Status,
    ) -> bool:
        """Make the status of an object `wanted`; return whether a write was made.

        `seen` is the status as it was observed. Never raises what the API server does: a report that cannot be written
        is logged, once for an object until it works again, and made again with the next.
        """
        before = self.latest(uid, seen)
        if before == wanted:
            return False
        known = self._written.get(uid)
        base = seen if known is None else known.given
        body = {"status": merge_patch(base, wanted)}
        try:
            answer = await self._cluster.patch(resource, namespace, name, body, subresource="status")
        except errors.NotFound:
            self.forget(uid)
            return False
        except errors.ClusterError as error:
            level = logging.DEBUG if uid in self._failing else logging.WARNING
            self._failing.add(uid)
            log.log(level, "status of %s %s/%s not written: %s", resource.kind, namespace, name, error)
            return False
        self._failing.discard(uid)
        superseded = [] if known is None else known.superseded
        superseded = [*superseded, base][-MOST_SUPERSEDED:]
        given = answer.get("status") or {}
        self._written.pop(uid, None)
        self._written[uid] = _Written(asked=wanted, given=given, superseded=superseded)
        if len(self._written) > MOST_REMEMBERED:
            self.forget(next(iter(self._written)))  # what was written longest ago: its watch has brought it
        return True


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch (RFC 7396) from one object to another: null removes, lists are given whole."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value:
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            patch[key] = merge_patch(old, value)
        else:
            patch[key] = value
    return patch
