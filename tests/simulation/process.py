"""One operator process, assembled as in a cluster, on a simulated API server and Prometheus.

All that it knows is in this object: when it dies, a new one starts from what the API server lists.
"""

import asyncio
import functools
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lastgood.decide.decision import Decision
from lastgood.decide.view import View
from lastgood.kube import errors
from lastgood.report.reporter import Reporter, Seen
from lastgood.runtime import assembly
from lastgood.runtime.lease import Elector, Timing
from lastgood.runtime.settings import Settings
from lastgood.runtime.watching import FIRST_SWEEP
from tests.simulation import refusals, virtual_time
from tests.simulation.apiserver import ApiServer
from tests.simulation.connection import SWEEP_EVERY, Connection, Watching
from tests.simulation.faults import Injector
from tests.simulation.objects import Object
from tests.simulation.prometheus import Answers, Prometheus
from tests.simulation.scene import GITOPS

SETTINGS = Settings(
    prometheus_url="http://prometheus:9090",
    lease_namespace="lastgood",
    lease_name="operator",
    gitops_managers=(GITOPS,),
    workers=8,
)
TIMING = Timing(lease_duration=20.0, renew_deadline=16.0, retry_period=8.0)


class Heard(Reporter):
    """Remembers what it tells last of each model."""

    def __init__(self, *, said: dict[tuple[str, str], refusals.Said], **parts: Any) -> None:
        super().__init__(**parts)
        self._said = said

    async def report(self, seen: Seen, view: View, decision: Decision) -> None:
        """Tell people what was decided."""
        self.hear(view, decision)
        await super().report(seen, view, decision)

    def hear(self, view: View, decision: Decision) -> None:
        """Remember it."""
        self._said[view.model.namespace, view.model.name] = refusals.by_decision(view, decision)


class Silent(Heard):
    """Tells nobody: reporting costs as much as all else, and no decision rests on it."""

    async def report(self, seen: Seen, view: View, decision: Decision) -> None:
        """Tell nothing."""
        self.hear(view, decision)


class Process:
    """One process of the operator, from its start to its end."""

    def __init__(
        self,
        *,
        number: int,
        server: ApiServer,
        prometheus: Prometheus,
        injector: Injector,
        died: Callable[[], None],
        alone: bool,
        reports: bool,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.identity = f"lastgood-{number}"
        self.ahead = timedelta(0)
        """By how much its wall clock is ahead of the true time."""
        self.connection = connection = Connection(
            server, injector, identity=self.identity, died=died, trace=trace
        )
        self.said: dict[tuple[str, str], refusals.Said] = {}
        """By model: what was told last."""
        self.alone = alone
        """Whether it is the only one of its world, and needs no lease."""
        self.elector = Elector(
            cluster=connection,
            namespace=SETTINGS.lease_namespace,
            name=SETTINGS.lease_name,
            identity=self.identity,
            timing=TIMING,
            clock=asyncio.get_running_loop().time,
            spread=random.Random(number),
        )
        self.operator = assembly.assemble(
            SETTINGS,
            cluster=connection,
            prometheus=Answers(prometheus, connection, ahead=lambda: self.ahead),
            actor=self,
            identity=self.identity,
            clock=self.clock,
            reporting=functools.partial(Heard if reports else Silent, said=self.said),
        )
        self.watches = Watching(server, connection, self.operator.watcher)
        self.led_since = 0.0
        """Since when this process may write, or may again; as the only one of its world, always."""
        self._tasks: list[asyncio.Task[None]] = []

    def may_act(self) -> bool:
        """Whether this process may write: as the only one of its world, always."""
        return not self.connection.dead and (self.alone or self.elector.may_act())

    def clock(self) -> datetime:
        """Return what this process takes for the time of day."""
        return virtual_time.true_time() + self.ahead

    def start(self, old: Mapping[str, Sequence[Object]] | None = None) -> None:
        """Begin; `old` is what an API server lists that lags behind."""
        self._tasks.append(asyncio.create_task(self._run(old)))

    async def _run(self, old: Mapping[str, Sequence[Object]] | None) -> None:
        operator = self.operator
        self.connection.lagging = old
        await self._first_reading()
        self.connection.lagging = None
        if old is not None:  # the next reading sees what this one could not
            self.watches.lag(until=asyncio.get_running_loop().time() + FIRST_SWEEP)
        self.watches.start()
        work = [
            operator.loop.run(),
            operator.watcher.sweep(SWEEP_EVERY),
            operator.watcher.optional.watch(self.watches),
            operator.contents.run(SETTINGS.config_interval),
            operator.clusterwide.run(self.watches),
        ]
        if not self.alone:
            work += [self.elector.run(), self._lead()]
        self._tasks += [asyncio.create_task(each) for each in work]
        if self.alone:
            operator.due_all()

    async def _first_reading(self) -> None:
        while True:
            try:
                await self.operator.watcher.read_all()
            except errors.ClusterError:
                await asyncio.sleep(1)
            else:
                return

    async def _lead(self) -> None:
        while True:
            await self.elector.wait_leading()
            self.led_since = asyncio.get_running_loop().time()
            self.operator.due_all()
            telling = asyncio.create_task(self.operator.watcher.tell_unbuilt())
            await self.elector.wait_lost()
            telling.cancel()

    def crash(self) -> None:
        """Die at once: nothing is written any more."""
        self.connection.dead = True
        self.watches.end()
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Wait until all that was under way is gone. Raises what has ended a task by itself."""
        found = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for each in found:
            if isinstance(each, Exception):
                raise each

    def failed(self) -> None:
        """Raise what has ended a task of a living process, if anything has."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and not self.connection.dead:
                task.result()
