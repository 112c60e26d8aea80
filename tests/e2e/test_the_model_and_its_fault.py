"""The demo's model servers are what the story says: one that works, one that begins to fail on live traffic."""

import asyncio
import contextlib
import pathlib
import re
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from demo import names, traffic
from tests.e2e.conftest import StartServer, is_ready

pytestmark = pytest.mark.e2e


@contextlib.asynccontextmanager
async def sending(address: str, models: pathlib.Path) -> AsyncIterator[traffic.Traffic]:
    """Send the demo's own traffic, at its rate, into one server."""
    client = traffic.Traffic(address=address, model=names.MODEL, rows=traffic.rows_kept_aside(models))
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def until(client: traffic.Traffic, reached: Callable[[traffic.Second], bool]) -> traffic.Second:
    """Wait until the client's counts have reached something; returns them."""
    async with asyncio.timeout(60):
        while not reached(client.total()):  # noqa: ASYNC110 - the client counts, it does not signal
            await asyncio.sleep(0.05)
    return client.total()


async def status_codes(host: str) -> dict[str, float]:
    """Return MLServer's own count of inference requests, by status code."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:8082/metrics") as answer:
        text = await answer.text()
    pattern = r'^rest_server_requests_total\{.*path="/v2/models.*status_code="(\d+)"\} (\S+)'
    return {code: float(count) for code, count in re.findall(pattern, text, re.MULTILINE)}


async def test_the_good_version_answers_every_kind_of_row(
    start_server: StartServer, models: pathlib.Path
) -> None:
    address = await start_server(names.GOOD)
    async with sending(address, models) as client:
        counts = await until(client, lambda counts: counts.ok + counts.failed >= 700)
    assert counts.failed == 0


async def test_the_faulty_version_starts_healthy_then_fails_on_part_of_the_traffic_while_it_says_ready(
    start_server: StartServer, models: pathlib.Path
) -> None:
    address = await start_server(names.FAULTY)
    async with sending(address, models) as client:
        first_failure = await until(client, lambda counts: counts.failed > 0)
        assert first_failure.ok >= 256, (
            "a row fills one cell at most, so 256 rows are answered whatever they are"
        )
        later = await until(client, lambda counts: counts.ok + counts.failed >= first_failure.ok + 400)
        assert await is_ready(address)
    failed = later.failed - first_failure.failed
    answered = failed + later.ok - first_failure.ok
    assert 0.2 < failed / answered < 0.5
    counted = await status_codes(address.partition(":")[0])
    assert counted["500"] >= later.failed, "the server's own metric shows what the client saw"
