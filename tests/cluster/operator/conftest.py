from collections.abc import Iterator

import pytest

from devcluster import Cluster
from tests.cluster import guarding
from tests.cluster.operator.running import World
from tests.unit.observe import answering


@pytest.fixture
def world(cluster: Cluster, namespace: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """A namespace of the shared cluster with a Lease that is free, and a Prometheus that the test scripts.

    It is under the interlock, with the operator under its own account and the chart's rights, unless the test is marked
    `without_interlock`: there nobody is refused, so that it is the operator who has to undo it.
    """
    interlock: guarding.Interlock | None = None
    if request.node.get_closest_marker("without_interlock") is None:
        interlock = request.getfixturevalue("interlock")
        interlock.guard(namespace)
    script = answering.Script()
    with answering.serve(script) as url:
        world = World(cluster, namespace, url, script, interlock)
        yield world
        world.close()
