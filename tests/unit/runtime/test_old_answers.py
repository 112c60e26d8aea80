"""Verdicts are as old as what was asked: a process that was stopped acts on nothing that it asked before (J1, F4)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from lastgood.decide.view import Settings
from lastgood.judge import readings
from lastgood.observe.server import Server
from lastgood.runtime.evaluation import Evaluation
from tests.unit.runtime.lives import BEGIN, INTERVAL, KEY, SERVER, Kept, Life, always_bad

pytestmark = pytest.mark.looptime


class Stopping(Kept):
    """A Prometheus whose answers reach a process only when that goes on."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(always_bad)
        self._seconds = seconds

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        await asyncio.sleep(self._seconds)
        return await super().query(server, queries, at=at)


@pytest.mark.parametrize(("seconds", "acted_on"), [(0, True), (10, True), (60, False), (600, False)])
async def test_what_was_asked_before_a_process_was_stopped_is_too_old_to_act_on(
    seconds: int, *, acted_on: bool
) -> None:
    """Found by seed 10269: a process that took the lease after a pause condemned a version by an answer of before."""
    asks = Stopping(seconds=seconds)
    life = Life(asks, **{"for": "0s"})
    passed = asyncio.get_running_loop().time

    def clock() -> datetime:
        return BEGIN + timedelta(seconds=passed())

    evaluation = Evaluation(asks=asks, default_server=SERVER, clock=clock, passed=passed)
    await evaluation.evaluate({KEY: (life.seen(), life.memory)})
    viewed = life.memory.view(life.seen(), clock(), settings=Settings(), fresh_for=3 * INTERVAL)
    assert any(each.breached for each in viewed.judged) is acted_on
