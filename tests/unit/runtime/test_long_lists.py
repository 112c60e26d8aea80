"""Lists that are too long for one request are read in pages, and once more when the API server has dropped the rest."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from kubernetes.aio import client as kubernetes_client

from lastgood.kube import client, resources


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[client.ApiServer]:
    """Serve lists of pods on a free port."""
    app = web.Application()
    app.router.add_get("/api/v1/pods", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server = client.ApiServer(kubernetes_client.Configuration(host=f"http://127.0.0.1:{port}"))
    try:
        yield server
    finally:
        await server.aclose()
        await runner.cleanup()


def a_page(name: str, *, more: str = "") -> web.Response:
    return web.json_response({"metadata": {"continue": more}, "items": [{"metadata": {"name": name}}]})


async def test_a_long_list_is_read_in_pages() -> None:
    async def pods(request: web.Request) -> web.Response:
        assert request.query["limit"] == str(client.PAGE)
        assert request.query["labelSelector"] == "app=fraud"
        return a_page("second") if request.query.get("continue") == "here" else a_page("first", more="here")

    async with serving(pods) as server:
        found = await server.list(resources.PODS, None, labels={"app": "fraud"})
    assert [raw["metadata"]["name"] for raw in found] == ["first", "second"]
    assert {raw["kind"] for raw in found} == {"Pod"}


async def test_a_list_whose_rest_the_api_server_has_dropped_is_read_at_once() -> None:
    async def pods(request: web.Request) -> web.Response:
        if "continue" in request.query:
            return web.json_response(
                {"kind": "Status", "reason": "Expired", "message": "too old"}, status=410
            )
        return a_page("first", more="here") if "limit" in request.query else a_page("all")

    async with serving(pods) as server:
        found = await server.list(resources.PODS, None)
    assert [raw["metadata"]["name"] for raw in found] == ["all"]
