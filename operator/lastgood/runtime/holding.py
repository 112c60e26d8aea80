"""Driving what a switch holds and no model speaks for: the same rooms as a model, without judging or reporting."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from lastgood.act import acting
from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import unowned
from lastgood.kube import client, errors, resources
from lastgood.observe import autoscalers, fresh_pods, workloads, written
from lastgood.observe import snapshot as observing
from lastgood.observe.store import Key, Object, Store
from lastgood.record import recording
from lastgood.record import switch as notes
from lastgood.record.entries import Entries
from lastgood.runtime import contest
from lastgood.runtime.memory import Memory

log = logging.getLogger(__name__)

MOST_ROUNDS: Final = 6
LOOK_AGAIN: Final = timedelta(seconds=1)
"""Until what is there, and no watch has brought yet, is looked for again."""


class Holder:
    """Holds Deployments on demand; one instance for a process."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        store: Store,
        may_act: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._may_act = may_act
        self._clock = clock
        self._entries = Entries(cluster, may_act=may_act)
        self._memories: dict[Key, Memory] = {}
        """Of each Deployment that was scaled down: how often, and how often the API server refused it."""

    async def hold(self, workload: Key) -> timedelta | None:
        """Bring one Deployment to zero if a switch holds it; return when to look again without being asked."""
        memory = self._memories.get(workload) or Memory()
        async with memory.lock:
            try:
                again = await self._rounds(workload, memory) or await self._look_for_pods(workload)
            except errors.NotFound:
                again = None
            except errors.ClusterError as error:
                memory.failures += 1
                log.warning("Deployment %s/%s: %s", *workload, error)
                again = contest.retry_in(memory.failures)
            else:
                memory.failures = 0
        if self._store.switches_on(workload):
            self._memories[workload] = memory
        else:
            self._memories.pop(workload, None)
        return again

    async def _rounds(self, workload: Key, memory: Memory) -> timedelta | None:
        if self._decided_on_the_store(workload) is None:
            return None
        for _ in range(MOST_ROUNDS):
            if not self._may_act() or await self._is_spoken_for(workload):
                return None
            decision = await self._decided_afresh(workload)
            if decision is None or (_lets_go(decision) and not await self._is_unnamed(workload)):
                return None
            wait = contest.wait_before(decision, memory, self._clock())
            if wait is not None:
                return wait
            if not self._may_act():
                return None
            await self._carry_out(workload, decision, memory)
        return contest.retry_in(1)

    async def _look_for_pods(self, workload: Key) -> timedelta | None:
        """K4: read whether pods are left of what is held at zero, before its switches say that there are none.

        Watches are not believed: they lag, and have ghosts. Returns when to look again.
        """
        there = self._store.deployments.get(workload)
        if there is None or not _is_at_zero(there) or not self._may_act():
            return None
        if self._store.pods_of(workload) or self._store.is_read_empty(workload):
            return None
        if not self._store.switches_on(workload) or await self._is_spoken_for(workload):
            return None
        raw = await self._cluster.get(resources.DEPLOYMENTS, *workload)
        if not _is_at_zero(raw):
            return LOOK_AGAIN
        labels = (raw["spec"].get("selector") or {}).get("matchLabels")
        if await fresh_pods.read(self._cluster, workload, uid=raw["metadata"]["uid"], labels=labels):
            return LOOK_AGAIN
        self._store.read_empty(raw)
        return None

    def _decided_on_the_store(self, workload: Key) -> Decision | None:
        """Return what the watches speak for; it only says that there may be something to do (rule F4)."""
        return self._decided(
            workload,
            self._store.deployments.get(workload),
            self._readable(self._store.switches_in(workload[0])),
            self._store.autoscalers_of(workload),
        )

    async def _decided_afresh(self, workload: Key) -> Decision | None:
        namespace, name = workload
        raw, listed, scalers = await asyncio.gather(
            self._deployment(workload),
            self._cluster.list(resources.KILL_SWITCHES, namespace),
            autoscalers.fresh(self._cluster, self._store.autoscalers_of(workload)),
        )
        switches = self._readable(listed)
        more = await autoscalers.recorded(self._cluster, namespace, name, scalers, switches)
        return self._decided(workload, raw, switches, [*scalers, *more])

    async def _deployment(self, workload: Key) -> Object | None:
        try:
            return await self._cluster.get(resources.DEPLOYMENTS, *workload)
        except errors.NotFound:
            return None

    def _readable(self, listed: Iterable[Object]) -> list[facts.Switch]:
        parsed = (self._store.parsed_switch(each) for each in listed)
        return [switch for switch in parsed if switch is not None]

    def _decided(
        self,
        key: Key,
        raw: Object | None,
        switches: Sequence[facts.Switch],
        scalers: Sequence[autoscalers.Found],
    ) -> Decision | None:
        scaler = autoscalers.of(key[1], scalers, switches)
        if raw is None:
            return unowned.let_go_of_what_is_gone(key[1], switches, scaler)
        return unowned.hold(self._store.parsed(raw, workloads.workload), switches, scaler)

    async def _is_spoken_for(self, workload: Key) -> bool:
        """Whether a model says what becomes of a Deployment; one that does not parse says nothing (rule K2).

        Nor does one that is gone and whose end no watch has told, until the next full reading.
        """
        for namespace, name in self._store.models_on(workload):
            with contextlib.suppress(written.Unreadable, errors.NotFound):
                raw = await self._cluster.get(resources.MODEL_DEPLOYMENTS, namespace, name)
                if observing.workload_name(raw) == workload[1]:
                    self._store.parsed(raw, written.model)
                    return True
        return False

    async def _is_unnamed(self, workload: Key) -> bool:
        """Whether there is no model after all: what one has to come back to is dropped on no watch's word (rule F4)."""
        namespace, name = workload
        models = await self._cluster.list(resources.MODEL_DEPLOYMENTS, namespace)
        return all(observing.workload_name(raw) != name for raw in models)

    async def _carry_out(self, workload: Key, decision: Decision, memory: Memory) -> None:
        namespace, name = workload
        try:
            for record in decision.records:
                if _lets_go(decision) and await self._is_spoken_for(workload):
                    return  # created meanwhile: what a switch still holds is what the model comes back to
                stands = functools.partial(self._is_unnamed, workload) if _lets_go(decision) else None
                await recording.write(self._cluster, self._entries, namespace, name, record, stands=stands)
                _tell_what_is_left(namespace, record)
            if decision.records and _lets_go(decision) and decision.message:
                log.warning("Deployment %s/%s is %s", namespace, name, decision.message)
            await self._take_all(workload, decision, memory)
        except errors.Conflict as conflict:
            log.debug("Deployment %s/%s: %s; observing again", namespace, name, conflict)

    async def _take_all(self, workload: Key, decision: Decision, memory: Memory) -> None:
        """Take all steps; an autoscaler that cannot be set keeps nothing from being scaled to zero (rule K1)."""
        namespace, name = workload
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
                contest.note(step, memory, self._clock())
                what = "scaled to zero" if isinstance(step, steps.Scale) else "set its autoscaler"
                log.info("Deployment %s/%s: %s: %s", namespace, name, what, decision.message)
        if refused is not None:
            raise refused


def _tell_what_is_left(namespace: str, record: records.Record) -> None:
    if not isinstance(record, records.SetEntries) or record.left is None or record.left.traffic is None:
        return
    log.warning(
        "Service %s/%s is left with the fallback of Deployment %s, for which no ModelDeployment speaks: once its pods "
        "serve, give the Service the selector that KillSwitch %s notes in annotation %s",
        namespace,
        record.left.traffic.service,
        record.left.workload,
        record.switch.name,
        notes.left_at(record.left.workload),
    )


def _is_at_zero(deployment: Object) -> bool:
    return (deployment.get("spec") or {}).get("replicas") == 0


def _lets_go(decision: Decision) -> bool:
    return decision.phase is Phase.IDLE
