import asyncio
import collections
import contextlib

import aiohttp
import pytest

from devcluster.processnode.apiserver import Object
from tests.cluster.processnode import running
from tests.cluster.processnode.running import Pods

pytestmark = pytest.mark.cluster

ANNOTATION = "devcluster.lastgood.dev/address"


async def expose(pods: Pods, selector: Object, **spec: object) -> str:
    """Create a Service named model and return its URL."""
    ports = [{"port": 8080, "targetPort": "http"}]
    body: Object = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "model"}}
    await pods.create({**body, "spec": {"selector": selector, "ports": ports, **spec}})
    path = f"/api/v1/namespaces/{pods.namespace}/services/model"
    async with asyncio.timeout(10):
        address = None
        while address is None:
            service = await pods.api.call("GET", path)
            address = service["metadata"].get("annotations", {}).get(ANNOTATION)
    return f"http://{address}:8080"


async def settles(pods: Pods, url: str, *, requests: int, counts: dict[str, int]) -> None:
    """Wait until so many requests are answered by these pods so often; the proxy may hear of a change after us."""
    found: dict[str, int] = {}
    try:
        async with asyncio.timeout(5):
            while found != counts:
                found = collections.Counter([(await ask(pods, url))[1].split()[0] for _ in range(requests)])
    except TimeoutError:
        pytest.fail(f"requests went to {found}, not to {counts}")


async def ask(pods: Pods, url: str) -> tuple[int, str]:
    async with pods.http.get(url) as response:
        return response.status, (await response.text()).strip()


def deployment(pods: Pods, **fields: object) -> Object:
    # As in any cluster, a server has to go on until the proxies have heard that its pod ends.
    container = {"name": "main", **running.server(lifecycle={"preStop": {"sleep": {"seconds": 1}}})}
    template = {
        "metadata": {"labels": {"app": "model"}},
        "spec": {"nodeName": pods.node, "containers": [container]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "model"}}, "template": template, **fields}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "model"}, "spec": spec}


def ready_with(pods: Pods, image: str) -> list[Object]:
    return [
        pod
        for pod in pods.now.values()
        if pod["spec"]["containers"][0]["image"] == image and running.condition(pod, "Ready") == "True"
    ]


async def test_a_service_without_a_ready_pod_answers_503(pods: Pods) -> None:
    url = await expose(pods, {"app": "model"})
    status, text = await ask(pods, url)
    assert (status, text) == (503, f"no ready pod behind Service {pods.namespace}/model")


async def test_what_is_not_http_is_closed_when_no_pod_is_ready(pods: Pods) -> None:
    url = await expose(pods, {"app": "model"})
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 not http")
    assert await asyncio.wait_for(reader.read(), timeout=5) == b""
    writer.close()
    await writer.wait_closed()


async def test_a_service_takes_turns_among_ready_pods_only(pods: Pods) -> None:
    url = await expose(pods, {"app": "model"})
    await pods.create(deployment(pods, replicas=3))
    await pods.until(lambda pods: len(ready_with(pods, "server:1")) == 3)
    first, *others = sorted(pods.now)
    await settles(pods, url, requests=9, counts=dict.fromkeys([first, *others], 3))

    await pods.tell(first, "/ready?0")
    await pods.until(running.is_not_ready(first))
    await settles(pods, url, requests=8, counts=dict.fromkeys(others, 4))


async def test_a_changed_selector_leads_new_connections_to_other_pods(pods: Pods) -> None:
    url = await expose(pods, {"app": "one"})
    await pods.run("one", running.server())
    await pods.run("two", running.server(image="server:2"))
    await pods.until(lambda pods: running.is_ready("one")(pods) and running.is_ready("two")(pods))
    await settles(pods, url, requests=1, counts={"one": 1})
    path = f"/api/v1/namespaces/{pods.namespace}/services/model"
    await pods.api.call(
        "PATCH",
        path,
        body={"spec": {"selector": {"app": "two"}}},
        content_type="application/merge-patch+json",
    )
    await settles(pods, url, requests=1, counts={"two": 1})


async def test_a_connection_to_a_pod_that_goes_away_is_closed(pods: Pods) -> None:
    url = await expose(pods, {"app": "model"})
    await pods.run("model", running.server())
    await pods.until(running.is_ready("model"))
    await settles(pods, url, requests=1, counts={"model": 1})
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: model\r\n\r\n")
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    await pods.delete("model")
    with contextlib.suppress(ConnectionResetError):
        await asyncio.wait_for(reader.read(), timeout=10)  # to the end of the connection
    writer.close()
    with contextlib.suppress(ConnectionResetError):
        await writer.wait_closed()


async def test_a_headless_service_gets_an_address_too(pods: Pods) -> None:
    url = await expose(pods, {"app": "model"}, clusterIP="None")
    await pods.run("model", running.server())
    await pods.until(running.is_ready("model"))
    await settles(pods, url, requests=1, counts={"model": 1})


async def test_a_rolling_update_replaces_the_processes_and_loses_no_request(pods: Pods) -> None:
    url = await expose(pods, {"app": "model"})
    await pods.create(deployment(pods, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}))
    await pods.until(lambda pods: len(ready_with(pods, "server:1")) == 2)
    answers: list[tuple[int, str]] = []

    async def keep_asking() -> None:
        while True:
            answers.append(await ask(pods, url))
            await asyncio.sleep(0.01)

    asking = asyncio.create_task(keep_asking())
    change = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "server:2"}]}}}}
    path = f"/apis/apps/v1/namespaces/{pods.namespace}/deployments/model"
    await pods.api.call("PATCH", path, body=change, content_type="application/strategic-merge-patch+json")
    await pods.until(lambda pods: len(ready_with(pods, "server:2")) == 2 and len(pods.now) == 2)
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
        await asking
    assert {status for status, _ in answers} == {200}
    assert answers[0][1].endswith(" one")
    assert answers[-1][1].endswith(" two")
