"""Many queries in few requests: no query pays for another, and no server for another."""

import asyncio
import math
import time
from datetime import UTC, datetime

from lastgood.judge.readings import Refused, Unreachable, Values
from lastgood.observe.prometheus import Prometheus, Secret, Server
from tests.unit.observe import answering
from tests.unit.observe.answering import Script

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIFTY = [f"m{place}" for place in range(50)]


def numbers(*, queries: list[str]) -> dict[str, list[dict[str, object]]]:
    return {query: answering.vector(str(place)) for place, query in enumerate(queries)}


async def test_fifty_queries_are_one_request(asker: Prometheus) -> None:
    script = Script(results=numbers(queries=FIFTY))
    with answering.serve(script) as url:
        readings = await asker.query(Server(url), FIFTY, at=AT)
    assert readings == [Values((float(place),)) for place in range(50)]
    assert len(script.asked) == 1


async def test_queries_that_ask_the_same_are_asked_once(asker: Prometheus) -> None:
    script = Script(results={"sum(x)": answering.vector("7"), "y": answering.vector("8")})
    with answering.serve(script) as url:
        readings = await asker.query(Server(url), ["sum(x)", "y", "sum( x )  # again", "sum(x)"], at=AT)
    assert readings == [Values((7.0,)), Values((8.0,)), Values((7.0,)), Values((7.0,))]
    assert len(script.asked) == 1
    assert script.asked[0].count("label_replace") == 2


async def test_no_queries_ask_nothing(asker: Prometheus) -> None:
    script = Script()
    with answering.serve(script) as url:
        assert await asker.query(Server(url), [], at=AT) == []
    assert script.asked == []


async def test_bad_queries_are_found_by_halving_and_spoil_no_other(asker: Prometheus) -> None:
    bad = {"m3", "m40"}
    script = Script(results=numbers(queries=FIFTY), refused=frozenset(bad))
    with answering.serve(script) as url:
        readings = await asker.query(Server(url), FIFTY, at=AT)
        for place, (query, reading) in enumerate(zip(FIFTY, readings, strict=True)):
            if query in bad:
                assert reading == Refused(f"Prometheus refuses the query (422): no: {query}")
            else:
                assert reading == Values((float(place),))
        assert len(script.asked) <= 2 * len(bad) * math.ceil(math.log2(50)) + 1

        script.asked.clear()
        assert await asker.query(Server(url), FIFTY, at=AT) == readings
        assert len(script.asked) == 3, "found once, they are asked apart"

        script.refused = frozenset()
        await asker.query(Server(url), FIFTY, at=AT)
        script.asked.clear()
        assert await asker.query(Server(url), FIFTY, at=AT) == [
            Values((float(place),)) for place in range(50)
        ]
        assert len(script.asked) == 1, "clean again, they are back with the others"


async def test_a_warning_taints_only_the_query_that_it_is_about(asker: Prometheus) -> None:
    script = Script(results=numbers(queries=FIFTY), warned={"m7": "a store is missing"})
    with answering.serve(script) as url:
        readings = await asker.query(Server(url), FIFTY, at=AT)
        assert readings[7] == Values((7.0,), ("a store is missing",))
        assert all(
            isinstance(reading, Values) and not reading.warnings for reading in readings[:7] + readings[8:]
        )
        script.asked.clear()
        assert await asker.query(Server(url), FIFTY, at=AT) == readings
        assert len(script.asked) == 2


async def test_a_query_that_takes_too_long_blinds_no_other(asker: Prometheus) -> None:
    script = Script(results=numbers(queries=FIFTY), stuck=frozenset({"m9"}))
    with answering.serve(script) as url:
        server = Server(url, timeout=0.5)
        readings = await asker.query(server, FIFTY, at=AT)
        assert isinstance(readings[9], Unreachable)
        assert all(isinstance(reading, Values) for reading in readings[:9] + readings[10:])
        script.asked.clear()
        again = await asker.query(server, FIFTY, at=AT)
        assert isinstance(again[9], Unreachable)
        assert len(script.asked) == 2, "found once, it is asked apart"


async def test_a_batch_that_is_throttled_is_not_asked_again_in_pieces(asker: Prometheus) -> None:
    script = Script(fault=lambda handler: handler.reply(429, b"", "text/plain"))
    with answering.serve(script) as url:
        readings = await asker.query(Server(url), FIFTY, at=AT)
    assert all(isinstance(reading, Unreachable) for reading in readings)
    assert len(script.asked) == 1


async def test_a_dead_server_is_asked_for_its_time_and_nothing_else(asker: Prometheus) -> None:
    script = Script(check_fault=lambda handler: handler.reply(503, b"", "text/plain"))
    with answering.serve(script) as url:
        readings = await asker.query(Server(url), FIFTY * 20, at=AT)
    assert all(isinstance(reading, Unreachable) for reading in readings)
    assert script.asked == []
    assert script.checks == 1


async def test_a_server_that_dies_between_the_check_and_the_batch_is_checked_once_more(
    asker: Prometheus,
) -> None:
    script = Script(results=numbers(queries=FIFTY))
    with answering.serve(script) as url:
        await asker.query(Server(url), FIFTY, at=AT)
        script.asked.clear()
        script.fault = script.check_fault = lambda handler: handler.reply(502, b"", "text/html")
        readings = await asker.query(Server(url), [f"m{place}" for place in range(500)], at=AT)
        assert all(isinstance(reading, Unreachable) for reading in readings)
        assert len(script.asked) <= 8
        script.fault = script.check_fault = None
        assert (await asker.query(Server(url), FIFTY, at=AT))[1] == Values((1.0,))


async def test_connections_are_few_and_kept(asker: Prometheus) -> None:
    queries = [f"m{place}" for place in range(1000)]
    script = Script(results=numbers(queries=queries))
    with answering.serve(script) as url:
        await asker.query(Server(url), queries, at=AT)
        await asker.query(Server(url), queries, at=AT)
        assert len(script.asked) == 40
        assert script.connections <= 4


async def test_dead_servers_hold_up_no_live_one(asker: Prometheus) -> None:
    dead = Script(check_fault=answering.hang)
    live = Script(results=numbers(queries=FIFTY))
    with answering.serve(dead) as dead_url, answering.serve(live) as live_url:
        await asker.query(Server(live_url), FIFTY, at=AT)
        waiting = [
            asyncio.create_task(asker.query(Server(f"{dead_url}/{place}", timeout=2.0), FIFTY, at=AT))
            for place in range(30)
        ]
        await asyncio.to_thread(dead.checked.wait, 10)
        began = time.monotonic()
        assert (await asker.query(Server(live_url), FIFTY, at=AT))[1] == Values((1.0,))
        assert time.monotonic() - began < 1.0
        dead.released.set()
        for readings in await asyncio.gather(*waiting):
            assert isinstance(readings[0], Unreachable)


async def test_a_call_ends_in_time_whatever_happens(asker: Prometheus) -> None:
    script = Script(fault=answering.hang)
    queries = [f"a_function_of_next_year(m{place})" for place in range(100)]
    with answering.serve(script) as url:
        began = time.monotonic()
        readings = await asker.query(Server(url, timeout=0.2), queries, at=AT)
        assert time.monotonic() - began < 5
    assert all(isinstance(reading, Unreachable) for reading in readings)


async def test_one_server_with_other_credentials_is_another_server(asker: Prometheus) -> None:
    one = Server("http://127.0.0.1:9090", token=Secret("a"))
    assert one == Server("http://127.0.0.1:9090/", token=Secret("a"))
    assert hash(one) == hash(Server("http://127.0.0.1:9090", token=Secret("a")))
    assert one != Server("http://127.0.0.1:9090", token=Secret("b"))
