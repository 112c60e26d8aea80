"""What all tests share: an event loop that nobody leaves behind, one cluster, and a namespace for each test.

Tests share the API server, so they must keep to their namespace; what is not namespaced they name after it.
"""

import asyncio
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from devcluster import Cluster, ClusterOptions

hypothesis.settings.register_profile("lastgood", deadline=None)  # no test asserts wall time
hypothesis.settings.load_profile("lastgood")

CRDS = Path(__file__).resolve().parent.parent / "crds"


@pytest.fixture(scope="session", autouse=True)
def loop_of_the_main_thread() -> Iterator[None]:
    """Own the loop that asyncio, before Python 3.12, makes for whoever asks and that nobody closes.

    pytest-asyncio asks for it around each asynchronous test; left to the garbage collector it fails a test that comes
    much later and has nothing to do with it.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with one kwok node and the project's CRDs; it ends with the test run, however that ends."""
    with Cluster.start(ClusterOptions(kwok_nodes=1, feature_gates={"HPAScaleToZero": True})) as cluster:
        if any(CRDS.glob("*.yaml")):
            cluster.kubectl("apply", "--server-side", "-f", CRDS)
            cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS)
        yield cluster


@pytest.fixture(scope="session")
def prometheus_url(cluster: Cluster) -> str:
    """The shared cluster's Prometheus, started by the first test that asks for it."""
    if cluster.prometheus_url is None:
        cluster.start_component("prometheus")
    url = cluster.prometheus_url
    assert url is not None
    return url


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new namespace, named after the test; it is deleted afterwards, and nobody waits for that."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:40].strip("-")
    name = f"{words}-{secrets.token_hex(3)}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
