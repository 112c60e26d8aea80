"""Kinds that the API has and this release does not act on yet: whoever creates one is told so on the object (rule B1).

A kill switch that is accepted and does nothing is worse than one that is refused, so the condition that people wait for
says in words what to do instead.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from lastgood.api import timestamps
from lastgood.kube import client, errors, resources

TOLD: Final[Mapping[resources.Resource, tuple[str, str]]] = {
    resources.SAFETY_DRILLS: (
        "DrillPassed",
        "this release does not run SafetyDrills yet: engage and release a KillSwitch outside production by hand",
    ),
}
"""By kind: the condition that is False, and its message."""
REASON: Final = "NotImplemented"


class UnbuiltKinds:
    """Tells of all objects of kinds that are not built; one instance for a process."""

    def __init__(
        self, *, cluster: client.Cluster, may_act: Callable[[], bool], clock: Callable[[], datetime]
    ) -> None:
        self._cluster = cluster
        self._may_act = may_act
        self._clock = clock

    async def tell(self, resource: resources.Resource, raw: Mapping[str, Any]) -> None:
        """Write the condition once for each generation; what cannot be written now is with the next event."""
        metadata = raw["metadata"]
        condition, message = TOLD[resource]
        generation = int(metadata.get("generation") or 0)
        known = ((raw.get("status") or {}).get("conditions") or [{}])[0]
        if known.get("reason") == REASON and known.get("observedGeneration") == generation:
            return
        if not self._may_act():
            return
        written = {
            "type": condition,
            "status": "False",
            "reason": REASON,
            "message": message,
            "observedGeneration": generation,
            "lastTransitionTime": timestamps.written(self._clock()),
        }
        body = {"status": {"observedGeneration": generation, "conditions": [written]}}
        try:
            await self._cluster.patch(
                resource, metadata.get("namespace"), metadata["name"], body, subresource="status"
            )
        except errors.ClusterError:
            return
