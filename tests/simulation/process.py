"""One operator process as `lastgood.runtime.app` builds it, on a simulated API server and Prometheus.

All that it knows is in this object: when it dies, a new one starts from what the API server lists.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from lastgood.decide import view
from lastgood.decide.decision import Decision
from lastgood.kube import errors
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.report.counted import CountedCluster
from lastgood.report.metrics import Metrics
from lastgood.report.outages import Outages
from lastgood.report.reporter import Reporter, Seen
from lastgood.runtime import watching
from lastgood.runtime.driving import Driver
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.holding import Holder
from lastgood.runtime.lease import Elector, Timing
from lastgood.runtime.loop import Loop
from lastgood.runtime.sights import Sights
from tests.simulation import virtual_time
from tests.simulation.apiserver import ApiServer
from tests.simulation.connection import Connection, Watching
from tests.simulation.faults import Injector
from tests.simulation.objects import Object
from tests.simulation.prometheus import Answers, Prometheus

GITOPS = "argocd-controller"
SETTINGS = view.Settings(gitops_managers=frozenset({GITOPS}))
TIMING = Timing(lease_duration=20.0, renew_deadline=16.0, retry_period=8.0)
SWEEP_EVERY = 300.0
LEASE = "lastgood", "operator"


class Silent(Reporter):
    """Tells nobody: reporting costs as much as all else, and no decision rests on it."""

    async def report(self, seen: Seen, view: view.View, decision: Decision) -> None:
        """Tell nothing."""


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
        self._alone = alone
        self.store, metrics = Store(), Metrics()
        counted = CountedCluster(connection, metrics)
        self.elector = Elector(
            cluster=connection,
            namespace=LEASE[0],
            name=LEASE[1],
            identity=self.identity,
            timing=TIMING,
            clock=asyncio.get_running_loop().time,
            spread=random.Random(number),
        )
        reporter = (Reporter if reports else Silent)(
            cluster=counted,
            store=self.store,
            metrics=metrics,
            may_act=self.may_act,
            instance=self.identity,
        )
        answers = Answers(prometheus, connection, ahead=lambda: self.ahead)
        self.loop = Loop(
            reporter=reporter,
            store=self.store,
            driver=Driver(
                cluster=counted,
                store=self.store,
                actor=self,
                reports=reporter,
                settings=SETTINGS,
                clock=self.clock,
            ),
            holder=Holder(cluster=counted, store=self.store, may_act=self.may_act, clock=self.clock),
            evaluation=Evaluation(
                asks=answers,
                spans=answers,
                sights=Sights(
                    Outages(
                        cluster=counted,
                        metrics=metrics,
                        may_act=self.may_act,
                        lease=LEASE,
                        instance=self.identity,
                    ).tell
                ),
                default_server=Server(url="http://prometheus:9090"),
                clock=self.clock,
            ),
            actor=self,
            metrics=metrics,
            clock=self.clock,
            workers=8,
        )
        self.watcher = watching.Watcher(
            cluster=connection, store=self.store, due=self.loop.due, hold=self.loop.hold, tell=_tell_nobody
        )
        self.watches = Watching(server, connection, self.watcher.take)
        self._tasks: list[asyncio.Task[None]] = []

    def may_act(self) -> bool:
        """Whether this process may write: as the only one of its world, always."""
        return not self.connection.dead and (self._alone or self.elector.may_act())

    def clock(self) -> datetime:
        """Return what this process takes for the time of day."""
        return virtual_time.true_time() + self.ahead

    def start(self, old: Mapping[str, Sequence[Object]] | None = None) -> None:
        """Begin; `old` is what an API server lists that lags behind."""
        self._tasks.append(asyncio.create_task(self._run(old)))

    async def _run(self, old: Mapping[str, Sequence[Object]] | None) -> None:
        if old is None:
            await self._first_reading()
        else:
            for resource in watching.WATCHED:
                self.loop.due(self.store.sweep(resource, old.get(resource.plural, ())))
        self.watches.start()
        work = [self.loop.run(), self.watcher.sweep(SWEEP_EVERY)]
        if not self._alone:
            work += [self.elector.run(), self._lead()]
        self._tasks += [asyncio.create_task(each) for each in work]
        if self._alone:
            self.loop.due_all()

    async def _first_reading(self) -> None:
        while True:
            try:
                await self.watcher.read_all()
            except errors.ClusterError:
                await asyncio.sleep(1)
            else:
                return

    async def _lead(self) -> None:
        while True:
            await self.elector.wait_leading()
            self.loop.due_all()
            await self.elector.wait_lost()

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


async def _tell_nobody(resource: object, raw: object) -> None:
    """Tell of no kind that is not built: none is in these worlds."""
