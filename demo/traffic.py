"""The steady client: real inference requests at a fixed rate, counted by the second.

It stands for the model's users, so it knows nothing of versions, pods or the operator: it sends a row of
measurements to the Service's address and notes whether an answer came. Rows are those that training has not
seen, each number moved by a little measurement noise; the noise is seeded, so two runs send the same rows in
the same order. The load is bounded twice: by its rate, and by the number of requests in flight (a tick that
finds no room is counted as unanswered rather than queued).
"""

import asyncio
import collections
import contextlib
import dataclasses
import json
import pathlib
import random
import time
from collections.abc import Iterable, Sequence

import aiohttp

RATE = 40
"""Requests per second."""
IN_FLIGHT = 40
NOISE = 0.06
"""Standard deviation of the noise, as a share of each measurement."""
TIMEOUT = aiohttp.ClientTimeout(total=3.0)
KEPT_SECONDS = 1800


@dataclasses.dataclass
class Second:
    """What happened to the requests of one second of the client's clock."""

    ok: int = 0
    failed: int = 0
    """Answered with status 500 or above by a server."""
    unanswered: int = 0
    """No pod behind the address: refused, closed early, status 503, or too slow."""

    @property
    def total(self) -> int:
        """Requests ended in this second."""
        return self.ok + self.failed + self.unanswered


class Traffic:
    """Sends rows to one address until it is stopped."""

    def __init__(
        self, *, address: str, model: str, rows: Sequence[Sequence[float]], rate: int = RATE, seed: int = 20
    ) -> None:
        self._url = f"http://{address}/v2/models/{model}/infer"
        self._rows = rows
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311 - reproducible noise, not secrets
        self._seconds: collections.OrderedDict[int, Second] = collections.OrderedDict()
        self._sending: asyncio.Task[None] | None = None
        self.last_failure = ""

    async def start(self) -> None:
        """Begin to send, in the background."""
        self._sending = asyncio.create_task(self._send_for_ever(), name="traffic")

    async def stop(self) -> None:
        """Stop sending and wait until nothing is in flight."""
        if self._sending is not None:
            self._sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sending
            self._sending = None

    def over(self, seconds: float) -> Second:
        """Return the sum of the last whole `seconds` seconds; the running one is left out."""
        now = int(time.monotonic())
        return _sum(counts for second, counts in self._seconds.items() if now - seconds <= second < now)

    def total(self) -> Second:
        """Return the sum since the beginning (at most `KEPT_SECONDS`), the running second included."""
        return _sum(self._seconds.values())

    def error_ratio(self, *, seconds: float = 10) -> float | None:
        """Return failed / answered over the last `seconds`, or None when nothing was answered."""
        counts = self.over(seconds)
        answered = counts.ok + counts.failed
        return counts.failed / answered if answered else None

    def next_row(self) -> list[float]:
        """Return a row of the seeded sequence: one that training has not seen, with a little noise."""
        return [value * self._random.gauss(1.0, NOISE) for value in self._random.choice(self._rows)]

    async def _send_for_ever(self) -> None:
        # A connection per request, as a fleet of separate callers would make them: the load spreads over all
        # ready pods.
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT, force_close=True)
        in_flight: set[asyncio.Task[None]] = set()
        async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session:
            try:
                due = time.monotonic()
                while True:
                    due += 1 / self._rate
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    if len(in_flight) >= IN_FLIGHT:
                        self._count("unanswered")
                        continue
                    task = asyncio.create_task(self._send_one(session))
                    in_flight.add(task)
                    task.add_done_callback(in_flight.discard)
            finally:
                for task in in_flight:
                    task.cancel()
                await asyncio.gather(*in_flight, return_exceptions=True)

    async def _send_one(self, session: aiohttp.ClientSession) -> None:
        row = self.next_row()
        tensor = {"name": "rows", "shape": [1, len(row)], "datatype": "FP64", "data": row}
        try:
            async with session.post(self._url, json={"inputs": [tensor]}) as answer:
                body = await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            self._count("unanswered")
            return
        if answer.status < 400:
            self._count("ok")
        elif answer.status == 503:
            self._count("unanswered")
        else:
            self._count("failed")
            self.last_failure = f"{answer.status} {body[:200]}"

    def _count(self, outcome: str) -> None:
        second = self._seconds.setdefault(int(time.monotonic()), Second())
        setattr(second, outcome, getattr(second, outcome) + 1)
        while len(self._seconds) > KEPT_SECONDS:
            self._seconds.popitem(last=False)


def _sum(seconds: Iterable[Second]) -> Second:
    sum_ = Second()
    for counts in seconds:
        sum_.ok += counts.ok
        sum_.failed += counts.failed
        sum_.unanswered += counts.unanswered
    return sum_


def rows_kept_aside(artifacts: pathlib.Path) -> list[list[float]]:
    """Read the rows that training has not seen, as `train.py` wrote them."""
    rows: list[list[float]] = json.loads((artifacts / "rows.json").read_text())
    return rows
