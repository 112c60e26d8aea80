"""Driving what a switch holds and no model speaks for: the same rooms as a model, without judging or reporting."""

import contextlib
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from lastgood.act import acting
from lastgood.decide import steps
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import unowned
from lastgood.kube import client, errors, resources
from lastgood.observe import autoscalers, workloads, written
from lastgood.observe import snapshot as observing
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
                if self._is_spoken_for(workload) or not self._may_act():
                    return None
                raw = await self._cluster.get(resources.DEPLOYMENTS, namespace, name)
                listed = await self._cluster.list(resources.KILL_SWITCHES, namespace)
                switches = [read for each in listed if (read := written.switch(each)) is not None]
                found = await autoscalers.fresh(self._cluster, self._store.autoscalers_of(workload))
                decision = unowned.hold(
                    workloads.workload(raw), switches, autoscalers.of(name, found, switches)
                )
                if decision is None or (_lets_go(decision) and await self._is_named(workload)):
                    return None
                if not self._may_act():
                    return None
                await self._carry_out(namespace, name, decision)
        except errors.NotFound:
            return None
        except errors.ClusterError as error:
            log.warning("Deployment %s/%s: %s", namespace, name, error)
        return contest.retry_in(3)

    def _is_spoken_for(self, workload: Key) -> bool:
        """Whether a model says what becomes of a Deployment; one that does not parse says nothing (rule K2)."""
        for key in self._store.models_on(workload):
            with contextlib.suppress(written.Unreadable):
                self._store.parsed(self._store.models[key], written.model)
                return True
        return False

    async def _is_named(self, workload: Key) -> bool:
        """Whether there is a model after all: what it has to come back to is dropped on no watch's word (rule F4)."""
        namespace, name = workload
        models = await self._cluster.list(resources.MODEL_DEPLOYMENTS, namespace)
        return any(observing.workload_name(raw) == name for raw in models)

    async def _carry_out(self, namespace: str, name: str, decision: Decision) -> None:
        try:
            for record in decision.records:
                await recording.write(self._cluster, namespace, name, record)
            await self._take_all(namespace, name, decision)
        except errors.Conflict as conflict:
            log.debug("Deployment %s/%s: %s; observing again", namespace, name, conflict)

    async def _take_all(self, namespace: str, name: str, decision: Decision) -> None:
        """Take all steps; an autoscaler that cannot be set keeps nothing from being scaled to zero (rule K1)."""
        refused: errors.ClusterError | None = None
        for step in decision.steps:
            try:
                if isinstance(step, steps.SetAutoscaler):
                    await acting.take_before_a_kill(self._cluster, namespace, name, step)
                else:
                    await acting.take(self._cluster, namespace, name, step)
            except errors.ClusterError as error:
                if not isinstance(step, steps.SetAutoscaler):
                    raise
                refused = error
            else:
                what = "scaled to zero" if isinstance(step, steps.Scale) else "set its autoscaler"
                log.info("Deployment %s/%s: %s: %s", namespace, name, what, decision.message)
        if refused is not None:
            raise refused


def _lets_go(decision: Decision) -> bool:
    return decision.phase is Phase.IDLE
