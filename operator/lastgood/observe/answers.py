"""One request to Prometheus, and every way in which it can end put into three: answer, no answer, refusal.

Five families of exceptions can come out of the client library, and a proxy on the way can answer anything
at all. Nothing leaves here but a value. The sentences are made here from known parts, because the texts of
exceptions quote URLs and headers; what a server says is shown short and without our secrets.
"""

import dataclasses
import json
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException

from lastgood.judge import readings
from lastgood.observe import promql, transport
from lastgood.observe.server import Server

LONGEST_QUOTE: Final = 300
"""Characters of a server's own words in a message."""

_HINTS: Final[Mapping[int, str]] = {
    401: "check prometheus.authSecretRef",
    403: "check prometheus.authSecretRef and prometheus.headers",
    404: "check the path in prometheus.url",
    405: "prometheus.url must accept POST /api/v1/query",
    407: "a proxy wants credentials",
    429: "it limits our rate: raise interval or its limits",
}


_MALFORMED: Final = (
    "cannot be asked: prometheus.url must be an http or https URL, and headers and credentials plain text"
)
# The first that fits among an exception and its causes; the order goes from the particular to the general.
_BREAKAGES: Final[Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], str]]] = (
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted ({detail}); give its ca.crt"),
    (ssl.SSLError, "does not speak TLS with us ({detail}); check prometheus.url and ca.crt"),
    (socket.gaierror, "has a host name that is not known; check prometheus.url"),
    (ConnectionRefusedError, "refuses connections; check prometheus.url and that it runs"),
    (requests.ConnectTimeout, f"cannot be connected to within {transport.CONNECT_TIMEOUT:g} s"),
    (
        (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
        "did not answer within {timeout:g} s",
    ),
    ((requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema), _MALFORMED),
    ((requests.exceptions.InvalidHeader, requests.exceptions.MissingSchema), _MALFORMED),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Prometheus said to a query: `result` is a list for vectors and matrices, else one sample."""

    result_type: str
    result: Any
    warnings: tuple[str, ...]


class Throttled(readings.Unreachable):
    """429: asking again in smaller pieces would only make it worse."""

    __slots__ = ()


Outcome = Answer | readings.Unreachable | readings.Refused


@dataclass(frozen=True, slots=True)
class Instant:
    """Evaluate `query` at one moment; without one the server takes its own present."""

    query: str
    at: datetime | None

    def send(self, client: PrometheusConnect, *, timeout: float) -> None:
        """Ask it."""
        parameters = {"timeout": f"{timeout:g}s"}
        if self.at is not None:
            parameters["time"] = f"{self.at.timestamp():.3f}"
        client.custom_query(self.query, params=parameters)


@dataclass(frozen=True, slots=True)
class Span:
    """Evaluate `query` at each `step` seconds of a span."""

    query: str
    start: datetime
    end: datetime
    step: float

    def send(self, client: PrometheusConnect, *, timeout: float) -> None:
        """Ask it."""
        parameters = {"timeout": f"{timeout:g}s"}
        client.custom_query_range(self.query, self.start, self.end, f"{self.step:g}", params=parameters)


def ask(
    server: Server, client: PrometheusConnect, exchange: transport.Exchange, question: Instant | Span
) -> Outcome:
    """Send `question` and wait for the end of it. Blocks: for worker threads only."""
    with exchange:
        try:
            question.send(client, timeout=server.timeout)
        except (PrometheusApiClientException, requests.exceptions.JSONDecodeError):
            pass  # another status than 200, or no JSON: the exchange has what came
        except transport.TooLarge:
            return _too_large(server, exchange)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return readings.Unreachable(_broken(server, exchange, error))
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            if not exchange.body:
                return readings.Unreachable(f"{name(server)} {_MALFORMED}")
            # Else the client library could not read the answer; below it is read with more care.
        except Exception as error:  # noqa: BLE001 - a fault of one server's client must stop no other's
            return readings.Unreachable(f"{name(server)} cannot be asked: {type(error).__name__}")
    return _read(server, exchange)


def _read(server: Server, exchange: transport.Exchange) -> Outcome:
    try:
        said = json.loads(exchange.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        said = {}
    status = exchange.status
    if status in (400, 422) and "html" not in exchange.content_type:
        words = said.get("error") or exchange.body.decode(errors="replace") or "no reason given"
        return readings.Refused(f"Prometheus refuses the query ({status}): {_quote(server, words)}")
    if status == 200:
        other = f"answered something that is not Prometheus' ({_kind(exchange)}); check prometheus.url"
        return _answer(said) or readings.Unreachable(
            _late(server) if exchange.was_cut else f"{name(server)} {other}"
        )
    unavailable = Throttled if status == 429 else readings.Unreachable
    return unavailable(f"{name(server)} answered {_status(server, exchange, said.get('error'))}")


def _answer(said: Mapping[str, Any]) -> Answer | None:
    data = said.get("data")
    if said.get("status") != "success" or not isinstance(data, dict):
        return None
    result_type, result = data.get("resultType"), data.get("result")
    if result_type not in ("scalar", "vector", "matrix", "string") or not isinstance(result, list):
        return None
    told = said.get("warnings") or []
    # Prometheus 2 has hints for the query's author among the warnings, which 3 puts under "infos".
    warnings = [str(text) for text in told if not str(text).startswith("PromQL info")]
    if said.get("isPartial") is True:
        warnings.append("the answer is partial: some storage nodes did not answer")  # VictoriaMetrics' way
    return Answer(result_type, result, tuple(warnings))


def reading(server: Server, outcome: Outcome) -> readings.Reading:
    """Read the answer to an instant query."""
    if not isinstance(outcome, Answer):
        return outcome
    try:
        if outcome.result_type == "scalar":
            return readings.Values((float(outcome.result[1]),), outcome.warnings)
        if outcome.result_type != "vector":
            return no_number(outcome.result_type)
        numbers = promql.numbers(outcome.result)
    except (ValueError, LookupError, TypeError):
        return not_prometheus(server)
    return (
        numbers
        if isinstance(numbers, readings.Refused)
        else dataclasses.replace(numbers, warnings=outcome.warnings)
    )


def series(answer: Answer, *, ahead: float, until: float) -> readings.Series | readings.Refused:
    """Read the answer to a range query, in our time: the server's is `ahead` by so many seconds.

    What is dated later than `until`, in Unix seconds of the server's clock, is left out: a server that aligns steps
    may answer for moments that nobody asked for. Raises ValueError, LookupError or TypeError when it is no answer.
    """
    points: dict[float, list[float]] = {}
    result: Sequence[dict[str, Any]] = answer.result
    for one in result:
        if "histograms" in one:
            return promql.HISTOGRAMS
        for moment, value in one["values"]:
            if float(moment) <= until:
                points.setdefault(float(moment) - ahead, []).append(float(value))
    ordered = tuple((moment, tuple(values)) for moment, values in sorted(points.items()))
    return readings.Series(ordered, answer.warnings, ahead, until - ahead)


def no_number(result_type: str) -> readings.Refused:
    """Refuse a query that gives a "string" or a "matrix", which no threshold can be compared with."""
    if result_type == "string":
        return readings.Refused("the query gives a text, not a number")
    return readings.Refused(
        "the query gives ranges of samples, not numbers; wrap them, as by avg_over_time() or rate()"
    )


def not_prometheus(server: Server) -> readings.Unreachable:
    """Say that an answer is JSON of Prometheus' form but not of its content."""
    return readings.Unreachable(f"{name(server)} answered what no Prometheus would; check prometheus.url")


def _status(server: Server, exchange: transport.Exchange, words: object) -> str:
    status = exchange.status
    hint = _HINTS.get(status, "")
    if 300 <= status < 400:
        hint = "redirects are not followed: give the final URL in prometheus.url"
    shown = f": {_quote(server, words)}" if words else ""
    return f"{status}{shown}" + (f"; {hint}" if hint else "")


def _too_large(server: Server, exchange: transport.Exchange) -> Outcome:
    size = f"{transport.LARGEST_ANSWER // (1024 * 1024)} MiB"
    if exchange.status == 200 and "json" in exchange.content_type:
        return readings.Refused(f"the query gives more than {size} of series; aggregate them, as by sum()")
    return readings.Unreachable(f"{name(server)} answered more than {size}; check prometheus.url")


def _broken(server: Server, exchange: transport.Exchange, error: BaseException) -> str:
    if exchange.was_cut:
        return _late(server)
    causes = _causes(error)
    for kind, words in _BREAKAGES:
        cause = next((cause for cause in causes if isinstance(cause, kind)), None)
        if cause is not None:
            why = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
            detail = why if isinstance(why, str) else ""
            return (
                f"{name(server)} {words.format(timeout=server.timeout, detail=detail or 'no reason given')}"
            )
    return f"{name(server)} broke the connection off before its answer was whole"


def _late(server: Server) -> str:
    return f"{name(server)} did not answer in full within {server.timeout:g} s"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 20:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found


def _kind(exchange: transport.Exchange) -> str:
    if not exchange.body:
        return "an empty body"
    kind = exchange.content_type.split(";")[0].strip()
    return kind if re.fullmatch(r"[\w.+-]{1,40}/[\w.+-]{1,40}", kind) else "no content type"


def _quote(server: Server, words: object) -> str:
    text = server.redact(" ".join(str(words).split()))
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def name(server: Server) -> str:
    """Name `server` in a sentence."""
    return f"Prometheus at {server.url}" if server.url else "Prometheus"
