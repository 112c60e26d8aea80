from collections.abc import Iterator

import pytest

from devcluster import Cluster
from tests.cluster.api.objects import ROOT
from tests.cluster.api.server import Server

NAMESPACE = "api-tests"


@pytest.fixture(scope="session")
def crds(cluster: Cluster) -> Cluster:
    """The cluster, with our kinds established."""
    cluster.kubectl("apply", "--server-side", "-f", ROOT / "crds")
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", ROOT / "crds")
    return cluster


@pytest.fixture(scope="session")
def server(crds: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The cluster's API server, for raw requests."""
    server = Server(kubeconfig=crds.kubeconfig, folder=tmp_path_factory.mktemp("authority"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def namespace(crds: Cluster) -> Iterator[str]:
    """A namespace of these tests."""
    crds.kubectl("create", "namespace", NAMESPACE)
    yield NAMESPACE
    crds.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
