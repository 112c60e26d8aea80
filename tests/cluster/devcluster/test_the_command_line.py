"""The command line as scripts use it: what it prints where, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.devcluster.asking import eventually, processes_that_mention

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[3]


def devcluster(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devcluster", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a cluster that ``up`` started and left alone."""
    folder = tmp_path_factory.mktemp("cluster") / "state"
    started = devcluster("up", f"--state-dir={folder}", "--no-prometheus")
    assert started.returncode == 0, started.stderr
    yield folder
    devcluster("down", f"--state-dir={folder}")


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(devcluster("status", f"--state-dir={folder}", "-o", "json").stdout)
    return found


def test_a_cluster_outlives_the_command_that_started_it(folder: Path) -> None:
    assert devcluster("status", f"--state-dir={folder}").returncode == 0
    assert status(folder)["owner"] is None


def test_its_exports_lead_clients_to_it(folder: Path) -> None:
    exported = subprocess.run(
        [
            "sh",
            "-c",
            'eval "$("$0" -m devcluster env "--state-dir=$1")"; echo "$KUBECONFIG"',
            sys.executable,
            str(folder),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert exported.stdout == f"{folder}/kubeconfig\n"


def test_kubectl_passes_arguments_and_exit_codes_through(folder: Path) -> None:
    nodes = devcluster("kubectl", f"--state-dir={folder}", "get", "nodes", "-o", "name")
    assert (nodes.returncode, nodes.stdout) == (0, "node/kwok-0\n")
    assert devcluster("kubectl", f"--state-dir={folder}", "get", "nothing").returncode == 1


def test_logs_of_a_component_are_printed_and_an_unknown_one_is_answered_with_those_there_are(
    folder: Path,
) -> None:
    assert "kwok" in devcluster("logs", f"--state-dir={folder}", "kwok").stdout
    unknown = devcluster("logs", f"--state-dir={folder}", "kubelet")
    assert unknown.returncode == 1
    assert "there are those of etcd, kube-apiserver" in unknown.stderr


def test_the_same_again_is_no_error_and_other_options_are(folder: Path) -> None:
    assert devcluster("up", f"--state-dir={folder}", "--no-prometheus").returncode == 0
    other = devcluster("up", f"--state-dir={folder}", "--kwok-nodes=2")
    assert other.returncode == 1
    assert "devcluster down" in other.stderr


def test_a_component_that_died_gives_exit_code_4(folder: Path) -> None:
    (scheduler,) = [entry for entry in status(folder)["components"] if entry["name"] == "kube-scheduler"]
    os.kill(scheduler["pid"], signal.SIGKILL)
    eventually(
        lambda: devcluster("status", f"--state-dir={folder}").returncode == 4,
        what="exit code 4",
        interval=0.2,
    )


def test_no_cluster_gives_exit_code_3_and_one_sentence(tmp_path: Path) -> None:
    missing = devcluster("status", f"--state-dir={tmp_path}")
    assert missing.returncode == 3
    assert missing.stderr.count("\n") == 1
    assert devcluster("down", f"--state-dir={tmp_path}").returncode == 0


def listens_to_ctrl_c() -> None:
    """Undo what a test run in the background passes on: there SIGINT is ignored, as in no terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_cluster_in_the_foreground_ends_with_its_command(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "state"
    command = [
        sys.executable,
        "-m",
        "devcluster",
        "up",
        "--foreground",
        "--no-prometheus",
        f"--state-dir={folder}",
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listens_to_ctrl_c,  # noqa: PLW1509  (no thread runs here)
    ) as up:
        assert up.stderr is not None
        assert any(line.startswith("KUBECONFIG=") for line in up.stderr)
        up.send_signal(number)
    eventually(lambda: not processes_that_mention(str(folder)), what="no process")
    eventually(lambda: not folder.exists(), what="no folder")


def test_a_start_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    command = [sys.executable, "-m", "devcluster", "up", f"--state-dir={folder}"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as up:
        assert up.stderr is not None
        assert any("etcd ready" in line for line in up.stderr)
        up.kill()
    eventually(lambda: not processes_that_mention(str(folder)), what="no process")
    eventually(lambda: not folder.exists(), what="no folder")
