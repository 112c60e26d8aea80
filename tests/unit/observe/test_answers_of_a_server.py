"""Every way in which a Prometheus, or whatever stands in its place, can answer one query (semantics.md, J3, J4)."""

import asyncio
import contextlib
import gzip
import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastgood.judge.readings import Refused, Series, Unreachable, Values
from lastgood.observe.prometheus import Prometheus, Secret, Server
from tests.unit.observe import answering
from tests.unit.observe.answering import Fault, Handler, Script
from tests.unit.observe.asking import AT, ask

LONG_AGO = datetime(2001, 9, 9, tzinfo=UTC)


def success(result: object, *, kind: str = "vector", **more: object) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def saying(said: object, *, status: int = 200) -> Fault:
    return lambda handler: handler.json(said, status=status)


def replying(status: int, body: bytes, kind: str = "text/plain", **headers: str) -> Fault:
    return lambda handler: handler.reply(status, body, kind, **headers)


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ([], ()),
        (answering.vector("0.25"), (0.25,)),
        (answering.vector("NaN"), (math.nan,)),
        (answering.vector("+Inf"), (math.inf,)),
        (answering.vector("-Inf"), (-math.inf,)),
        (answering.vector("1", "NaN", "3e-7"), (1.0, math.nan, 3e-7)),
    ],
)
async def test_values_come_as_they_are(asker: Prometheus, result: Any, values: tuple[float, ...]) -> None:
    reading = await ask(asker, Script(results={"x": result}))
    assert isinstance(reading, Values)
    assert repr(reading.values) == repr(values)


async def test_a_scalar_is_one_value(asker: Prometheus) -> None:
    reading = await ask(asker, Script(fault=saying(success([1.0, "2.5"], kind="scalar"))))
    assert reading == Values((2.5,))


@pytest.mark.parametrize(
    ("said", "warnings"),
    [
        (success(answering.vector("1"), warnings=["no store for 1h"]), ("no store for 1h",)),
        (success(answering.vector("1"), infos=["PromQL info: not a counter"]), ()),
        (success(answering.vector("1"), warnings=["PromQL info: not a counter"]), ()),
        (
            success(answering.vector("1"), isPartial=True),
            ("the answer is partial: some storage nodes did not answer",),
        ),
    ],
)
async def test_warnings_are_kept_and_hints_are_not(
    asker: Prometheus, said: Any, warnings: tuple[str, ...]
) -> None:
    assert await ask(asker, Script(fault=saying(said))) == Values((1.0,), warnings)


@pytest.mark.parametrize(
    "fault",
    [
        saying({"status": "error", "errorType": "bad_data", "error": "parse error"}, status=400),
        saying({"status": "error", "errorType": "execution", "error": "parse error"}, status=422),
        replying(400, b"parse error"),
        saying(success([1.0, "text"], kind="string")),
        saying(success([{"metric": {}, "values": [[1.0, "1"]]}], kind="matrix")),
        saying(success([{"metric": {}, "histogram": [1.0, {"count": "1"}]}])),
    ],
)
async def test_what_can_be_answered_by_no_number_is_refused(asker: Prometheus, fault: Fault) -> None:
    assert isinstance(await ask(asker, Script(fault=fault)), Refused)


async def test_a_refusal_says_why_in_the_servers_words(asker: Prometheus) -> None:
    reading = await ask(
        asker, Script(fault=saying({"status": "error", "error": "no such function"}, status=400))
    )
    assert reading == Refused("Prometheus refuses the query (400): no such function")


HTML = b"<html><body>Sign in</body></html>"
UNREACHABLE = {
    "400 of a proxy": (replying(400, HTML, "text/html"), "400"),
    "401": (replying(401, b""), "check prometheus.authSecretRef"),
    "403": (replying(403, b""), "check prometheus.authSecretRef"),
    "404": (replying(404, b"not found"), "check the path"),
    "405": (replying(405, b""), "POST"),
    "408": (replying(408, b""), "408"),
    "429": (replying(429, b""), "limits our rate"),
    "500": (saying({"status": "error", "error": "disk full"}, status=500), "500: disk full"),
    "502": (replying(502, HTML, "text/html"), "502"),
    "503": (saying({"status": "error", "error": "query timed out"}, status=503), "query timed out"),
    "504": (replying(504, b""), "504"),
    "204": (replying(204, b""), "204"),
    "redirect": (replying(302, b"", Location="http://127.0.0.1:9/"), "redirects are not followed"),
    "redirect that keeps the method": (
        replying(307, b"", Location="/elsewhere"),
        "redirects are not followed",
    ),
    "HTML page": (replying(200, HTML, "text/html"), "text/html"),
    "empty body": (replying(200, b""), "an empty body"),
    "JSON that is cut off": (
        replying(200, b'{"status":"success","data":{"res', "application/json"),
        "not Prometheus'",
    ),
    "JSON of something else": (saying({"hits": []}), "not Prometheus'"),
    "a list": (saying([1, 2]), "not Prometheus'"),
    "no status": (saying({"data": {"resultType": "vector", "result": []}}), "not Prometheus'"),
    "streams": (saying(success([], kind="streams")), "not Prometheus'"),
    "a vector without values": (saying(success([{"metric": {}}])), "no Prometheus would"),
    "a value that is no number": (saying(success(answering.vector("many"))), "no Prometheus would"),
    "deep JSON": (replying(200, b"[" * 200_000, "application/json"), "not Prometheus'"),
    "broken compression": (replying(200, b"none", "application/json", Content_Encoding="gzip"), "broke"),
}


@pytest.mark.parametrize("case", UNREACHABLE)
@pytest.mark.parametrize("at_the_check", [False, True], ids=["query", "check"])
async def test_whatever_is_not_an_answer_of_prometheus_is_unreachable(
    asker: Prometheus, case: str, at_the_check: bool
) -> None:
    fault, words = UNREACHABLE[case]
    script = Script(check_fault=fault) if at_the_check else Script(fault=fault)
    reading = await ask(asker, script)
    assert isinstance(reading, Unreachable)
    assert words in reading.message
    assert script.asked == ([] if at_the_check else ["x"])


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_an_answer_beyond_measure_is_refused_or_is_no_prometheus(
    asker: Prometheus, packed: bool
) -> None:
    body = json.dumps(success(answering.vector(*["1"] * 200_000))).encode()
    headers = {"Content_Encoding": "gzip"} if packed else {}
    sent = gzip.compress(body) if packed else body
    series = await ask(asker, Script(fault=replying(200, sent, "application/json", **headers)))
    page = await ask(asker, Script(fault=replying(200, sent, "text/html", **headers)))
    assert isinstance(series, Refused)
    assert "aggregate" in series.message
    assert isinstance(page, Unreachable)


async def test_a_clock_more_than_thirty_seconds_off_is_unreachable(asker: Prometheus) -> None:
    for ahead in (40.0, -40.0):
        reading = await ask(asker, Script(results={"x": answering.vector("1")}, ahead=ahead))
        assert isinstance(reading, Unreachable)
        assert "40 s apart" in reading.message
    assert await ask(asker, Script(results={"x": answering.vector("1")}, ahead=20.0)) == Values((1.0,))


async def test_the_skew_is_the_servers_clock_less_ours(asker: Prometheus) -> None:
    with answering.serve(Script(ahead=12.0)) as url:
        skew = await asker.skew(Server(url))
    assert isinstance(skew, float)
    assert skew == pytest.approx(12.0, abs=0.5)


async def test_the_question_carries_its_time_and_credentials(asker: Prometheus) -> None:
    script = Script(results={"x": answering.vector("1")})
    with answering.serve(script) as url:
        await asker.query(
            Server(
                url + "/prom/", token=Secret("t0ken-of-fraud"), headers=(("X-Scope-OrgID", Secret("team-a")),)
            ),
            ["x"],
            at=AT,
        )
        await asker.query(Server(url.replace("//", "//ana:pa%3Ass@")), ["x"], at=AT)
    assert script.parameters[0] == {
        "path": "/prom/api/v1/query",
        "query": "x",
        "time": f"{AT.timestamp():.3f}",
        "timeout": "5s",
    }
    assert script.headers[0]["Authorization"] == "Bearer t0ken-of-fraud"
    assert script.headers[0]["X-Scope-OrgID"] == "team-a"
    assert script.headers[-1]["Authorization"] == "Basic YW5hOnBhOnNz"


def echo(handler: Handler) -> None:
    handler.json({"status": "error", "error": f"denied: {dict(handler.headers)}"}, status=500)


@pytest.mark.parametrize(
    "server",
    [
        lambda url: Server(url, token=Secret("t0ken-of-fraud")),
        lambda url: Server(url, username="ana", password=Secret("t0ken-of-fraud")),
        lambda url: Server(url, headers=(("X-Key", Secret("t0ken-of-fraud")),)),
        lambda url: Server(url.replace("//", "//ana:t0ken-of-fraud@")),
        lambda url: Server(url + "?token=t0ken-of-fraud"),
        lambda url: Server(url, headers=(("X-Key", Secret("t0ken-of-fraud\r\nX-Other: 1")),)),
        lambda url: Server(url, headers=(("X-Key", Secret("t0ken-of-fraud é☃")),)),
        lambda url: Server(url, token=Secret("t0ken-of-fraud ☃")),
        lambda url: Server(f"http://[::1/{url}?token=t0ken-of-fraud"),
    ],
)
async def test_no_secret_is_ever_shown(asker: Prometheus, server: Callable[[str], Server]) -> None:
    """B3."""
    with answering.serve(Script(fault=echo)) as url:
        asked = server(url)
        (reading,) = await asker.query(asked, ["x"], at=AT)
    shown = f"{asked} {asked!r} {reading}"
    assert isinstance(reading, Unreachable)
    for secret in ("t0ken", "YW5hOnQwa2VuLW9mLWZyYXVk"):
        assert secret not in shown


async def test_a_range_gives_the_values_at_each_moment(asker: Prometheus) -> None:
    result = [
        {"metric": {"a": "1"}, "values": [[10, "1"], [20, "NaN"]]},
        {"metric": {"a": "2"}, "values": [[20, "5"], [30, "6"]]},
    ]
    script = Script(fault=saying(success(result, kind="matrix", warnings=["partial"])))
    start = datetime.fromtimestamp(10, UTC)
    with answering.serve(script) as url:
        series = await asker.query_range(
            Server(url), "x", start, start + timedelta(seconds=20), timedelta(seconds=10)
        )
    assert isinstance(series, Series)
    assert repr(series.points) == "((10.0, (1.0,)), (20.0, (nan, 5.0)), (30.0, (6.0,)))"
    assert series.warnings == ("partial",)
    assert script.parameters[0]["path"] == "/api/v1/query_range"
    assert script.parameters[0]["start"] == "10"
    assert script.parameters[0]["end"] == "30"
    assert script.parameters[0]["step"] == "10"


async def test_a_range_of_too_many_steps_takes_longer_ones(asker: Prometheus) -> None:
    script = Script(fault=saying(success([], kind="matrix")))
    with answering.serve(script) as url:
        await asker.query_range(
            Server(url), "x", LONG_AGO - timedelta(days=30), LONG_AGO, timedelta(seconds=1)
        )
    assert float(script.parameters[0]["step"]) == pytest.approx(259.2)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (saying({"status": "error", "error": "parse error"}, status=400), Refused),
        (saying(success([{"metric": {}, "histograms": [[1, {}]]}], kind="matrix")), Refused),
        (replying(502, HTML), Unreachable),
        (saying(success([{"metric": {}, "values": [["soon", "1"]]}], kind="matrix")), Unreachable),
        (saying(success(answering.vector("1"))), Unreachable),
    ],
)
async def test_a_range_fails_as_a_moment_does(asker: Prometheus, fault: Fault, outcome: type[object]) -> None:
    with answering.serve(Script(fault=fault)) as url:
        said = await asker.query_range(
            Server(url), "x", LONG_AGO, LONG_AGO + timedelta(seconds=20), timedelta(seconds=10)
        )
    assert isinstance(said, outcome)


@pytest.mark.parametrize(
    ("script", "alive"),
    [
        (Script(results={"vector(1)": answering.vector("1"), "count(up) > 0": answering.vector("3")}), True),
        (Script(results={"vector(1)": answering.vector("1")}), False),
        (Script(fault=replying(200, HTML, "text/html")), False),
        (Script(check_fault=replying(503, b"")), False),
    ],
)
async def test_a_server_is_alive_when_it_answers_and_has_targets(
    asker: Prometheus, script: Script, alive: bool
) -> None:
    with answering.serve(script) as url:
        assert await asker.alive(Server(url)) is alive


async def test_closing_cuts_short_what_is_under_way() -> None:
    asker = Prometheus()
    script = Script(check_fault=answering.hang)
    with answering.serve(script) as url:
        asking = asyncio.create_task(asker.query(Server(url, timeout=20), ["x"], at=AT))
        await asyncio.to_thread(script.checked.wait, 10)
        began = time.monotonic()
        await asker.close()
        with contextlib.suppress(asyncio.CancelledError):
            assert isinstance((await asking)[0], Unreachable)
        assert time.monotonic() - began < 3
