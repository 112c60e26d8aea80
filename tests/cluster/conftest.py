"""The interlock on the shared cluster: installed once from the rendered chart, in force where a test asks for it."""

import pytest

from devcluster import Cluster
from tests.cluster import guarding


@pytest.fixture(scope="session")
def interlock(cluster: Cluster) -> guarding.Interlock:
    """The chart's policies, roles and accounts; they are in force in namespaces that `guard` has labelled."""
    installed = guarding.Interlock(cluster)
    installed.install()
    return installed


@pytest.fixture
def guarded(interlock: guarding.Interlock, namespace: str) -> str:
    """The test's own namespace, under the interlock."""
    interlock.guard(namespace)
    return namespace
