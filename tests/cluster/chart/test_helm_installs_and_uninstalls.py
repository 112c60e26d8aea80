"""Helm itself installs and uninstalls the chart, on a cluster of its own whose node really runs the operator's image.

All the time somebody changes a Deployment that no switch is about: an uninstall never keeps them from it, and an
installation only while the API server reads the switches for the first time, some tenths of a second.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import helm_python
import pytest
import yaml

from devcluster import Cluster, ClusterOptions
from devcluster.options import service_account
from tests.chart import rendering
from tests.cluster.chart.writing import Writer
from tests.cluster.interlock import asking

pytestmark = pytest.mark.cluster

OPERATOR = service_account(namespace=rendering.NAMESPACE, name="lastgood")
REMOVAL = service_account(namespace=rendering.NAMESPACE, name="lastgood-removal")
IMAGE = "lastgood:test"
VALUES = {"image": {"repository": "lastgood", "tag": "test"}, "logFormat": "text"}


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without CRDs, and with a node that runs the image `lastgood:test` as a process."""
    table = tmp_path / "images.yaml"
    options = ClusterOptions(
        process_nodes=1, services=False, images=table, users=(OPERATOR, REMOVAL), kwok_nodes=0
    )
    table.write_text("{}")
    with Cluster.start(options) as cluster:
        environment = {
            "OPERATOR": str(cluster.kubeconfig_for(OPERATOR.name)),
            "REMOVAL": str(cluster.kubeconfig_for(REMOVAL.name)),
            "PYTHONPATH": str(rendering.ROOT / "operator"),
        }
        command = [sys.executable, str(Path(__file__).with_name("image.py"))]
        table.write_text(yaml.safe_dump({IMAGE: {"command": command, "env": environment}}))
        yield cluster


def test_an_uninstall_takes_the_interlock_first_and_deployments_can_be_written_all_the_time(
    own_cluster: Cluster,
) -> None:
    """K2, B2."""
    cluster = own_cluster
    cluster.kubectl("create", "namespace", "ml")
    ml = asking.Namespace(cluster, "ml")
    ml.create(asking.deployment("other"), asking.deployment("fraud"))
    with (
        Writer(cluster, namespace="ml", deployment="other") as writer,
        helm_python.Config(kubeconfig_path=cluster.kubeconfig, namespace=rendering.NAMESPACE) as helm,
    ):
        helm.install(
            rendering.CHART,
            rendering.RELEASE,
            VALUES,
            namespace=rendering.NAMESPACE,
            create_namespace=True,
            wait="watcher",
            timeout=90,
        )
        assert _operators(cluster) == ["True", "True"]
        _until(lambda: bool(_holder(cluster)))
        ml.create(asking.switch("inc", workloads=["fraud"]))
        ml.soon_refused("scale", "deployment", "fraud", "--replicas=1")
        ml.allowed("wait", "kswitch/inc", "--for=jsonpath={.spec.restore[0].workload}=fraud", "--timeout=20s")

        assert all("not yet synced to use for admission" in refusal for refusal in writer.refusals)
        assert len(writer.refusals) <= 20, "a second at most"
        writer.refusals.clear()

        helm.uninstall(rendering.RELEASE, timeout=60)
        left = cluster.kubectl(
            "get", "validatingadmissionpolicybinding,deployment,lease,job", "-A", "-o", "name"
        )
        assert "lastgood" not in left.stdout
        assert ml.spec("kswitch", "inc")["engaged"], "a kill outlives the operator"
        _until(lambda: ml.asked("scale", "deployment", "fraud", "--replicas=1").returncode == 0)

        cluster.kubectl("delete", "-f", rendering.CHART / "crds")
        cluster.stop_component("kube-apiserver", kill=True)
        cluster.start_component("kube-apiserver")
        writer.write_on(changes=40)
        assert writer.refusals == []


def _operators(cluster: Cluster) -> list[str]:
    ready = "{.items[*].status.conditions[?(@.type=='Ready')].status}"
    told = cluster.kubectl("get", "pods", "-n", rendering.NAMESPACE, "-o", f"jsonpath={ready}")
    return str(told.stdout).split()


def _holder(cluster: Cluster) -> str:
    told = cluster.kubectl("get", "lease", "lastgood-operator", "-n", rendering.NAMESPACE, "-o", "json")
    return str((json.loads(told.stdout).get("spec") or {}).get("holderIdentity") or "")


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
