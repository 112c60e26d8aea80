"""Driving what a switch holds and no model speaks for: the same rooms as a model, without judging or reporting."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from lastgood.act import acting
from lastgood.decide.decision import Decision
from lastgood.decide.rules import unowned
from lastgood.kube import client, errors, resources
from lastgood.observe import workloads, written
from lastgood.observe.store import Key, Store
from lastgood.record import recording
from lastgood.runtime import contest

log = logging.getLogger(__name__)

MOST_ROUNDS: Final = 6


class Holder:
    """Holds Deployments on demand; one instance for a process."""

    def __init__(self, *, cluster: client.Cluster, store: Store, may_act: Callable[[], bool]) -> None:
        self._cluster = cluster
        self._store = store
        self._may_act = may_act

    async def hold(self, workload: Key) -> timedelta | None:
        """Bring one Deployment to zero if a switch holds it; return when to look again without being asked."""
        namespace, name = workload
        try:
            for _ in range(MOST_ROUNDS):
                if self._store.models_on(workload) or not self._may_act():
                    return None
                raw = await self._cluster.get(resources.DEPLOYMENTS, namespace, name)
                listed = await self._cluster.list(resources.KILL_SWITCHES, namespace)
                switches = [read for each in listed if (read := written.switch(each)) is not None]
                decision = unowned.hold(workloads.workload(raw), switches)
                if decision is None or not self._may_act():
                    return None
                await self._carry_out(namespace, name, decision)
        except errors.NotFound:
            return None
        except errors.ClusterError as error:
            log.warning("Deployment %s/%s: %s", namespace, name, error)
        return contest.retry_in(3)

    async def _carry_out(self, namespace: str, name: str, decision: Decision) -> None:
        try:
            for record in decision.records:
                await recording.write(self._cluster, namespace, name, record)
            for step in decision.steps:
                await acting.take(self._cluster, namespace, name, step)
                log.info("Deployment %s/%s: scaled to zero: %s", namespace, name, decision.message)
        except errors.Conflict as conflict:
            log.debug("Deployment %s/%s: %s; observing again", namespace, name, conflict)
