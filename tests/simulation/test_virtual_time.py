"""The loop that simulated worlds run on: what seeds replay exactly rests on its order."""

import asyncio
import math

import pytest

from tests.simulation import virtual_time
from tests.simulation.virtual_time import DeadlockError, EndlessError, VirtualLoop


def test_what_is_due_at_one_moment_is_done_in_the_order_it_was_asked_for() -> None:
    done: list[str] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        for name in "abcdefgh":
            loop.call_later(1.0, done.append, name).cancel()
            loop.call_later(3.0, done.append, name)
        loop.call_later(2.0, done.append, "first")
        await asyncio.sleep(3.0)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())
    assert done == ["first", *"abcdefgh"]


def test_time_passes_only_when_nothing_is_left_to_do() -> None:
    async def live() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(100):
            await asyncio.sleep(0)
        assert loop.time() == 5.0
        await asyncio.sleep(60.0)
        assert loop.time() == 65.0
        assert (virtual_time.true_time() - virtual_time.BEGIN).total_seconds() == 65.0

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(5.0)) as runner:
        runner.run(live())


def test_what_is_woken_finds_that_its_time_has_come_however_times_were_rounded() -> None:
    """Found by seed 2544: who was woken a rounding error too early asked to be woken again, for ever."""

    async def live() -> None:
        loop = asyncio.get_running_loop()
        due, woken = math.nextafter(5.0, 6.0), asyncio.Event()
        loop.call_at(due, woken.set)
        loop.call_at(5.0, lambda: None)
        await woken.wait()
        assert loop.time() == due

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())


def test_who_keeps_time_from_passing_is_told_so() -> None:
    loop = VirtualLoop()

    def again() -> None:
        loop.call_soon(again)

    again()
    with pytest.raises(EndlessError):
        loop.run_forever()
    loop.close()


def test_who_waits_for_what_nobody_does_is_told_so() -> None:
    async def live() -> None:
        await asyncio.get_running_loop().create_future()

    loop = VirtualLoop()
    waiting = loop.create_task(live())
    with pytest.raises(DeadlockError):
        loop.run_until_complete(waiting)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(waiting)
    loop.close()
