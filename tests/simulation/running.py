"""Running worlds: one seed, or thousands on all cores."""

import asyncio
import gc
import logging
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.ending import end_well
from tests.simulation.faults import Fault
from tests.simulation.virtual_time import VirtualLoop
from tests.simulation.world import World

WITHOUT_FAULTS: Final = 20
"""Of so many seeds one is run once more without faults, and held to the same end."""


@dataclass(frozen=True)
class Outcome:
    """What came of one seed: what was violated, if anything, and which writes met which faults."""

    seed: int
    violated: str = ""
    met: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    steps: int = 0


def run(seed: int, *, steps: int, faults: bool = True, trace: Callable[[str], None] | None = None) -> Outcome:
    """Run one world to its end."""
    logging.getLogger("lastgood").setLevel(logging.CRITICAL + 1)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
    world = World(seed, faults=faults, trace=trace)
    done = 0

    async def live() -> None:
        nonlocal done
        await world.begin()
        for _ in range(steps):
            await world.step()
            done += 1
        await end_well(world)
        await world.end()

    violated = ""
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(live())
    except Exception as error:
        if trace is not None and not isinstance(error, AssertionError):
            raise
        violated = f"{type(error).__name__} after {done} steps{'' if faults else ' without faults'}: {error}"
    return Outcome(seed, violated, world.injector.met, done)


def run_seed(task: tuple[int, int]) -> Outcome:
    """Run one seed as `run_many` does: with faults, and some without them too."""
    seed, steps = task
    found = run(seed, steps=steps)
    gc.collect()
    if found.violated or seed % WITHOUT_FAULTS:
        return found
    still = run(seed, steps=steps, faults=False)
    gc.collect()
    return Outcome(seed, still.violated, found.met, found.steps + still.steps)


def run_many(first: int, count: int, *, steps: int, jobs: int | None = None) -> Iterator[Outcome]:
    """Run seeds on all cores, in no particular order."""
    tasks = [(seed, steps) for seed in range(first, first + count)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with context.Pool(jobs or os.cpu_count(), initializer=_prepare) as pool:
        yield from pool.imap_unordered(run_seed, tasks, chunksize=4)


def _prepare() -> None:
    # A world makes many small objects that live as long as it does, so garbage is looked for once it is over, and
    # never among the modules.
    gc.collect()
    gc.freeze()
    gc.disable()


def replay(seed: int, *, steps: int, faults: bool = True) -> str:
    """Return the command that runs a seed again, with a trace."""
    return f"python -m tests.simulation --seed {seed} --steps {steps}" + (
        "" if faults else " --without-faults"
    )


def with_fixed_hashes() -> None:
    """Start over unless the order of sets is the same in every run: a seed must replay exactly."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment)
