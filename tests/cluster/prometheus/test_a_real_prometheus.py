"""What only a real Prometheus can confirm: how it parses, joins, refuses and warns (semantics.md, J3, J4)."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastgood.judge import replay
from lastgood.judge.readings import Refused, Series, Unreachable, Values
from lastgood.observe import promql
from lastgood.observe.prometheus import Prometheus, Server
from tests.cluster.prometheus.conftest import VERSION

pytestmark = pytest.mark.cluster

NUMBERS = {"nan": float("nan"), "inf": float("inf")}
ANSWERED = {
    "sum(requests)": "(150.0,)",
    "requests": "(90.0, 50.0, 10.0)",
    'share{of="nothing"}': "(nan,)",
    'share{of="all"}': "(inf,)",
    'share{of="debt"}': "(-inf,)",
    "1 + 1": "(2.0,)",
    "scalar(sum(requests)) # a comment": "(150.0,)",
    "no_such_series": "()",
    "requests > 1e9": "()",
    "0 / 0": "(nan,)",
    "sum(no_such_series) / sum(requests)": "()",
    "(sum(no_such_series) or vector(0)) / sum(requests)": "(0.0,)",
    '{__name__=~"requests|share",pod!="b"}': "(90.0, 10.0, inf, -inf, nan)",
    "placed": "(5.0, 6.0)",
    "requests{code=~`5\\d\\d`}": "(10.0,)",
    'requests{code=~"5\\\\d\\\\d"}': "(10.0,)",
    "last_over_time(requests[1m]) > 80": "(90.0,)",
    "sum by (pod) (requests)": "(100.0, 50.0)",
    "requests * on (pod) group_left sum by (pod) (requests)": "(9000.0, 2500.0, 1000.0)",
}
REFUSED = [
    "requests[5m]",
    '"text"',
    "requests{",
    "sum by (",
    "vector(1) ) or (vector(2)",
    "requests + on () requests",
    "no_such_function(requests)",
    "requests > $version",
    "count_over_time(requests[$windows])",
    "sum_over_time(vector(1)[300000s:1s])",
]


def of(reading: object) -> str:
    assert isinstance(reading, Values), reading
    assert reading.warnings == ()
    return repr(tuple(sorted(reading.values, key=repr)))


async def test_each_query_of_a_mixture_is_answered_as_if_it_were_alone(
    asker: Prometheus, server: Server
) -> None:
    now = datetime.now(UTC)
    mixture = [query for pair in zip(ANSWERED, REFUSED * 2, strict=False) for query in pair]
    together = await asker.query(server, mixture, at=now)
    for query, reading in zip(mixture, together, strict=True):
        (alone,) = await asker.query(server, [query], at=now)
        if query in ANSWERED:
            assert (
                of(reading) == of(alone) == repr(tuple(sorted(eval(ANSWERED[query], NUMBERS), key=repr)))
            ), query
        else:
            assert isinstance(reading, Refused), query
            assert isinstance(alone, Refused), query


async def test_a_query_that_differs_from_a_batch_only_by_its_label_keeps_its_series(
    asker: Prometheus, server: Server
) -> None:
    readings = await asker.query(server, ["placed", "sum(requests)", "placed * 2"], at=datetime.now(UTC))
    assert [of(reading) for reading in readings] == ["(5.0, 6.0)", "(150.0,)", "(10.0, 12.0)"]


async def test_a_warning_stays_with_its_query(asker: Prometheus, server: Server) -> None:
    one, warned, other = await asker.query(
        server, ["vector(1)", "quantile(2, requests)", "vector(3)"], at=datetime.now(UTC)
    )
    assert (one, other) == (Values((1.0,)), Values((3.0,)))
    assert isinstance(warned, Values)
    assert "quantile value should be between 0 and 1" in warned.warnings[0]


@pytest.mark.parametrize(
    "query",
    ['served{v="$version"}', "served{v='$version'}", "served{v=`$version`}", 'served{v=~"$version"}'],
)
async def test_a_version_of_any_name_finds_its_own_series(
    asker: Prometheus, server: Server, query: str
) -> None:
    def fill(version: str) -> str:
        window = timedelta(seconds=90)
        return promql.fill(query, namespace="ml", model="m", workload="w", version=version, window=window)

    known, absent = await asker.query(server, [fill(VERSION), fill("1.4.0")], at=datetime.now(UTC))
    assert of(known) == "(7.0,)"
    assert of(absent) == "()"


async def test_a_window_is_a_range_that_prometheus_reads(asker: Prometheus, server: Server) -> None:
    windows = [timedelta(0), timedelta(milliseconds=1500), timedelta(seconds=90), timedelta(hours=720)]
    queries = [
        f"count(count_over_time(requests[{promql.duration(window)}])) or vector(0)" for window in windows
    ]
    readings = await asker.query(server, queries, at=datetime.now(UTC))
    assert all(isinstance(reading, Values) and len(reading.values) == 1 for reading in readings)


async def test_a_thousand_queries_get_a_thousand_answers(asker: Prometheus, server: Server) -> None:
    queries = [f"sum(requests) + {place}" for place in range(1000)]
    readings = await asker.query(server, queries, at=datetime.now(UTC))
    assert readings == [Values((150.0 + place,)) for place in range(1000)]


async def test_all_queries_of_a_call_see_one_moment(asker: Prometheus, server: Server) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    readings = await asker.query(server, ["time()", "vector(time())", "timestamp(vector(1))"], at=at)
    assert readings == [Values((at.timestamp(),))] * 3


async def test_a_moment_before_the_first_sample_has_no_values(asker: Prometheus, server: Server) -> None:
    (reading,) = await asker.query(server, ["requests"], at=datetime.now(UTC) - timedelta(days=1))
    assert reading == Values(())


async def test_the_skew_of_a_server_on_this_host_is_next_to_nothing(
    asker: Prometheus, server: Server
) -> None:
    skew = await asker.skew(server)
    assert isinstance(skew, float)
    assert abs(skew) < 1.0


async def test_a_range_has_all_series_of_each_moment_and_none_where_none_were(
    asker: Prometheus, server: Server
) -> None:
    now = datetime.now(UTC)
    series = await asker.query_range(server, "requests", now - timedelta(days=2), now, timedelta(seconds=30))
    assert isinstance(series, Series)
    moments = [moment for moment, _ in series.points]
    assert moments == sorted(set(moments))
    assert all(moment > (now - timedelta(days=1)).timestamp() for moment in moments)
    fresh = await _latest(asker, server, "requests")
    assert sorted(fresh) == [10.0, 50.0, 90.0]
    refused = await asker.query_range(
        server, "requests{", now - timedelta(hours=1), now, timedelta(seconds=30)
    )
    assert isinstance(refused, Refused)


async def _latest(asker: Prometheus, server: Server, query: str) -> tuple[float, ...]:
    """Return the last values of a range; the first scrape may be younger than the last whole second."""
    second = timedelta(seconds=1)
    async with asyncio.timeout(20):
        while True:
            now = datetime.now(UTC)
            series = await asker.query_range(server, query, now - 5 * second, now, second)
            assert isinstance(series, Series)
            if series.points:
                return series.points[-1][1]
            await asyncio.sleep(0.1)


async def test_what_has_not_come_for_prometheus_is_not_recalled(asker: Prometheus, server: Server) -> None:
    """J6: asked for it, Prometheus would answer with what is now."""
    await _latest(asker, server, "requests")
    now, second = datetime.now(UTC), timedelta(seconds=1)
    series = await asker.query_range(server, "requests", now - 5 * second, now + 60 * second, second)
    assert isinstance(series, Series)
    assert series.points[-1][0] <= datetime.now(UTC).timestamp()


async def test_a_clock_of_ours_that_is_ahead_is_told_what_was_when_it_was(server: Server) -> None:
    """J3, J6: each moment has the value that it has by Prometheus' clock."""
    ahead = 20.0
    asker = Prometheus(clock=lambda: time.time() + ahead)
    try:
        end = datetime.fromtimestamp(int(time.time() + ahead), UTC)
        (now,) = await asker.query(server, ["time()"], at=end)
        series = await asker.query_range(
            server, "time()", end - timedelta(seconds=30), end - timedelta(seconds=15), timedelta(seconds=15)
        )
    finally:
        await asker.close()
    assert now == Values((end.timestamp() - ahead,))
    assert isinstance(series, Series)
    assert series.points == tuple(
        (end.timestamp() - back, (end.timestamp() - back - ahead,)) for back in (30, 15)
    )


async def test_a_range_has_a_point_at_each_moment_that_is_judged_again(
    asker: Prometheus, server: Server
) -> None:
    """J6."""
    now, step = datetime.now(UTC), timedelta(seconds=15)
    at = replay.moments(first=now - timedelta(hours=8), now=now, step=step, most=2000)
    series = await asker.query_range(server, "time()", at[0], at[-1], step)
    assert isinstance(series, Series)
    assert series.points == tuple((moment.timestamp(), (moment.timestamp(),)) for moment in at)


async def test_the_wrong_path_is_unreachable(asker: Prometheus, server: Server) -> None:
    (reading,) = await asker.query(Server(f"{server.url}/elsewhere"), ["up"], at=datetime.now(UTC))
    assert isinstance(reading, Unreachable)
    assert "check the path in prometheus.url" in reading.message


SELECTORS = st.sampled_from(
    [
        "x",
        "-x",
        'x{a="1\\n2",b=~"5.."}',
        "x offset 90s",
        "x @ 12.5",
        "{'a.b'}",
        "1e-9",
        "123456789.123",
        "time()",
    ]
)
NODES = st.recursive(
    SELECTORS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "/", "^", "> bool"]), inner).map(" ".join)
        | inner.map(lambda one: f"( {one} )")
        | inner.map(lambda one: f"sum by (a)(vector(0) + {one})")
        | inner.map(lambda one: f"max_over_time((vector(1) * {one})[5m:1m])")
        | inner.map(lambda one: f"quantile without ()(0.5, vector(1) > ({one}))")
    ),
    max_leaves=8,
)


@pytest.mark.usefixtures("server")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=NODES)
def test_the_canonical_form_of_a_query_means_to_prometheus_what_the_query_means(
    exporter_prometheus: str, query: str
) -> None:
    def formatted(text: str) -> str:
        answer = requests.get(
            f"{exporter_prometheus}/api/v1/format_query", params={"query": text}, timeout=10
        )
        assert answer.status_code == 200, (text, answer.text)
        return str(answer.json()["data"])

    understood = promql.understand(query)
    if understood.result_type is not None:
        assert formatted(understood.canonical) == formatted(query)
