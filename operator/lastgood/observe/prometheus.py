"""Asking Prometheus servers: many questions in few requests, each with its own answer.

Queries are de-duplicated and joined in batches. A batch that is refused is halved until the culprit stands
alone; one with warnings, or that times out although the server lives, is asked one by one, so that no query
pays for another. Those found apart are asked apart from then on, until they come back clean.

All queries of one call are evaluated at one moment (`time=`), so that values are consistent with each
other. Callers name moments by our clock, and the server is asked for them by its own (`skew`): what it has
kept is dated by that. Beyond `MOST_SKEW` it counts as unreachable, since nobody knows whose clock is wrong.

A server is checked (it must tell its time) before the first questions, every `CHECK_EVERY` seconds, after
each failure, and when our clock has been set. Servers that failed share a few places of their own, so that a
dead one never holds up one that answers.
"""

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_api_client import PrometheusConnect

from lastgood.judge.readings import Reading, Refused, Series, Unreachable, Values
from lastgood.observe import answers, promql, transport
from lastgood.observe.server import Secret, Server
from lastgood.observe.skew import MOST_SKEW, Skew

__all__ = ["Prometheus", "Secret", "Server"]

CHECK_EVERY: Final = 30.0
"""Seconds for which a server that told its time, and answers, is not checked again."""
ROUND: Final = 2.5
"""A call ends after this many of the server's time-outs and the time to connect: a batch, then one by one."""
STEADY_PLACES: Final = 8
DOUBTFUL_PLACES: Final = 8
MOST_SERVERS: Final = 256
MOST_APART: Final = 20_000
MOST_STEPS: Final = 10_000
"""Prometheus refuses a range of more than 11,000 steps."""


@dataclass(eq=False, slots=True)
class _Link:
    """What we hold of one server between calls."""

    server: Server
    client: PrometheusConnect
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(transport.CONNECTIONS))
    steady: bool = False
    skew: Skew | None = None
    """As its clock was when it was checked last; None before that."""
    apart: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class _Round:
    """One call's questions to one server."""

    link: _Link
    at: datetime
    """By the server's clock."""
    readings: dict[str, Reading] = field(default_factory=dict)
    down: Unreachable | None = None
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Prometheus:
    """All Prometheus servers. Readings come out, and no exception; it belongs to one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._links: OrderedDict[Server, _Link] = OrderedDict()
        self._steady = asyncio.Semaphore(STEADY_PLACES)
        self._doubtful = asyncio.Semaphore(DOUBTFUL_PLACES)
        # Half as many again as places: a thread that waits for a name server cannot be cut short.
        self._threads = futures.ThreadPoolExecutor(
            (STEADY_PLACES + DOUBTFUL_PLACES) * 3 // 2, thread_name_prefix="prometheus"
        )
        self._under_way: set[transport.Exchange] = set()

    async def close(self) -> None:
        """Cut short what is under way, and close all connections."""
        for exchange in list(self._under_way):
            exchange.cut()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for link in self._links.values():
            link.client.close()
        self._links.clear()

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[Reading]:
        """Evaluate `queries` at the moment `at` of our clock; one reading for each, in their order."""
        link = self._link(server)
        if isinstance(link, Unreachable):
            return [link] * len(queries)
        asked = {query.canonical: query for query in map(promql.understand, reversed(queries))}
        call = _Round(link, at)
        patience = longest_call(server)
        late = Unreachable(f"{answers.name(server)} did not answer all queries within {patience:g} s")
        try:
            async with asyncio.timeout(patience):
                skew = await self._check(link)
                if isinstance(skew, Unreachable):
                    call.down = skew
                else:
                    call.at = skew.moment(at)
                    await self._ask_all(call, list(asked.values()))
        except TimeoutError:
            link.steady = False
        rest = call.down or late
        return [call.readings.get(promql.canonical(query), rest) for query in queries]

    async def query_range(
        self, server: Server, query: str, start: datetime, end: datetime, step: timedelta
    ) -> Series | Unreachable | Refused:
        """Evaluate `query` from `start` to `end` (whole seconds of our clock) at each `step`, or 10,000 times at most.

        Moments that have not certainly come by the server's own clock have no points.
        """
        link = self._link(server)
        if isinstance(link, Unreachable):
            return link
        skew = await self._check(link)
        if isinstance(skew, Unreachable):
            return skew
        every = max(step.total_seconds(), (end - start).total_seconds() / MOST_STEPS, 0.001)
        async with link.gate:
            first, come = start + skew.shift, datetime.fromtimestamp(skew.come(passed=time.monotonic()), UTC)
            last = min(end + skew.shift, come)
            if last < first:
                return Series((), ahead=skew.shift.total_seconds(), until=(last - skew.shift).timestamp())
            outcome = await self._send(link, answers.Span(query, first, last, every))
        if not isinstance(outcome, answers.Answer):
            return outcome
        try:
            return answers.series(outcome, ahead=skew.shift.total_seconds(), until=last.timestamp())
        except (ValueError, LookupError, TypeError):
            return answers.not_prometheus(server)

    async def skew(self, server: Server) -> float | Unreachable:
        """Return by how many seconds the server's clock is ahead of ours."""
        link = self._link(server)
        if isinstance(link, Unreachable):
            return link
        skew = await self._compare(link)
        return skew if isinstance(skew, Unreachable) else skew.ahead

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        """Whether the server answers and has targets that are up: only then does an empty answer mean anything."""
        moment = at or datetime.fromtimestamp(self._clock(), UTC)
        readings = await self.query(server, ["vector(1)", "count(up) > 0"], at=moment)
        return all(isinstance(reading, Values) and len(reading.values) == 1 for reading in readings)

    def _link(self, server: Server) -> _Link | Unreachable:
        link = self._links.get(server)
        if link is None:
            try:
                link = _Link(server, transport.connect(server))
            except (ssl.SSLError, ValueError):
                return Unreachable(
                    f"{answers.name(server)} cannot be asked: its ca.crt holds no PEM certificates"
                )
            self._links[server] = link
            if len(self._links) > MOST_SERVERS:
                self._links.popitem(last=False)[1].client.close()
        self._links.move_to_end(server)
        return link

    async def _check(self, link: _Link) -> Skew | Unreachable:
        """Return how the server's clock and ours are apart, asking it again if that is old or not true any more."""
        known, passed = link.skew, time.monotonic()
        recent = known is not None and passed - known.passed < CHECK_EVERY
        if known is not None and link.steady and recent and known.holds(ours=self._clock(), passed=passed):
            return known
        skew = await self._compare(link)
        link.steady = False
        if isinstance(skew, Unreachable):
            return skew
        if not skew.bearable:
            return Unreachable(
                f"the clock of {answers.name(link.server)} and ours are {abs(skew.ahead):.0f} s apart; "
                f"more than {MOST_SKEW:g} s cannot be judged, so synchronise them"
            )
        link.skew, link.steady = skew, True
        return skew

    async def _compare(self, link: _Link) -> Skew | Unreachable:
        """Ask the server for its time."""
        began = time.monotonic()
        outcome = await self._send(link, answers.Instant("time()", at=None))
        ours, passed = self._clock(), time.monotonic()
        reading = answers.reading(link.server, outcome)
        if isinstance(reading, Refused):
            return Unreachable(f"{answers.name(link.server)} does not tell its time: {reading.message}")
        if isinstance(reading, Unreachable):
            return reading
        if len(reading.values) != 1:
            return answers.not_prometheus(link.server)
        return Skew(theirs=reading.values[0], ours=ours, passed=passed, took=passed - began)

    async def _ask_all(self, call: _Round, queries: Sequence[promql.Query]) -> None:
        if len(call.link.apart) > MOST_APART:
            call.link.apart.clear()
        joined = [query for query in queries if query.joinable and query.canonical not in call.link.apart]
        alone = [[query] for query in queries if not query.joinable or query.canonical in call.link.apart]
        groups = promql.groups(joined) + alone
        await asyncio.gather(*(self._ask_group(call, group) for group in groups))

    async def _ask_group(self, call: _Round, group: Sequence[promql.Query]) -> None:
        if len(group) == 1:
            await self._ask_one(call, group[0])
            return
        outcome = await self._ask(call, promql.batch([query.text for query in group]))
        if isinstance(outcome, answers.Answer) and not outcome.warnings:
            self._take(call, group, outcome)
        elif isinstance(outcome, Refused):
            half = len(group) // 2
            await asyncio.gather(self._ask_group(call, group[:half]), self._ask_group(call, group[half:]))
        elif isinstance(outcome, answers.Answer) or await self._outlived(call, outcome):
            await asyncio.gather(*(self._ask_one(call, query) for query in group))
        else:
            call.readings.update(dict.fromkeys((query.canonical for query in group), outcome))

    async def _outlived(self, call: _Round, failure: Unreachable) -> bool:
        """Whether the server lives although a batch failed, so that the batch itself was too much for it."""
        if isinstance(failure, answers.Throttled):
            return False
        async with call.checking:
            if call.down is None:
                skew = await self._check(call.link)
                call.down = skew if isinstance(skew, Unreachable) else None
        return call.down is None

    def _take(self, call: _Round, group: Sequence[promql.Query], answer: answers.Answer) -> None:
        try:
            parts: Sequence[Reading] = promql.split(answer.result, len(group))
        except (ValueError, LookupError, TypeError):
            parts = [answers.not_prometheus(call.link.server)] * len(group)
        call.readings.update(zip((query.canonical for query in group), parts, strict=True))

    async def _ask_one(self, call: _Round, query: promql.Query) -> None:
        if query.result_type in ("matrix", "string"):
            call.readings[query.canonical] = answers.no_number(query.result_type)
            return
        outcome = await self._ask(call, query.text)
        reading = answers.reading(call.link.server, outcome)
        call.readings[query.canonical] = reading
        if isinstance(reading, Values) and not reading.warnings:
            call.link.apart.discard(query.canonical)
        elif call.down is None:
            call.link.apart.add(query.canonical)

    async def _ask(self, call: _Round, query: str) -> answers.Outcome:
        async with call.link.gate:
            async with call.checking:  # what another query has just put in doubt is not asked meanwhile
                if call.down is not None:
                    return call.down
            return await self._send(call.link, answers.Instant(query, call.at))

    async def _send(self, link: _Link, question: answers.Instant | answers.Span) -> answers.Outcome:
        async with self._steady if link.steady else self._doubtful:
            exchange = transport.Exchange()
            self._under_way.add(exchange)
            asking = asyncio.get_running_loop().run_in_executor(
                self._threads, answers.ask, link.server, link.client, exchange, question
            )
            try:
                if not (await asyncio.wait([asking], timeout=_longest(link.server)))[0]:
                    exchange.cut()
                    await asyncio.wait([asking], timeout=1.0)
            finally:
                exchange.cut()
                self._under_way.discard(exchange)
            outcome = asking.result() if asking.done() else _unresolved(link.server)
        if isinstance(outcome, Unreachable):
            link.steady = False
        return outcome


def longest_call(server: Server) -> float:
    """Return how many seconds a call of `Prometheus.query` takes at most."""
    return transport.CONNECT_TIMEOUT + ROUND * server.timeout


def _longest(server: Server) -> float:
    return transport.CONNECT_TIMEOUT + server.timeout


def _unresolved(server: Server) -> Unreachable:
    return Unreachable(f"{answers.name(server)} has a host name that no name server answers for")
