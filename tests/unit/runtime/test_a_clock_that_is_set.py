"""A round during which our clock is set is not judged: it names moments by one clock and asks by another (J3)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from lastgood.judge import readings
from lastgood.observe.server import Server
from lastgood.runtime.evaluation import Evaluation
from tests.unit.runtime.lives import BEGIN, KEY, SERVER, Kept, Life, always_bad

pytestmark = pytest.mark.looptime


class Slow(Kept):
    """A Prometheus that takes its time, during which our clock may be set."""

    def __init__(self) -> None:
        super().__init__(always_bad)
        self.set_by = self.ahead = timedelta(0)
        self.while_recalled = False

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        await asyncio.sleep(3.0)
        self.ahead += timedelta(0) if self.while_recalled else self.set_by
        return await super().query(server, queries, at=at)

    async def query_range(
        self, server: Server, query: str, start: datetime, end: datetime, step: timedelta
    ) -> readings.Series | readings.Unreachable | readings.Refused:
        await asyncio.sleep(1.0)
        self.ahead += self.set_by if self.while_recalled else timedelta(0)
        return await super().query_range(server, query, start, end, step)

    def clock(self) -> datetime:
        return BEGIN + timedelta(seconds=asyncio.get_running_loop().time()) + self.ahead


@pytest.mark.parametrize("while_recalled", [False, True])
@pytest.mark.parametrize("seconds", [-20, -2, 2, 20])
async def test_a_round_during_which_our_clock_is_set_is_not_judged(
    seconds: int, *, while_recalled: bool
) -> None:
    slow = Slow()
    life = Life(slow, **{"for": "1m"})
    evaluation = Evaluation(
        asks=slow,
        spans=slow,
        default_server=SERVER,
        clock=slow.clock,
        passed=asyncio.get_running_loop().time,
    )
    slow.while_recalled = while_recalled
    slow.set_by = timedelta(seconds=seconds)
    assert await evaluation.evaluate({KEY: (life.seen(), life.memory)}) == {KEY: None}
    assert life.memory.judged_at is None

    slow.set_by = timedelta(0)
    slow.spans.clear()
    await evaluation.evaluate({KEY: (life.seen(), life.memory)})
    assert life.memory.judged[0].judgement.verdict == "Breach"
    assert slow.spans, "the past is asked for again, in the time of the clock as it is"


async def test_a_prometheus_that_is_slow_sets_no_clock() -> None:
    slow = Slow()
    life = Life(slow, **{"for": "1m"})
    passed = asyncio.get_running_loop().time
    evaluation = Evaluation(asks=slow, spans=slow, default_server=SERVER, clock=slow.clock, passed=passed)
    await evaluation.evaluate({KEY: (life.seen(), life.memory)})
    assert life.memory.judged[0].judgement.verdict == "Breach"
