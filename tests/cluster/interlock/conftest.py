import pytest

from devcluster import Cluster
from tests.cluster.interlock.asking import Namespace


@pytest.fixture
def here(cluster: Cluster, guarded: str) -> Namespace:
    """A new namespace under the interlock."""
    return Namespace(cluster, guarded)
