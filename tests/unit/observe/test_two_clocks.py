"""A Prometheus whose clock is not ours is asked in its own time, and answers in ours (semantics.md, J3, J6)."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from lastgood.judge.readings import Series, Unreachable, Values
from lastgood.observe.prometheus import Prometheus, Server
from lastgood.observe.skew import Skew
from tests.unit.observe import answering
from tests.unit.observe.answering import Script

STEP = timedelta(seconds=1)
APART = [-30.0, -20.0, -1.0, 0.0, 1.0, 20.0, 30.0]
"""Within what may be judged, a tenth of a second less for the time that an answer takes."""


class OurClock:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    @property
    def second(self) -> datetime:
        return datetime.fromtimestamp(int(self()), UTC)


@pytest.fixture
def ours() -> OurClock:
    return OurClock()


@pytest.fixture
async def asker(ours: OurClock) -> AsyncIterator[Prometheus]:
    asker = Prometheus(clock=ours)
    yield asker
    await asker.close()


def within(apart: float) -> float:
    return max(min(apart, 29.9), -29.9)


def began(script: Script, seconds: float) -> None:
    """Let what is now have begun so many seconds ago, after all was fine."""
    now = time.time()
    script.__dict__["past"] = [
        (now - 3600, {"x": answering.vector("0")}),
        (now - seconds, {"x": answering.vector("5")}),
    ]


@pytest.mark.parametrize("apart", APART)
async def test_a_moment_of_our_clock_is_asked_for_by_the_servers(
    asker: Prometheus, ours: OurClock, apart: float
) -> None:
    """J3."""
    script = Script(results={"x": answering.vector("1")}, ahead=within(apart))
    with answering.serve(script) as url:
        at = ours.second
        assert await asker.query(Server(url), ["x"], at=at) == [Values((1.0,))]
    assert float(script.parameters[0]["time"]) == at.timestamp() + apart


@pytest.mark.parametrize("apart", APART)
async def test_a_breach_is_recalled_when_it_was_by_our_clock(
    asker: Prometheus, ours: OurClock, apart: float
) -> None:
    """J6: of 15 s that are over there are 15 s, whoever's clock is ahead."""
    script = Script(ahead=within(apart))
    began(script, 15.0)
    with answering.serve(script) as url:
        now = ours.second
        series = await asker.query_range(Server(url), "x", now - timedelta(seconds=60), now - STEP, STEP)
    assert isinstance(series, Series)
    assert [moment for moment, _ in series.points[:-1]] == [
        now.timestamp() - back for back in range(60, 1, -1)
    ]
    breaching = [moment for moment, values in series.points if values == (5.0,)]
    assert 13 <= now.timestamp() - breaching[0] <= 16


@pytest.mark.parametrize("apart", APART)
async def test_what_has_not_come_for_the_server_is_not_recalled(
    asker: Prometheus, ours: OurClock, apart: float
) -> None:
    """J6: Prometheus answers moments that have not come with what is now."""
    script = Script(ahead=within(apart))
    began(script, 15.0)
    with answering.serve(script) as url:
        now = ours.second
        later = now + timedelta(seconds=60)
        series = await asker.query_range(Server(url), "x", now - timedelta(seconds=30), later, STEP)
        never = await asker.query_range(Server(url), "x", later, later + STEP, STEP)
    assert isinstance(series, Series)
    assert now.timestamp() - 2 <= series.points[-1][0] <= ours() + 0.5
    assert float(script.parameters[0]["end"]) <= time.time() + script.ahead
    assert isinstance(never, Series)
    assert never.points == ()
    assert series.ahead == never.ahead == apart
    assert series.until <= ours() + 0.5
    assert len(script.parameters) == 1


async def test_a_point_that_nobody_asked_for_is_left_out(asker: Prometheus, ours: OurClock) -> None:
    """J6: servers that align the steps of a span may answer beyond its end."""
    now = ours.second
    values = [[now.timestamp() - 30 + 15 * place, "5"] for place in range(5)]
    script = Script(
        fault=lambda handler: handler.json(
            {
                "status": "success",
                "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]},
            }
        )
    )
    with answering.serve(script) as url:
        series = await asker.query_range(Server(url), "x", now - timedelta(seconds=30), now, STEP)
    assert isinstance(series, Series)
    assert series.points[-1][0] <= now.timestamp()


@pytest.mark.parametrize("jump", [-20.0, 20.0])
async def test_a_clock_of_ours_that_was_set_is_compared_anew(
    asker: Prometheus, ours: OurClock, jump: float
) -> None:
    """J3."""
    script = Script(results={"x": answering.vector("1")})
    with answering.serve(script) as url:
        await asker.query(Server(url), ["x"], at=ours.second)
        await asker.query(Server(url), ["x"], at=ours.second)
        assert script.checks == 1
        ours.ahead = jump
        at = ours.second
        await asker.query(Server(url), ["x"], at=at)
        await asker.query_range(Server(url), "x", at - timedelta(seconds=60), at - 30 * STEP, STEP)
    assert script.checks == 2
    assert float(script.parameters[2]["time"]) == at.timestamp() - jump
    assert float(script.parameters[3]["start"]) == at.timestamp() - 60 - jump


@pytest.mark.parametrize("jump", [-45.0, 45.0])
async def test_a_clock_of_ours_that_was_set_far_off_is_found_out_at_once(
    asker: Prometheus, ours: OurClock, jump: float
) -> None:
    """J3."""
    with answering.serve(Script(results={"x": answering.vector("1")})) as url:
        assert await asker.query(Server(url), ["x"], at=ours.second) == [Values((1.0,))]
        ours.ahead = jump
        now = ours.second
        (reading,) = await asker.query(Server(url), ["x"], at=now)
        past = await asker.query_range(Server(url), "x", now - timedelta(seconds=60), now, STEP)
    assert isinstance(reading, Unreachable)
    assert isinstance(past, Unreachable)
    assert "45 s apart" in reading.message


async def test_each_server_is_asked_by_its_own_clock(asker: Prometheus, ours: OurClock) -> None:
    """J3."""
    early, late = Script(ahead=-20.0), Script(ahead=20.0)
    with answering.serve(early) as first, answering.serve(late) as second:
        at = ours.second
        for url in (first, second, first, second):
            await asker.query(Server(url), ["x"], at=at)
    assert {float(asked["time"]) for asked in early.parameters} == {at.timestamp() - 20}
    assert {float(asked["time"]) for asked in late.parameters} == {at.timestamp() + 20}


async def test_a_server_that_refuses_to_tell_its_time_is_unreachable(
    asker: Prometheus, ours: OurClock
) -> None:
    """J3: how far off its clock is nobody knows, so nothing is asked of it."""
    script = Script(
        results={"x": answering.vector("5")},
        check_fault=lambda handler: handler.json({"status": "error", "error": "no label"}, status=422),
    )
    with answering.serve(script) as url:
        now = ours.second
        (reading,) = await asker.query(Server(url), ["x"], at=now)
        past = await asker.query_range(Server(url), "x", now - timedelta(seconds=60), now, STEP)
    assert isinstance(reading, Unreachable)
    assert isinstance(past, Unreachable)
    assert "does not tell its time" in reading.message
    assert "no label" in reading.message
    assert script.parameters == []


def test_a_slow_answer_recalls_nothing_earlier_than_it_was_and_nothing_that_may_not_have_come() -> None:
    """J6: the server told its time at some moment within the 6 s that its answer took."""
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    skew = Skew(theirs=1_000.0, ours=990.0, passed=50.0, took=6.0)
    assert skew.ahead == 13.0
    assert skew.moment(at) - at == timedelta(seconds=13)
    assert skew.shift == timedelta(seconds=16)
    assert skew.come(passed=52.9) == 1_002.0


def test_a_few_tenths_of_a_second_are_no_skew() -> None:
    """J3."""
    for theirs in (999.6, 1_000.4):
        skew = Skew(theirs=theirs, ours=1_000.0, passed=0.0, took=0.01)
        assert skew.shift == timedelta(0)
        assert skew.holds(ours=1_030.4, passed=30.0)
        assert not skew.holds(ours=1_031.0, passed=30.0)
