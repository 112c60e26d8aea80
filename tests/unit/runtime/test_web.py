"""The operator's web server, asked over a real connection."""

import aiohttp
import pytest

from lastgood.report.metrics import Metrics
from lastgood.runtime.web import AddressError, Health, serving


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def ask(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_metrics_are_served_on_any_free_port() -> None:
    metrics = Metrics()
    metrics.leads(True)
    async with serving("127.0.0.1:0", metrics=metrics, health=Health()) as (host, port):
        status, text = await ask(port, "/metrics")
    assert (status, host) == (200, "127.0.0.1")
    assert "lastgood_leader 1.0" in text


async def test_it_is_alive_while_the_loop_turns_and_not_when_it_is_stuck() -> None:
    clock = Clock()
    health = Health(clock=clock)
    async with serving("127.0.0.1:0", metrics=Metrics(), health=health) as (_, port):
        clock.now += 29
        assert (await ask(port, "/healthz"))[0] == 200
        clock.now += 2
        assert await ask(port, "/healthz") == (503, "the event loop has not turned for 31 s\n")
        health.beat()
        assert (await ask(port, "/healthz"))[0] == 200


async def test_it_is_ready_once_the_cluster_is_watched() -> None:
    health = Health()
    async with serving("127.0.0.1:0", metrics=Metrics(), health=health) as (_, port):
        assert (await ask(port, "/readyz"))[0] == 503
        health.ready = True
        assert await ask(port, "/readyz") == (200, "ok\n")


async def test_an_address_in_use_is_said_in_a_sentence() -> None:
    async with serving("127.0.0.1:0", metrics=Metrics(), health=Health()) as (_, port):
        with pytest.raises(AddressError, match=r"choose another --metrics-address"):
            async with serving(f"127.0.0.1:{port}", metrics=Metrics(), health=Health()):
                raise AssertionError("two servers share an address")
