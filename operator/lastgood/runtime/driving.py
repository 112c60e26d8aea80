"""Driving one model: observe, decide, record, act, report, until there is nothing left to do.

A decision made on the watches' store only says that there may be something to do; whatever is written is decided again
on facts read afresh from the API server (rule F4). A record is never followed by a step in the same round: the step
comes from the next decision, made on what was recorded (rule F2).
"""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from lastgood.act import acting
from lastgood.decide import facts, policy, records, steps
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import Settings, View
from lastgood.kube import client, errors, resources
from lastgood.observe import returning, written
from lastgood.observe import snapshot as observing
from lastgood.observe.store import Key, Store
from lastgood.record import recording
from lastgood.record.entries import Entries
from lastgood.runtime import contest, refusals, standby
from lastgood.runtime.blast import Blast
from lastgood.runtime.memory import Memory

log = logging.getLogger(__name__)

MOST_ROUNDS: Final = 12
"""A kill takes three rounds, a rollback five; a model that needs more is looked at again later."""
FRESH_INTERVALS: Final = 3
"""Verdicts older than this many intervals are not acted on."""
ACTS_AT_ONCE: Final = 48
"""Models that are acted on at a time: no more than the API server answers soon, so that no request grows old waiting
for a connection, and the lease is renewed in between."""
AROUND_A_KILL: Final = (steps.SetAutoscaler, steps.SwitchTraffic)
"""Steps that the scaling to zero goes without, if need be."""


class Actor(Protocol):
    """Who may write: one operator of several."""

    def may_act(self) -> bool:
        """Whether this process holds the lease, with time to spare."""
        ...


class Reports(Protocol):
    """Who tells people what was decided."""

    def recorded(self, key: Key, decision: Decision) -> None:
        """Count a decision that was recorded."""
        ...

    def forget(self, key: Key) -> None:
        """Drop what is told of a model that is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drive came to: when to look again without being asked, and what to report."""

    again_in: timedelta | None = None
    told: tuple[observing.Snapshot, View, Decision] | None = None
    """What there is to report; None when this process may not act, or the model is gone."""


class Driver:
    """Drives models on demand; one instance for a process."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        store: Store,
        actor: Actor,
        reports: Reports,
        settings: Settings,
        clock: Callable[[], datetime],
        namespaces: Collection[str] = (),
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._actor = actor
        self._reports = reports
        self._settings = settings
        self._clock = clock
        self._entries = Entries(cluster, may_act=self._may_act)
        self._turn = asyncio.Semaphore(ACTS_AT_ONCE)
        self._blast = Blast(
            cluster=cluster, store=store, namespaces=namespaces, settings=settings, clock=clock
        )

    async def drive(self, key: Key, memory: Memory) -> Outcome:
        """Bring one model as far as it can be brought now.

        Raises nothing that the API server does: the outcome says when to try again, and what is not done until then.
        """
        async with memory.lock:
            memory.under_way = memory.moved_on = None
            try:
                outcome = await self._rounds(key, memory)
            except errors.ClusterError as error:
                return self._failed(key, memory, error)
            memory.failures, memory.said = 0, ""
            return outcome

    def _failed(self, key: Key, memory: Memory, error: errors.ClusterError) -> Outcome:
        memory.failures, memory.said = memory.failures + 1, refusals.said(memory.said, str(error))
        is_told = refusals.is_told(error, memory.failures)
        log.log(refusals.level_of(error, memory.failures), "%s/%s: %s", *key, error)
        told = None
        if memory.under_way is not None and is_told:
            seen, view, decision = memory.under_way
            told = self._told(seen, view, refusals.not_done(decision, error, memory.said), memory)
        return Outcome(contest.retry_in(memory.failures, error), told)

    async def _rounds(self, key: Key, memory: Memory) -> Outcome:
        seen = self._cached(key)
        from_store, pods_read = True, False
        for _ in range(MOST_ROUNDS):
            if seen is None:
                memory.proved = None
                self._reports.forget(key)
                return Outcome()
            view = self._view(seen, memory)
            leads, now = self._actor.may_act(), self._clock()
            decision = policy.decide(view) if leads else policy.decide_a_kill(view)
            if decision is None:  # and a standby has to do with nothing else
                memory.release()
                return Outcome()
            wait = contest.wait_before(decision, memory, now) or refusals.wait_before(
                decision, memory.scaler_refused, now
            )
            idle = not decision.records and (not decision.steps or wait is not None)
            if not leads:
                memory.proved = None  # whoever leads meanwhile may release it, and kill again
                left = standby.helps_in(decision, memory, self._clock())
                if left is None or left > timedelta(0) or wait is not None:
                    return Outcome(left if wait is None else wait)
            memory.prove(view if decision.phase is Phase.KILLED else None, read=pods_read)
            if idle and (memory.proved is not None or decision.phase is not Phase.KILLED):
                later = None if decision.until is None else max(decision.until - now, timedelta(0))
                return Outcome(later if wait is None else wait, self._told(seen, view, decision, memory))
            memory.under_way = (seen, view, decision) if leads else None
            killing = policy.decide_a_kill(view) is not None
            if seen.versions_watched and not killing:
                from_store = True  # it was read for a kill alone, and this is more
            if _condemns(decision) and not (from_store or pods_read):
                pods_read, seen = True, await observing.fresh(self._store, self._cluster, key, pods=True)
                continue
            changed = None if from_store or idle else await self._carry_out(key, seen, decision, memory)
            if changed is not None and decision.phase is Phase.STOPPING and _is_killed(changed):
                # A kill does not read everything twice: what it has just written is all that has changed. A release
                # does: another switch may be engaged meanwhile (rules F4, K2).
                pods_read, seen = False, changed  # they were read before what has just been done
                continue
            # Which pods are left, available, failing or without a label is not believed of watches: they lag, and have
            # ghosts.
            pods_read = decision.phase is Phase.KILLED or _rests_on_pods(decision) or _condemns(decision)
            seen = await observing.fresh(
                self._store, self._cluster, key, pods=pods_read, versions=not killing
            )
            from_store = False
        return self._not_at_rest(key, memory)

    def _not_at_rest(self, key: Key, memory: Memory) -> Outcome:
        if memory.moved_on is not None:  # again and again, or for ever
            raise memory.moved_on
        log.warning("%s/%s: not at rest after %d rounds; it is looked at again", *key, MOST_ROUNDS)
        told = None if memory.under_way is None else self._told(*memory.under_way, memory)
        return Outcome(contest.retry_in(1), told)

    def _told(
        self, seen: observing.Snapshot, view: View, decision: Decision, memory: Memory
    ) -> tuple[observing.Snapshot, View, Decision]:
        if decision.phase is Phase.KILLED and memory.proved is None:
            decision = dataclasses.replace(
                decision, phase=Phase.STOPPING
            )  # its pods could not be read (rule K4)
        now, scaler = self._clock(), seen.autoscaler
        named = "" if scaler is None else f"{scaler.kind} {scaler.name}"
        contested = decision.contested or contest.contested(memory, now, scaler=named)
        told = contest.resting(refusals.told(decision, memory.scaler_refused), view, memory, now)
        told = contest.calm(told, memory, now)
        return seen, view, dataclasses.replace(told, contested=contested)

    def _cached(self, key: Key) -> observing.Snapshot | None:
        try:
            return observing.cached(self._store, key)
        except written.Unreadable as error:
            log.warning("ModelDeployment %s/%s does not parse, so nothing is done to it: %s", *key, error)
            return None

    def _view(self, seen: observing.Snapshot, memory: Memory) -> View:
        now = self._clock()
        memory.settle(seen, now)
        fresh_for = FRESH_INTERVALS * seen.model.spec.interval
        room = self._blast.room((seen.model.namespace, seen.model.name))
        view = memory.view(seen, now, settings=self._settings, fresh_for=fresh_for, room=room)
        if not view.holding or view.engaged:
            return view
        together = returning.together(self._store.switches, self._store.models, now=now)
        return dataclasses.replace(view, returning=together)

    async def _carry_out(
        self, key: Key, seen: observing.Snapshot, decision: Decision, memory: Memory
    ) -> observing.Snapshot | None:
        """Record, or act, on what was decided from fresh facts; a conflict ends the round, to observe again.

        Returns what is seen with the only record, or after the only step, and None when it has to be read again.
        """
        written_to: list[client.Object] = []
        memory.moved_on = None
        try:
            for record in decision.records:
                if not await self._blast.admit(key, record):
                    log.warning("%s/%s: not killed, for too many were lately: %s", *key, decision.message)
                    return None
                self._check_actor()
                done = await recording.write(self._cluster, self._entries, *key, record)
                written_to.append(done)
                if isinstance(record, records.SetEntries):
                    self._store.learn(resources.KILL_SWITCHES, done)
                log.info("%s/%s: recorded %s: %s", *key, type(record).__name__, decision.message)
            if decision.records:
                self._reports.recorded(key, decision)
            if decision.steps:
                async with self._turn:
                    await self._take_all(key, decision, memory)
        except (errors.Conflict, errors.NotFound) as moved_on:
            log.debug("%s/%s: %s; observing again", *key, moved_on)
            memory.moved_on = moved_on
            return None
        if len(written_to) == 1:
            return observing.with_switch(self._store, seen, written_to[0])
        scaled = [step for step in decision.steps if isinstance(step, steps.Scale)]
        return observing.scaled(seen, scaled[0].replicas) if len(decision.steps) == len(scaled) == 1 else None

    async def _take_all(self, key: Key, decision: Decision, memory: Memory) -> None:
        for step in decision.steps:
            if decision.needs_lease:
                self._check_actor()
            if not await self._take(key, step, decision, memory):
                break

    async def _take(self, key: Key, step: steps.Step, decision: Decision, memory: Memory) -> bool:
        """Take one step; return whether the next may follow.

        Neither an autoscaler nor traffic keeps a kill from happening (rule K1).
        """
        if isinstance(step, AROUND_A_KILL) and not self._actor.may_act():
            return refusals.may_follow(decision)  # a standby scales to zero, and does nothing else (rule F5)
        try:
            if isinstance(step, AROUND_A_KILL) and refusals.may_follow(decision):
                await acting.take_before_a_kill(self._cluster, key[0], key[1], step)
            else:
                await acting.take(self._cluster, key[0], key[1], step)
        except errors.ClusterError as error:
            if not isinstance(step, AROUND_A_KILL):
                raise
            if isinstance(step, steps.SetAutoscaler):
                memory.scaler_refused = refusals.noted(memory.scaler_refused, step, error, self._clock())
            elif not isinstance(error, errors.Conflict | errors.NotFound):  # else it is observed again
                contest.note_refusal(step, memory, self._clock())
                memory.traffic_refused = refusals.said(memory.traffic_refused, str(error))
            log.log(refusals.level(error), "%s/%s: %s", *key, error)
            return refusals.may_follow(decision)
        if isinstance(step, steps.SetAutoscaler):
            memory.scaler_refused = None
        if isinstance(step, steps.SwitchTraffic):
            memory.traffic_refused = ""
        contest.note(step, memory, self._clock())
        log.info("%s/%s: did %s: %s", *key, steps.described(step), decision.message)
        return True

    def _may_act(self) -> bool:
        return self._actor.may_act()

    def _check_actor(self) -> None:
        if not self._may_act():
            raise errors.Unavailable("the lease is no longer ours, so nothing is written")


def _is_killed(seen: observing.Snapshot) -> bool:
    model = seen.model
    mine = model.name, model.labels, model.workload_name
    return any(switch.engaged and switch.concerns(*mine) for switch in seen.facts.switches)


def _condemns(decision: Decision) -> bool:
    """Whether a version is found Bad, perhaps because of what its pods do (rules R6, K9)."""
    return any(
        (isinstance(record, records.GiveVerdict) and record.verdict.worth is facts.Worth.BAD)
        or (isinstance(record, records.EngageSwitch) and record.switch.cause is facts.Cause.AUTOMATIC)
        for record in decision.records
    )


def _rests_on_pods(decision: Decision) -> bool:
    return any(isinstance(step, steps.LabelPod | steps.EmptyReplicaSet) for step in decision.steps)
