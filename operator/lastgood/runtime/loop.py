"""The loop: which model is looked at when, in which lane, and that no lane holds up another (architecture.md, Runtime).

Lanes share the models. `urgent` takes kills, releases and scale-ups of what is killed; `drives` takes every other
change; `evaluations` asks Prometheus, in rounds of all models that are due, and makes a drive due afterwards; `reports`
tells what the newest drive came to, and `switches` how far a switch is: not once for each model that it stops.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lastgood.kube import resources
from lastgood.observe import snapshot as observing
from lastgood.observe import written
from lastgood.observe.server import Server
from lastgood.observe.store import Key, Store
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from lastgood.runtime.driving import Actor, Driver
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.holding import Holder
from lastgood.runtime.memory import Memory
from lastgood.runtime.schedule import Schedule

ROUND: Final = 0.02
"""Seconds within which evaluations that fall due are asked together."""
URGENT_WORKERS: Final = 512
"""Those who read and record at the same moment share their requests; how many act at once is the driver's to say."""
LONGEST_YIELD: Final = 10.0
"""Seconds for which everything else lets a crowd of kills go first (rule K6)."""
LONGEST_SILENCE: Final = 30.0
"""Seconds for which telling of it does: what is told too early takes its time from what is still running."""
SWITCH_PACE: Final = 1.0
"""Seconds from one report of a switch to the next: a switch that stops hundreds of models tells of many at once."""
TELL_AGAIN: Final = 5.0
"""Seconds until what the API server did not take is told again of a switch."""
UNREADABLE: Final = 60.0
"""Seconds until a model that does not parse is looked at again without a change."""
MOST_EVALUATIONS: Final = 100_000
"""Models that wait for an answer at once; what they cost is bounded by the rounds that they share."""


@dataclass(slots=True, eq=False)
class _Joining:
    """The models that fell due on one server within a moment, and the round that they wait for."""

    due: dict[Key, tuple[observing.Snapshot, Memory]]
    round: asyncio.Task[dict[Key, timedelta | None]]


class Loop:
    """Looks after all models of one operator."""

    def __init__(
        self,
        *,
        store: Store,
        driver: Driver,
        holder: Holder,
        evaluation: Evaluation,
        reporter: Reporter,
        actor: Actor,
        metrics: Metrics,
        clock: Callable[[], datetime],
        workers: int,
    ) -> None:
        self._store = store
        self._driver = driver
        self._evaluation = evaluation
        self._actor = actor
        self._metrics = metrics
        self._clock = clock
        self._memories: dict[Key, Memory] = {}
        self._urgent = Schedule(self._drive_urgently, workers=URGENT_WORKERS)
        self._holder = holder
        self._holds = Schedule(self._hold, workers=URGENT_WORKERS)
        self._drives = Schedule(self._drive, workers=workers)
        late = metrics.evaluation_lateness_seconds.observe
        self._evaluations = Schedule(self._join_round, workers=MOST_EVALUATIONS, late=late)
        self._rounds: dict[Server | None, _Joining] = {}
        self._reporter = reporter
        self._reports = Schedule(self._report, workers=workers)
        self._switches = Schedule(self._report_switch, workers=workers)
        self._told: dict[Key, float] = {}
        """When each switch was reported last, on the event loop's clock."""

    def due(self, keys: Collection[Key], urgent: bool = False) -> None:
        """Look at models now, because something about them has changed."""
        lane = self._urgent if urgent else self._drives
        for key in keys:
            if key not in self._memories:
                self._memories[key] = Memory()
                self._evaluations.due(key)
            lane.due(key)

    def hold(self, workloads: Collection[Key]) -> None:
        """Look at Deployments that a switch holds and no model speaks for."""
        for workload in workloads:
            self._holds.due(workload)

    def tell(self, switches: Collection[Key]) -> None:
        """Tell how far switches are, soon."""
        now = asyncio.get_running_loop().time()
        for switch in switches:
            last = self._told.get(switch)
            self._switches.due(switch, after=0.0 if last is None else last + SWITCH_PACE - now)

    def due_all(self) -> None:
        """Look at every model now: the lease has just become ours."""
        self.due(list(self._store.models))
        for key in self._store.models:
            self._evaluations.due(key)
        for switch in self._store.switches.values():
            self.hold(self._store.unowned(resources.KILL_SWITCHES, switch))
        self.tell(list(self._store.switches))

    async def run(self) -> None:
        """Look after the models until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in (
                self._urgent,
                self._holds,
                self._drives,
                self._evaluations,
                self._reports,
                self._switches,
            ):
                group.create_task(lane.run())

    async def _hold(self, workload: Key) -> None:
        again = await self._holder.hold(workload)
        self.tell(self._store.switches_on(workload))
        if again is not None:
            self._holds.due(workload, after=again.total_seconds())

    async def _drive_urgently(self, key: Key) -> None:
        await self._drive_in(self._urgent, key)

    async def _drive(self, key: Key) -> None:
        await self._urgent.calm(longest=LONGEST_YIELD)  # who keeps killing must not stop the rest for ever
        await self._drive_in(self._drives, key)

    async def _drive_in(self, lane: Schedule[Key], key: Key) -> None:
        """Drive a model; a kill that has to be tried again is tried again in the lane of kills."""
        memory = self._memories.get(key)
        if memory is None:
            return
        with self._metrics.drive_seconds.time():
            outcome = await self._driver.drive(key, memory)
        if outcome.told is not None:
            memory.to_report = outcome.told
            self._reports.due(key)
            self._look_sooner(key, memory, outcome.told[0].model.spec.interval)
        if key not in self._store.models:
            self._forget(key)
        elif outcome.again_in is not None:
            lane.due(key, after=outcome.again_in.total_seconds())
        elif outcome.told is None:  # it may not parse: a switch holds its workload all the same
            self._holds.due((key[0], self._store.workload_of(key)))

    def _look_sooner(self, key: Key, memory: Memory, interval: timedelta) -> None:
        """Let a shorter interval count from when it is asked for: by it the verdicts of before are soon too old."""
        if memory.looks_every is not None and interval < memory.looks_every:
            memory.looks_every = interval
            self._evaluations.due(key, after=interval.total_seconds())

    async def _report(self, key: Key) -> None:
        """Tell what the newest drive came to; a kill, or its undoing, never waits for the telling."""
        await self._urgent.calm(longest=LONGEST_SILENCE)
        memory = self._memories.get(key)
        if memory is not None and memory.to_report is not None:
            seen, view, decision = memory.to_report
            await self._reporter.report(seen, view, decision)
            self.tell([(key[0], switch.name) for switch in view.facts.switches if view.concerns(switch)])

    async def _report_switch(self, key: Key) -> None:
        """Tell how far a switch is, over all that it selects."""
        raw = self._store.switches.get(key)
        read = None if raw is None else self._store.parsed_switch(raw)
        if raw is None or read is None:
            self._told.pop(key, None)
            return
        self._told[key] = asyncio.get_running_loop().time()
        if not await self._reporter.report_switch(key[0], read, raw, self._clock()):
            self._switches.due(key, after=TELL_AGAIN)

    def _forget(self, key: Key) -> None:
        self._memories.pop(key, None)
        for lane in (self._urgent, self._drives, self._evaluations, self._reports):
            lane.forget(key)

    async def _join_round(self, key: Key) -> None:
        """Evaluate a model together with all others that are due on its server, then drive it."""
        memory, seen = self._memories.get(key), self._seen(key)
        if memory is None:
            return
        if (
            seen is None
        ):  # it is gone, or does not parse: its next change is looked at, and this asks now and then
            self._evaluations.due(key, after=UNREADABLE)
            return
        interval = seen.model.spec.interval.total_seconds()
        if not self._actor.may_act():
            self._evaluations.due(key, after=interval)
            return
        begun = asyncio.get_running_loop().time()
        server = self._evaluation.server_of(seen)
        joining = self._rounds.get(server)
        if joining is None:
            joining = self._rounds[server] = _Joining({}, asyncio.create_task(self._evaluate(server)))
        joining.due[key] = seen, memory
        pending = (await joining.round).get(key)
        left = interval - (asyncio.get_running_loop().time() - begun)
        if pending is not None:
            left = min(left, pending.total_seconds())
        memory.looks_every = seen.model.spec.interval
        self._evaluations.due(key, after=max(left, 0.0))
        self._drives.due(key)

    async def _evaluate(self, server: Server | None) -> dict[Key, timedelta | None]:
        await asyncio.sleep(ROUND)
        with self._metrics.evaluation_seconds.time():
            return await self._evaluation.evaluate(self._rounds.pop(server).due)

    def _seen(self, key: Key) -> observing.Snapshot | None:
        try:
            return observing.cached(self._store, key)
        except written.Unreadable:
            return None
