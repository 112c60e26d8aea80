from collections.abc import Iterator

import pytest

from devcluster import Cluster
from tests.cluster.operator.running import World
from tests.unit.observe import answering


@pytest.fixture
def world(cluster: Cluster, namespace: str) -> Iterator[World]:
    """A namespace of the shared cluster with a Lease that is free, and a Prometheus that the test scripts."""
    script = answering.Script()
    with answering.serve(script) as url:
        world = World(cluster, namespace, url, script)
        yield world
        world.close()
