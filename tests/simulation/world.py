"""One world: a cluster, a Prometheus, people, and the operator, driven step by step from one seed."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from lastgood.kube import resources
from lastgood.runtime import watching
from tests.simulation import aims, inclinations, scene
from tests.simulation.apiserver import ApiServer
from tests.simulation.connection import STREAMED
from tests.simulation.controllers import Controllers
from tests.simulation.faults import AT_WRITES, Fault, Injector
from tests.simulation.invariants import Invariants
from tests.simulation.objects import Object
from tests.simulation.people import People
from tests.simulation.process import Process
from tests.simulation.prometheus import Prometheus, Signal

REST: Final = 0.3
"""Seconds that the operator is given to come to rest after a move."""
FAULTY: Final = 0.3
"""How many of the steps bring a fault."""
AIMED: Final = 0.5
"""How many of the faults wait for a write of one site."""
WATCHED: Final = (*watching.WATCHED, *watching.UNBUILT, *STREAMED)
LASTING: Final = (
    Fault.SLOW,
    Fault.STALE,
    Fault.GAP,
    Fault.CLOCK,
    Fault.PROMETHEUS,
    Fault.FLAPPING,
    Fault.SECOND,
)


class World:
    """Everything that one seed makes."""

    def __init__(
        self,
        seed: int,
        *,
        faults: bool = True,
        trace: Callable[[str], None] | None = None,
        plain: bool = False,
        given: scene.Scene | None = None,
    ) -> None:
        self.seed = seed
        self.scene = given or scene.draw(random.Random(f"{seed} scene"), plain=plain)
        self.dice = random.Random(f"{seed} moves")
        self.injector = Injector(random.Random(f"{seed} faults") if faults else None)
        self.injector.begin = self._begin
        self.server = ApiServer()
        self.prometheus = Prometheus(self.injector)
        self.controllers = Controllers(self.server)
        self.people = People(
            self.scene,
            self.server,
            self.controllers,
            self.prometheus,
            self.dice,
            inclined=inclinations.draw(self.dice, self.scene),
        )
        self.processes: list[Process] = []
        self.invariants = Invariants(self.scene, self.server, self.prometheus, self.processes, self.injector)
        self.server.checks += [self.invariants.admit, self.invariants.check]
        self.trace = trace
        self._old: dict[str, list[Object]] = {}
        self._started = 0
        self._fallen: list[Process] = []

    def tell(self, text: str) -> None:
        """Write a line of the trace."""
        if self.trace is not None:
            self.trace(f"{asyncio.get_running_loop().time():9.2f}  {text}")

    async def begin(self) -> None:
        """Create what there is at the beginning, and start the operator."""
        scene.build(self.scene, self.server)
        self.controllers.settle()
        for _ in range(2 if self.scene.two else 1):
            self._start()
        await self.rest()

    async def step(self) -> None:
        """Let one thing happen, or time pass; then let the operator come to rest."""
        chance = self.injector.chance
        if chance is not None and chance.random() < FAULTY:
            self.tell(f"fault: {self._fault(chance)}")
        passes = self.dice.random()
        if passes < 0.7:
            text = self.people.move()
            self.tell(text)
            await self.rest()
        else:
            await asyncio.sleep(scene.INTERVAL if passes < 0.98 else 4 * scene.INTERVAL)
            await self.rest(told=False)
        self.controllers.step()

    async def rest(self, *, told: bool = True) -> None:
        """Let the controllers and the operator do what there is to do."""
        self.controllers.step()
        await asyncio.sleep(REST)
        if self._fallen:
            await self._bury()
        for process in self.processes:
            process.failed()
        self.invariants.look()

    async def end(self) -> None:
        """End all that is left."""
        for process in self.processes:
            process.crash()
        await asyncio.gather(*(process.ended() for process in self.processes))
        self.processes.clear()

    def _start(self, old: Mapping[str, Sequence[Object]] | None = None) -> Process:
        self._started += 1
        process = Process(
            number=self._started,
            server=self.server,
            prometheus=self.prometheus,
            injector=self.injector,
            died=lambda: self._fallen.append(process),
            alone=not self.scene.two,
            reports=self.scene.reports,
            trace=self.tell if self.trace is not None else None,
        )
        self.processes.append(process)
        process.start(old)
        return process

    async def _bury(self) -> None:
        """End what has died, and start another in its place."""
        fallen, self._fallen = self._fallen, []
        for process in fallen:
            self.tell(f"{process.identity} has died; another starts")
            process.crash()
            await process.ended()
            self.processes.remove(process)
            self._start_again()

    def _start_again(self) -> None:
        """Start a process in the place of one that has died."""
        old = self.injector.chance is not None and self.injector.chance.random() < 0.3
        if old:
            self.injector.last(Fault.STALE, until=asyncio.get_running_loop().time() + 5.0)
        self._start(self._old if old and self._old else None)

    def _fault(self, chance: random.Random) -> str:
        """Deal out one fault: at a write, at the next write of one site, or now and for a while."""
        if chance.random() < AIMED:
            return aims.aim(self.injector, chance, devoted=self.scene.devoted, two=self.scene.two)
        if chance.random() < 0.6:
            fault, skip = chance.choice(AT_WRITES), chance.choice((0, 0, 0, 1, 1, 2, 3))
            self.injector.arm(fault, skip=skip)
            return f"{fault} at the next write but {skip}"
        fault = chance.choice(LASTING)
        if fault is Fault.SECOND and not self.scene.two:
            return "none"
        self._remember(chance)
        return self._last(fault, chance.choice(self.processes), chance)

    def _begin(self, fault: Fault, identity: str) -> None:
        """Let a fault begin with a write of a process."""
        chance = self.injector.chance
        process = next((each for each in self.processes if each.identity == identity), None)
        if chance is not None and process is not None:
            self.tell(f"fault: {self._last(fault, process, chance)}")

    def _last(self, fault: Fault, process: Process, chance: random.Random) -> str:
        """Let a fault last for a while."""
        now = asyncio.get_running_loop().time()
        seconds = chance.uniform(2.0, 60.0)
        plural = chance.choice(WATCHED).plural
        if fault is Fault.CLOCK:
            process.ahead = timedelta(seconds=chance.choice((0, 0, -90, 90, 20, -20)))
            seconds = 40.0
        elif fault is Fault.STALE:
            process.watches.hold(plural, until=now + seconds)
        elif fault is Fault.GAP:
            process.watches.miss(plural, until=now + seconds)
        elif fault is Fault.PROMETHEUS:
            self._disturb_prometheus(chance, now + seconds)
        elif fault is Fault.FLAPPING:
            self._flap(chance, now + seconds)
        elif fault is Fault.SECOND:
            process.connection.stopped_until = now + seconds
        self.injector.last(fault, until=now + seconds)
        return f"{fault} for {seconds:.0f} s ({process.identity}, {plural})"

    def _flap(self, chance: random.Random, until: float) -> None:
        """Let a metric go up and down for a while."""
        threshold = chance.choice(self.scene.thresholds).name
        metric = chance.choice(self.scene.models), chance.choice(scene.VERSIONS), threshold
        self.prometheus.say(metric, Signal.FLAPPING)
        asyncio.get_running_loop().call_at(until, self.prometheus.settle, metric)

    def _disturb_prometheus(self, chance: random.Random, until: float) -> None:
        prometheus = self.prometheus
        match chance.randrange(4):
            case 0:
                prometheus.slow_until = until
            case 1:
                prometheus.reachable = False
            case 2:
                prometheus.astray = True
            case _:
                prometheus.targets_up = False
        asyncio.get_running_loop().call_at(until, prometheus.heal)

    def _remember(self, chance: random.Random) -> None:
        """Keep what there is now, for an API server that lags behind to list later."""
        if chance.random() < 0.5:
            self._old = {resource.plural: list(self.server.of(resource).values()) for resource in WATCHED}

    @property
    def live(self) -> bool:
        """Whether some process may act."""
        return any(process.may_act() for process in self.processes)

    def workloads(self) -> dict[str, Object]:
        """Return the Deployments by name."""
        return {key[1]: raw for key, raw in self.server.of(resources.DEPLOYMENTS).items()}
