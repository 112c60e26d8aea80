"""Every way in which Prometheus can answer, and the verdict that comes of it in a whole evaluation (J2 to J5).

The server is real, on 127.0.0.1; what it sends goes through the client, the readings and the judge as in production.
"""

import contextlib
import dataclasses
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.prometheus import Prometheus
from lastgood.observe.server import Secret, Server
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.observe import answering
from tests.unit.observe.answering import Fault, Handler, Script, vector
from tests.unit.runtime.test_blast_radius import NOW, Api, serves

KEY = ("ml", "fraud")
SAMPLES = {"samples": {"query": "n", "min": 100}}
HTML = b"<html><body>Sign in</body></html>"


@pytest.fixture
async def patient() -> AsyncIterator[Prometheus]:
    asker = Prometheus(clock=NOW.timestamp)
    yield asker
    await asker.close()


def gives(*values: str, **more: Any) -> Script:
    return Script(results={"toxic": vector(*values)}, **more)


def fault(send: Fault) -> Script:
    return Script(fault=send)


def says(status: int, error: str = "no") -> Script:
    return fault(lambda handler: handler.json({"status": "error", "error": error}, status=status))


def replies(status: int, body: bytes, kind: str, **headers: str) -> Script:
    return fault(lambda handler: handler.reply(status, body, kind, **headers))


def data(kind: str, result: object, **more: object) -> Script:
    said = {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    return fault(lambda handler: handler.json(said))


def sampled(value: str, *samples: str) -> Script:
    return Script(results={"toxic": vector(value), "n": vector(*samples)})


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.script.released.wait(0.02):
        handler.wfile.write(b" ")


def break_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"status":"success"')
    handler.close_connection = True


TARGETS = {"vector(1)": vector("1"), "count(up) > 0": vector("3")}
LARGE = json.dumps(
    {"status": "success", "data": {"resultType": "vector", "result": vector(*["1"] * 200_000)}}
)
ONE = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.9"]}]}}'

Case = tuple[Script, dict[str, Any], str, str]
CASES: dict[str, Case] = {
    # Values
    "a value inside its limits": (gives("0.05"), {}, "OK", ""),
    "a value above max": (gives("0.9"), {}, "Breach", "AboveMax"),
    "a value below min": (gives("0.9"), {"max": None, "min": 1}, "Breach", "BelowMin"),
    "+Inf against a max": (gives("+Inf"), {}, "Breach", "AboveMax"),
    "-Inf against a min": (gives("-Inf"), {"min": 0}, "Breach", "BelowMin"),
    "-Inf against a max": (gives("-Inf"), {}, "OK", ""),
    "+Inf against a min": (gives("+Inf"), {"max": None, "min": 0}, "OK", ""),
    "a scalar": (data("scalar", [1, "0.9"]), {}, "Breach", "AboveMax"),
    "a breach that has to last": (gives("0.9"), {"for": "1m"}, "Pending", "AboveMax"),
    "several series with reduce": (gives("0.01", "0.9"), {"reduce": "max"}, "Breach", "AboveMax"),
    "the mean of several series": (gives("0.01", "0.03"), {"reduce": "avg"}, "OK", ""),
    "NaN beside a number, reduced by max": (gives("NaN", "0.9"), {"reduce": "max"}, "Breach", "AboveMax"),
    # Too little
    "NaN": (gives("NaN"), {}, "Insufficient", "NotANumber"),
    "a sum with a NaN in it": (gives("NaN", "0.9"), {"reduce": "sum"}, "Insufficient", "NotANumber"),
    "NaN against a min": (gives("NaN"), {"max": None, "min": 0}, "Insufficient", "NotANumber"),
    "too few samples": (sampled("0.9", "99"), SAMPLES, "Insufficient", "TooFewSamples"),
    "no samples at all": (sampled("0.9"), SAMPLES, "Insufficient", "TooFewSamples"),
    "enough samples": (sampled("0.9", "100"), SAMPLES, "Breach", "AboveMax"),
    "nothing but samples": (
        Script(results={"n": vector("100")}),
        SAMPLES,
        "Blind",
        "NoData",
    ),
    # Nothing: a stale series is left out by Prometheus, so it looks the same
    "an empty or stale answer": (gives(), {}, "Blind", "NoData"),
    "an empty answer, to be taken for a breach": (
        Script(results=TARGETS),
        {"onNoData": "Breach"},
        "Breach",
        "NoData",
    ),
    "NaN, to be taken for a breach": (
        Script(results={**TARGETS, "toxic": vector("NaN")}),
        {"onNoData": "Breach"},
        "Breach",
        "NotANumber",
    ),
    "an empty answer of a server without targets": (gives(), {"onNoData": "Breach"}, "Blind", "NoData"),
    # No answer that can be trusted, whatever onNoData says
    "429": (says(429), {"onNoData": "Breach"}, "Blind", "Unreachable"),
    "500": (says(500), {"onNoData": "Breach"}, "Blind", "Unreachable"),
    "502 with a page": (replies(502, HTML, "text/html"), {}, "Blind", "Unreachable"),
    "503": (says(503, "query timed out"), {"onNoData": "Breach"}, "Blind", "Unreachable"),
    "504": (replies(504, b"", "text/plain"), {}, "Blind", "Unreachable"),
    "401": (says(401), {}, "Blind", "Unreachable"),
    "403": (says(403), {}, "Blind", "Unreachable"),
    "404": (replies(404, b"not found", "text/plain"), {}, "Blind", "Unreachable"),
    "204": (replies(204, b"", "text/plain"), {}, "Blind", "Unreachable"),
    "a redirect": (replies(307, b"", "text/plain", Location="/elsewhere"), {}, "Blind", "Unreachable"),
    "400 of a proxy": (replies(400, HTML, "text/html"), {}, "Blind", "Unreachable"),
    "an HTML page with 200": (
        replies(200, HTML, "text/html"),
        {"onNoData": "Breach"},
        "Blind",
        "Unreachable",
    ),
    "truncated JSON": (replies(200, ONE[:60], "application/json"), {}, "Blind", "Unreachable"),
    "JSON of something else": (replies(200, b'{"hits":[]}', "application/json"), {}, "Blind", "Unreachable"),
    "an empty body": (replies(200, b"", "application/json"), {}, "Blind", "Unreachable"),
    "an error with 200": (says(200), {}, "Blind", "Unreachable"),
    "a value that is no number": (gives("many"), {}, "Blind", "Unreachable"),
    "an answer that breaks off": (fault(break_off), {"onNoData": "Breach"}, "Blind", "Unreachable"),
    "silence": (fault(answering.hang), {"onNoData": "Breach"}, "Blind", "Unreachable"),
    "a byte now and then": (fault(drip), {"onNoData": "Breach"}, "Blind", "Unreachable"),
    "a clock 40 s ahead": (gives("0.9", ahead=40.0), {}, "Blind", "Unreachable"),
    "a clock 40 s behind": (gives("0.9", ahead=-40.0), {}, "Blind", "Unreachable"),
    "a clock 20 s ahead": (gives("0.9", ahead=20.0), {}, "Breach", "AboveMax"),
    "a server that cannot tell its time": (gives("0.9", check_fault=drip), {}, "Blind", "Unreachable"),
    "partial data": (gives("0.9", warned={"toxic": "no store for 1h"}), {}, "Blind", "PartialData"),
    "empty partial data": (
        Script(results=TARGETS, warned={"toxic": "no store for 1h"}),
        {"onNoData": "Breach"},
        "Blind",
        "PartialData",
    ),
    "data that is called partial": (
        data("vector", vector("0.9"), isPartial=True),
        {},
        "Blind",
        "PartialData",
    ),
    "a remark for the query's author": (
        gives("0.9", warned={"toxic": "PromQL info: metric might not be a counter"}),
        {},
        "Breach",
        "AboveMax",
    ),
    # A question that is wrong
    "400": (says(400, "parse error"), {"onNoData": "Breach"}, "Invalid", "Refused"),
    "422": (says(422, "many-to-many matching"), {"onNoData": "Breach"}, "Invalid", "Refused"),
    "a refused samples query": (
        gives("0.9", refused=frozenset({"n"})),
        SAMPLES,
        "Invalid",
        "Refused",
    ),
    "several series": (gives("0.01", "0.9"), {"onNoData": "Breach"}, "Invalid", "SeveralSeries"),
    "a string": (data("string", [1, "text"]), {}, "Invalid", "Refused"),
    "ranges": (data("matrix", [{"metric": {}, "values": [[1, "0.9"]]}]), {}, "Invalid", "Refused"),
    "a native histogram": (
        data("vector", [{"metric": {}, "histogram": [1, {"count": "1"}]}]),
        {},
        "Invalid",
        "Refused",
    ),
    "more series than anybody reads": (
        replies(200, LARGE.encode(), "application/json"),
        {"reduce": "max"},
        "Invalid",
        "Refused",
    ),
}


async def verdict(asker: Prometheus, server: Server, **threshold: Any) -> tuple[str, str, str]:
    """Evaluate one model with one threshold; return verdict, reason and message."""
    store = Store()
    serves(store, Api(), KEY)
    raw = store.models[KEY]
    given = {"name": "toxic", "query": "toxic", "max": 0.1, **threshold}
    spec = {**raw["spec"], "thresholds": [given]}
    metadata = {**raw["metadata"], "resourceVersion": "2"}
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": spec})
    memory, seen = Memory(), snapshot.cached(store, KEY)
    assert seen is not None
    evaluation = Evaluation(asks=asker, spans=asker, default_server=server, clock=lambda: NOW)
    await evaluation.evaluate({KEY: (seen, memory)})
    found = memory.judged[0].judgement
    return found.verdict.value, found.reason.value, found.message


@pytest.mark.parametrize("case", CASES)
async def test_each_answer_has_its_verdict_and_shows_no_secret(patient: Prometheus, case: str) -> None:
    script, threshold, wanted, reason = CASES[case]
    script = dataclasses.replace(script, ahead=script.ahead + NOW.timestamp() - time.time())
    with answering.serve(script) as url:
        server = Server(
            url.replace("//", "//ana:t0ken-of-ana@"),
            timeout=0.4,
            headers=(("X-Key", Secret("t0ken-of-ana")),),
        )
        found, why, message = await verdict(patient, server, **threshold)
    assert (found, why) == (wanted, reason), message
    assert "t0ken" not in message
    assert found == "OK" or message


@contextlib.contextmanager
def nobody_listens() -> Iterator[str]:
    with answering.serve(Script()) as url:
        pass
    yield url


def over_tls(
    change: Callable[[str], str],
) -> Callable[[ssl.SSLContext], contextlib.AbstractContextManager[str]]:
    """Serve over TLS with a certificate of our own making, at an address that is changed."""

    @contextlib.contextmanager
    def serving(tls: ssl.SSLContext) -> Iterator[str]:
        with answering.serve(gives("0.9", ahead=NOW.timestamp() - time.time()), tls=tls) as url:
            yield change(url)

    return serving


@pytest.mark.parametrize(
    ("serving", "trusted", "wanted"),
    [
        (lambda _: nobody_listens(), False, ("Blind", "Unreachable")),
        (over_tls(str), False, ("Blind", "Unreachable")),
        (over_tls(str), True, ("Breach", "AboveMax")),
        (over_tls(lambda url: url.replace("127.0.0.1", "localhost")), True, ("Blind", "Unreachable")),
        (over_tls(lambda url: url.replace("https", "http")), True, ("Blind", "Unreachable")),
        (lambda _: answering.serve(Script()), True, ("Blind", "Unreachable")),
    ],
    ids=["refused", "untrusted", "trusted", "another-name", "plain-to-tls", "tls-to-plain"],
)
async def test_a_connection_that_does_not_come_about_is_blind(
    patient: Prometheus,
    *,
    tls: ssl.SSLContext,
    authority: str,
    request: pytest.FixtureRequest,
    serving: Callable[[ssl.SSLContext], contextlib.AbstractContextManager[str]],
    trusted: bool,
    wanted: tuple[str, str],
) -> None:
    to_plain = "tls-to-plain" in request.node.name
    with serving(tls) as url:
        server = Server(
            url.replace("http:", "https:") if to_plain else url,
            timeout=0.4 if to_plain else 2.0,
            ca=authority if trusted else None,
        )
        found, why, message = await verdict(patient, server, onNoData="Breach")
    assert (found, why) == wanted, message


async def test_without_any_prometheus_nothing_is_judged() -> None:
    store = Store()
    serves(store, Api(), KEY)
    memory, seen = Memory(), snapshot.cached(store, KEY)
    assert seen is not None
    asker = Prometheus()
    try:
        await Evaluation(asks=asker, default_server=None, clock=lambda: NOW).evaluate({KEY: (seen, memory)})
    finally:
        await asker.close()
    found = memory.judged[0].judgement
    assert (found.verdict, found.reason) == ("Blind", "Unreachable")
    assert "--prometheus-url" in found.message
