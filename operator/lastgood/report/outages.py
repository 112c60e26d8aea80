"""Telling that most models on a Prometheus are blind: one event, on the operator's Lease, and one metric (rule J8).

A thousand models must not say the same thing a thousand times. The Lease is the operator's own object, where what
concerns no single model is told.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from lastgood.judge import blindness
from lastgood.kube import client, resources
from lastgood.report.events import Events
from lastgood.report.metrics import Metrics
from lastgood.report.transitions import Notice

log = logging.getLogger(__name__)


class Outages:
    """Tells of all servers; one instance for a process. `lease` is the operator's, by namespace and name."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        metrics: Metrics,
        may_act: Callable[[], bool],
        lease: tuple[str, str],
        instance: str,
    ) -> None:
        self._events = Events(cluster, instance=instance)
        self._metrics = metrics
        self._may_act = may_act
        self._lease = lease

    async def tell(self, server: str, sight: blindness.Sight, now: datetime) -> None:
        """Tell that a server is blinded now, or no more; `server` is its address, without credentials."""
        self._metrics.blinded(server, sight.blinded)
        notice = _notice(f"Prometheus at {server}" if server else "Prometheus", sight)
        log.log(logging.WARNING if notice.warning else logging.INFO, "%s", notice.note)
        if not self._may_act():
            return
        namespace, name = self._lease
        await self._events.write(
            resources.LEASES, namespace=namespace, name=name, uid="", notices=(notice,), now=now
        )


def _notice(subject: str, sight: blindness.Sight) -> Notice:
    if sight.blinded:
        return Notice(
            blindness.REASON,
            f"{sight.blind} of the {len(sight.glances)} models on {subject} are Blind, so nothing is done on what it "
            "says of any: look after it; kills and releases by people work",
            warning=True,
        )
    return Notice(
        f"{blindness.REASON}Ended", f"most models on {subject} were seen for a whole interval again"
    )
