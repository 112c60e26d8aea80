"""Two and three processes elect one under every fault at once: never do two act (rule F5).

A seed replays exactly. Clocks run up to a tenth too fast or too slow, processes are stopped and go on, requests are
lost before and after they took effect or arrive when nobody waits for them any more, and people delete and edit the
Lease. When the faults end, one process acts, and stays.
"""

import asyncio
import functools
import random
from dataclasses import dataclass

import looptime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastgood.runtime.lease import Elector
from tests.unit.runtime import lease_server
from tests.unit.runtime.lease_server import Client, Faults, LeaseServer

FAULTY = 150.0
"""Virtual seconds with faults."""
QUIET = 60.0
"""Virtual seconds after them in which one must have come out: one lost answer, and the duration on a slow clock."""

TROUBLES = ["network", "network", "cut off", "stop", "end", "crash", "delete", "edit", "heal"]
LOOK_EVERY = 0.2
"""Virtual seconds; two that act would go on doing so for a whole renewal period."""


@dataclass
class Process:
    client: Client
    elector: Elector
    task: asyncio.Task[None]

    def acts(self) -> bool:
        awake = asyncio.get_running_loop().time() >= self.client.stopped_until
        return awake and self.elector.may_act()


class World:
    def __init__(self, *, seed: int, processes: int) -> None:
        self.chance = random.Random(seed)
        self.server = LeaseServer()
        if self.chance.random() < 0.5:
            self.server.create({"metadata": {"name": "lastgood"}})
        self.started = 0
        self.processes = [self.start() for _ in range(processes)]
        self.acted = False

    def start(self) -> Process:
        loop = asyncio.get_running_loop()
        self.started += 1
        offset, rate = self.chance.uniform(0, 1e6), self.chance.uniform(0.9, 1.1)
        client = Client(self.server, random.Random(self.chance.random()))
        elector = Elector(
            cluster=client,
            namespace=lease_server.NAMESPACE,
            name=lease_server.NAME,
            identity=f"p{self.started}",
            clock=lambda: offset + rate * loop.time(),
            spread=random.Random(self.chance.random()),
        )
        return Process(client, elector, loop.create_task(elector.run()))

    async def trouble(self) -> None:
        """Do something bad now and then."""
        loop = asyncio.get_running_loop()
        while loop.time() < FAULTY:
            await asyncio.sleep(self.chance.uniform(0.1, 6.0))
            place = self.chance.randrange(len(self.processes))
            process = self.processes[place]
            match self.chance.choice(TROUBLES):
                case "network":
                    p = self.chance.uniform(0, 0.6)
                    process.client.faults = Faults(lost_request=p / 2, lost_response=p, slow=p)
                case "cut off":
                    process.client.faults = Faults(cut_off=True)
                case "stop":
                    process.client.stopped_until = loop.time() + self.chance.uniform(0, 40)
                case "end":
                    process.task.cancel()
                    self.processes[place] = self.start()
                case "crash":
                    process.client.faults = Faults(cut_off=True)  # it says nothing more, and acts no more
                    process.task.cancel()
                    self.processes[place] = self.start()
                case "delete" if self.server.lease is not None and self.chance.random() < 0.3:
                    self.server.delete()
                case "edit" if self.server.lease is not None:
                    self.server.patch({"metadata": {"labels": {"at": str(loop.time())}}})
                case _:
                    process.client.faults = Faults()
        for process in self.processes:
            process.client.faults = Faults()
            process.client.stopped_until = min(process.client.stopped_until, loop.time())

    async def watch(self, *, until: float) -> None:
        """Look ever so often who acts."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            acting = [process.elector for process in self.processes if process.acts()]
            assert len(acting) <= 1, f"two act at {loop.time():.2f} s"
            self.acted = self.acted or bool(acting)
            await asyncio.sleep(LOOK_EVERY)

    async def end(self) -> None:
        for process in self.processes:
            process.task.cancel()
        await asyncio.gather(*(process.task for process in self.processes), return_exceptions=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


new_event_loop = functools.partial(looptime.new_event_loop, noop_cycles=1)


async def live(*, seed: int, processes: int) -> None:
    world = World(seed=seed, processes=processes)
    trouble = asyncio.create_task(world.trouble())
    try:
        await world.watch(until=FAULTY + QUIET)
        await trouble
        assert sum(process.acts() for process in world.processes) == 1, (
            "none came out when all was quiet again"
        )
        assert world.acted
    finally:
        await world.end()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32), processes=st.integers(min_value=2, max_value=3))
def test_never_do_two_processes_act_and_in_the_end_one_does(seed: int, processes: int) -> None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(live(seed=seed, processes=processes))


# In the last three a Lease was made and deleted between two looks, or given back right after it was made.
@pytest.mark.parametrize("seed", [*range(12), 1123, 1161, 495738])
def test_never_do_two_processes_act_in_any_of_the_fixed_worlds(seed: int) -> None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(live(seed=seed, processes=3))
