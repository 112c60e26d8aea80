"""The demo's client counts what its users would see, at the rate that it was given, whatever the server does."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import test_utils, web

from demo import traffic

ROWS = [[1.0, 2.0], [3.0, 4.0]]
Serve = Callable[[int], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that answers every inference with one status; returns its address."""
    servers: list[test_utils.TestServer] = []

    async def start(status: int) -> str:
        async def infer(request: web.Request) -> web.Response:
            tensor = (await request.json())["inputs"][0]
            assert tensor["shape"] == [1, len(tensor["data"])]
            return web.Response(status=status, text="an answer")

        application = web.Application()
        application.router.add_post("/v2/models/screening/infer", infer)
        server = test_utils.TestServer(application, host="127.0.0.1")
        await server.start_server()
        servers.append(server)
        return f"{server.host}:{server.port}"

    yield start
    for server in servers:
        await server.close()


async def counted(address: str, *, requests: int = 20, rate: int = 200) -> traffic.Second:
    """Send until so many requests have ended."""
    client = traffic.Traffic(address=address, model="screening", rows=ROWS, rate=rate)
    await client.start()
    try:
        async with asyncio.timeout(20):
            while client.total().total < requests:  # noqa: ASYNC110 - the client counts, it does not signal
                await asyncio.sleep(0.01)
        return client.total()
    finally:
        await client.stop()


async def test_answers_are_counted_as_ok(serve: Serve) -> None:
    counts = await counted(await serve(200))
    assert counts.ok == counts.total


async def test_a_model_error_is_counted_as_failed(serve: Serve) -> None:
    counts = await counted(await serve(500))
    assert counts.failed == counts.total


async def test_status_503_means_that_nobody_is_there_and_not_that_the_model_failed(serve: Serve) -> None:
    counts = await counted(await serve(503))
    assert counts.unanswered == counts.total


async def test_a_refused_connection_is_counted_as_unanswered() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        counts = await counted(f"127.0.0.1:{reserved.getsockname()[1]}")
    assert counts.unanswered == counts.total


async def test_the_rate_is_an_upper_bound(serve: Serve) -> None:
    began = time.monotonic()
    counts = await counted(await serve(200), requests=30, rate=60)
    assert counts.total <= 60 * (time.monotonic() - began) + 1


async def test_without_answers_there_is_no_error_ratio() -> None:
    client = traffic.Traffic(address="127.0.0.1:1", model="screening", rows=ROWS)
    assert client.error_ratio() is None


async def test_two_clients_of_one_seed_send_the_same_rows() -> None:
    first, second = (traffic.Traffic(address="127.0.0.1:1", model="screening", rows=ROWS) for _ in range(2))
    assert [first.next_row() for _ in range(5)] == [second.next_row() for _ in range(5)]
