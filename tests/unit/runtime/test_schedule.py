"""When keys run, on virtual time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lastgood.runtime import schedule
from lastgood.runtime.schedule import Schedule

pytestmark = pytest.mark.looptime


def now() -> float:
    return asyncio.get_running_loop().time()


class Runs:
    """Notes when each key ran, and does with it what a test wants."""

    def __init__(self, does: Callable[[str], Awaitable[object]] | None = None) -> None:
        self.began: list[tuple[float, str]] = []
        self.at_once: dict[str, int] = {}
        self.most_at_once = 0
        self._does = does

    async def __call__(self, key: str) -> None:
        self.began.append((round(now(), 3), key))
        self.at_once[key] = self.at_once.get(key, 0) + 1
        assert self.at_once[key] == 1, "a key runs twice at once"
        self.most_at_once = max(self.most_at_once, sum(self.at_once.values()))
        try:
            if self._does is not None:
                await self._does(key)
        finally:
            self.at_once[key] -= 1

    def times(self, key: str) -> list[float]:
        return [moment for moment, ran in self.began if ran == key]


@contextlib.asynccontextmanager
async def running(runs: Runs, *, workers: int = 4) -> AsyncIterator[Schedule[str]]:
    one = Schedule(runs, workers=workers)
    task = asyncio.create_task(one.run())
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_keys_run_when_they_are_due_and_in_that_order() -> None:
    runs = Runs()
    async with running(runs) as keys:
        for key, after in (("c", 30.0), ("a", 10.0), ("b", 20.0)):
            keys.due(key, after=after)
        await asyncio.sleep(100)
    assert runs.began == [(10.0, "a"), (20.0, "b"), (30.0, "c")]


async def test_the_earliest_time_wins_and_counts_once() -> None:
    runs = Runs()
    async with running(runs) as keys:
        for after in (30.0, 10.0, 20.0):
            keys.due("a", after=after)
        await asyncio.sleep(100)
    assert runs.began == [(10.0, "a")]


async def test_a_change_brings_a_key_forward_to_now() -> None:
    runs = Runs()
    async with running(runs) as keys:
        keys.due("a", after=3600)
        await asyncio.sleep(5)
        keys.due("a")
        await asyncio.sleep(1)
    assert runs.began == [(5.0, "a")]


async def test_a_key_that_is_marked_while_it_runs_runs_once_more_right_afterwards() -> None:
    async def take_ten(_: str) -> None:
        await asyncio.sleep(10)

    runs = Runs(take_ten)
    async with running(runs) as keys:
        keys.due("a")
        await asyncio.sleep(3)
        for _ in range(5):
            keys.due("a")
        keys.due("a", after=500)
        await asyncio.sleep(100)
    assert runs.times("a") == [0.0, 10.0]


async def test_a_key_that_asks_for_its_next_time_while_it_runs_gets_it() -> None:
    async def come_back(key: str) -> None:
        keys.due(key, after=15)

    runs = Runs(come_back)
    async with running(runs) as keys:
        keys.due("a")
        await asyncio.sleep(50)
    assert runs.times("a") == [0.0, 15.0, 30.0, 45.0]


async def test_workers_are_bounded_and_those_that_wait_longest_come_first() -> None:
    async def take_one(_: str) -> None:
        await asyncio.sleep(1)

    runs = Runs(take_one)
    names = [f"k{place:02}" for place in range(20)]
    async with running(runs, workers=4) as keys:
        for name in names:
            keys.due(name)
        await asyncio.sleep(100)
    assert runs.most_at_once == 4
    assert [key for _, key in runs.began] == names
    assert runs.began[-1][0] == 4.0


async def test_a_key_that_hangs_delays_no_other() -> None:
    async def hang(key: str) -> None:
        if key == "stuck":
            await asyncio.sleep(1e6)

    runs = Runs(hang)
    async with running(runs, workers=2) as keys:
        keys.due("stuck")
        for place in range(10):
            keys.due("good", after=float(place))
            await asyncio.sleep(place + 1)
    assert len(runs.times("good")) == 10
    assert runs.times("stuck") == [0.0]


async def test_a_key_that_fails_is_tried_after_pauses_that_double_to_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(key: str) -> None:
        if key == "bad":
            raise RuntimeError("no")
        keys.due(key, after=15)

    runs = Runs(fail)
    async with running(runs) as keys:
        keys.due("bad")
        keys.due("good")
        await asyncio.sleep(200)
    assert runs.times("bad") == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0]
    assert runs.times("good") == [15.0 * turn for turn in range(14)]
    assert "bad: looking at it failed; it is looked at again in 1 s" in caplog.text


async def test_a_key_that_has_failed_for_days_is_still_tried_each_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)

    async def fail(_: str) -> None:
        raise RuntimeError("no")

    runs = Runs(fail)
    async with running(runs) as keys:
        keys.due("bad")
        await asyncio.sleep(60 * 1100)
    assert len(runs.began) > 1090
    assert runs.began[-1][0] > 60 * 1098


async def test_success_forgets_the_failures_before_it(caplog: pytest.LogCaptureFixture) -> None:
    fails = iter([True, True, True, False, True])

    async def sometimes(_: str) -> None:
        if next(fails, False):
            raise RuntimeError("no")

    runs = Runs(sometimes)
    async with running(runs) as keys:
        keys.due("a")
        await asyncio.sleep(50)
        keys.due("a")
        await asyncio.sleep(50)
    assert runs.times("a") == [0.0, 1.0, 3.0, 7.0, 50.0, 51.0]


async def test_a_change_is_looked_at_without_waiting_for_the_pause(caplog: pytest.LogCaptureFixture) -> None:
    async def fail_before_a_minute(_: str) -> None:
        if now() < 40:
            raise RuntimeError("no")

    runs = Runs(fail_before_a_minute)
    async with running(runs) as keys:
        keys.due("a")
        await asyncio.sleep(45)
        keys.due("a")
        await asyncio.sleep(60)
    assert runs.times("a")[-1] == 45.0


async def test_a_forgotten_key_runs_no_more_not_even_after_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail_slowly(key: str) -> None:
        await asyncio.sleep(10)
        raise RuntimeError("no")

    runs = Runs(fail_slowly)
    async with running(runs) as keys:
        keys.due("waiting", after=5)
        keys.due("running")
        await asyncio.sleep(1)
        keys.forget("waiting")
        keys.forget("running")
        await asyncio.sleep(100)
        assert runs.began == [(0.0, "running")]
        keys.due("running")
        await asyncio.sleep(1)
    assert runs.times("running") == [0.0, 101.0]


async def test_a_key_that_is_forgotten_and_comes_back_while_it_runs_runs_again() -> None:
    async def take_ten(_: str) -> None:
        await asyncio.sleep(10)

    runs = Runs(take_ten)
    async with running(runs) as keys:
        keys.due("a")
        await asyncio.sleep(1)
        keys.forget("a")
        keys.due("a")
        await asyncio.sleep(100)
    assert runs.times("a") == [0.0, 10.0]


async def test_ending_cancels_what_runs_and_waits_for_it() -> None:
    ended: list[str] = []

    async def clean_up(key: str) -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            await asyncio.sleep(1)
            ended.append(key)

    async with running(Runs(clean_up)) as keys:
        keys.due("a")
        keys.due("b")
        await asyncio.sleep(1)
    assert sorted(ended) == ["a", "b"]


async def test_due_times_that_were_superseded_do_not_pile_up() -> None:
    async def come_back_in_an_hour(key: str) -> None:
        keys.due(key, after=3600)

    runs = Runs(come_back_in_an_hour)
    async with running(runs) as keys:
        for _ in range(schedule.SLACK * 3):
            keys.due("a")
            await asyncio.sleep(0.01)
        assert len(keys._heap) <= schedule.SLACK + 3
        assert len(runs.began) == schedule.SLACK * 3
        await asyncio.sleep(3700)
    assert len(runs.began) == schedule.SLACK * 3 + 1


async def test_who_waits_for_calm_waits_for_a_crowd_and_for_nothing_less() -> None:
    """K6: one kill holds up nothing, hundreds go first."""
    runs = Runs(lambda _: asyncio.sleep(3))
    async with running(runs, workers=100) as keys:
        keys.due("alone")
        await asyncio.sleep(1)
        await keys.calm(longest=60)
        assert now() == 1
        for number in range(2 * schedule.CROWD):
            keys.due(f"one of many {number}")
        await asyncio.sleep(0.5)
        await keys.calm(longest=60)
        assert now() == 4


async def test_who_waits_for_calm_does_not_wait_for_ever() -> None:
    runs = Runs(lambda _: asyncio.Event().wait())
    async with running(runs, workers=100) as keys:
        for number in range(schedule.CROWD):
            keys.due(str(number))
        await asyncio.sleep(1)
        await keys.calm(longest=10)
        assert now() == pytest.approx(10), "since the crowd came"
        await keys.calm(longest=10)
        assert now() == pytest.approx(10), "and for nobody twice"
