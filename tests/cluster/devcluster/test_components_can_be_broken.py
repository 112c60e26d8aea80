"""Fault tests stop, kill and freeze components; what they keep and what is reported must be certain."""

import os
import signal
from collections.abc import Iterator

import pytest
import requests

from devcluster import Cluster, ClusterOptions
from devcluster.errors import ComponentError
from tests.cluster.devcluster.asking import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def fragile() -> Iterator[Cluster]:
    with Cluster.start(ClusterOptions(prometheus=True)) as cluster:
        yield cluster


def state(cluster: Cluster, name: str) -> str:
    (found,) = [entry for entry in cluster.status()["components"] if entry["name"] == name]
    return str(found["state"])


def test_an_api_server_that_was_killed_comes_back_where_it_was_with_its_objects(fragile: Cluster) -> None:
    fragile.kubectl("create", "configmap", "kept")
    fragile.stop_component("kube-apiserver", kill=True)
    assert state(fragile, "kube-apiserver") == "stopped"
    assert fragile.kubectl("get", "configmap", "kept", check=False).returncode != 0
    fragile.start_component("kube-apiserver")
    fragile.kubectl("get", "configmap", "kept")


def test_prometheus_keeps_its_address_and_its_samples(fragile: Cluster) -> None:
    url = fragile.prometheus_url
    fragile.stop_component("prometheus")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/-/ready", timeout=2)
    fragile.start_component("prometheus")
    assert requests.get(f"{url}/-/ready", timeout=2).ok
    assert fragile.prometheus_url == url


def test_a_frozen_prometheus_accepts_connections_and_does_not_answer(fragile: Cluster) -> None:
    fragile.pause_component("prometheus")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{fragile.prometheus_url}/-/ready", timeout=0.5)
    fragile.resume_component("prometheus")
    assert requests.get(f"{fragile.prometheus_url}/-/ready", timeout=5).ok


def test_a_component_that_dies_by_itself_is_reported_and_can_be_started(fragile: Cluster) -> None:
    (entry,) = [entry for entry in fragile.status()["components"] if entry["name"] == "kube-scheduler"]
    os.kill(entry["pid"], signal.SIGKILL)
    eventually(
        lambda: state(fragile, "kube-scheduler") == "ended", what="a scheduler that is reported as ended"
    )
    fragile.start_component("kube-scheduler")
    assert state(fragile, "kube-scheduler") == "running"


def test_a_component_that_does_not_exist_is_refused_with_those_that_do(fragile: Cluster) -> None:
    with pytest.raises(ComponentError, match="no component 'kubelet'; it has etcd, kube-apiserver"):
        fragile.stop_component("kubelet")
