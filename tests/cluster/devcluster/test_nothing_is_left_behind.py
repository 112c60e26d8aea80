"""However a cluster ends, no process and, where somebody is left to do it, no file of it remains."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster import Cluster, ClusterOptions
from devcluster.errors import NotRunningError, StartError
from tests.cluster.devcluster.asking import eventually, processes_that_mention

pytestmark = pytest.mark.cluster


def nobody_is_left(folder: Path) -> bool:
    return not processes_that_mention(str(folder))


def test_a_stopped_cluster_leaves_neither_process_nor_file(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with Cluster.start(ClusterOptions(state_dir=folder)) as cluster:
        assert processes_that_mention(str(folder))
    assert not folder.exists()
    assert nobody_is_left(folder)
    with pytest.raises(NotRunningError, match="devcluster up"):
        cluster.status()


@pytest.mark.parametrize("victim", ["supervisor", "keeper"])
def test_a_killed_parent_takes_all_processes_along(tmp_path: Path, victim: str) -> None:
    folder = tmp_path / "cluster"
    with Cluster.start(ClusterOptions(state_dir=folder)) as cluster:
        os.kill(cluster.status()[victim], signal.SIGKILL)
        eventually(lambda: nobody_is_left(folder), what="no process")
    assert not folder.exists()


def test_keeper_and_supervisor_killed_at_once_take_all_processes_along(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    with Cluster.start(ClusterOptions(state_dir=folder)) as cluster:
        status = cluster.status()
        os.kill(status["keeper"], signal.SIGSTOP)
        os.kill(status["supervisor"], signal.SIGKILL)
        os.kill(status["keeper"], signal.SIGKILL)
        eventually(lambda: nobody_is_left(folder), what="no process")


def test_a_cluster_ends_with_a_test_run_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    program = (
        "import sys, time, pathlib; from devcluster import Cluster, ClusterOptions\n"
        f"Cluster.start(ClusterOptions(state_dir=pathlib.Path({str(folder)!r})))\n"
        "print('up', flush=True); sys.stdin.read()"
    )
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        run.kill()
    eventually(lambda: nobody_is_left(folder), what="no process")
    eventually(lambda: not folder.exists(), what="no folder")


def test_two_clusters_live_side_by_side(cluster: Cluster, tmp_path: Path) -> None:
    with Cluster.start(ClusterOptions(state_dir=tmp_path / "other")) as other:
        other.kubectl("create", "namespace", "only-here")
        assert cluster.kubectl("get", "namespace", "only-here", check=False).returncode == 1
        ports = [{entry["port"] for entry in each.status()["components"]} for each in (cluster, other)]
        assert not (ports[0] & ports[1]) - {None}


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine", encoding="utf-8")
    with pytest.raises(StartError, match="is not empty and no cluster's folder"):
        Cluster.start(ClusterOptions(state_dir=tmp_path))
    assert precious.read_text(encoding="utf-8") == "mine"


def test_a_component_that_cannot_start_is_named_with_its_reason_and_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    options = ClusterOptions(state_dir=folder, apiserver_args=("--no-such-flag",))
    with pytest.raises(
        StartError, match=r"kube-apiserver ended .* unknown flag: --no-such-flag .*kube-apiserver\.log"
    ):
        Cluster.start(options)
    assert nobody_is_left(folder)
    assert (folder / "logs" / "kube-apiserver.log").exists()


def test_a_feature_gate_reaches_the_api_server(tmp_path: Path) -> None:
    document = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "fraud"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"},
            "minReplicas": 0,
            "maxReplicas": 3,
            "metrics": [
                {
                    "type": "External",
                    "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "1"}},
                }
            ],
        },
    }
    gates = {"HPAScaleToZero": True}
    with Cluster.start(ClusterOptions(state_dir=tmp_path / "cluster", feature_gates=gates)) as cluster:
        cluster.kubectl("create", "-f", "-", input=json.dumps(document))
