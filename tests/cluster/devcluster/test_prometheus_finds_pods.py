"""Prometheus finds pods by service discovery and names their model and version, as it would in production."""

import json
from typing import Any

import prometheus_client
import pytest
import requests

from devcluster import Cluster, DevclusterError
from tests.cluster.devcluster.asking import eventually

pytestmark = pytest.mark.cluster


def pod(*, port: int, annotations: dict[str, str]) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "fraud-0",
            "labels": {"lastgood.dev/model": "fraud", "lastgood.dev/version": "1.5.0"},
            "annotations": {"prometheus.io/port": str(port), **annotations},
        },
        # On no node that anybody plays: the test itself is the pod, and says its address.
        "spec": {
            "nodeName": "this-test",
            "containers": [{"name": "model", "image": "registry.example/fraud:1.5.0"}],
        },
    }
    return json.dumps(document)


def query(url: str, promql: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{url}/api/v1/query", params={"query": promql}, timeout=5).json()
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def test_a_rule_is_evaluated_after_a_reload_and_a_wrong_one_is_refused(
    cluster: Cluster, prometheus_url: str
) -> None:
    path = cluster.prometheus_dir / "rules" / "one.yaml"
    path.write_text("groups: [{name: one, rules: [{record: one, expr: vector(1)}]}]", encoding="utf-8")
    cluster.reload_prometheus()
    eventually(lambda: bool(query(prometheus_url, "one")), what="a value of the rule")
    path.write_text("groups: [{name: one, rules: [{record: one, expr: vector(}]}]", encoding="utf-8")
    with pytest.raises(DevclusterError, match="Prometheus refuses its configuration"):
        cluster.reload_prometheus()
    path.unlink()
    cluster.reload_prometheus()


def test_an_annotated_pod_is_scraped_under_its_model_and_version(
    cluster: Cluster, namespace: str, prometheus_url: str
) -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("predictions", "Predictions served.", registry=registry).inc(7)
    server, thread = prometheus_client.start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        annotations = {"prometheus.io/scrape": "true"}
        body = pod(port=server.server_port, annotations=annotations)
        cluster.kubectl("create", "-n", namespace, "-f", "-", input=body)
        status = {"status": {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}}
        patch = ("--subresource=status", "--type=merge", "-p", json.dumps(status))
        cluster.kubectl("patch", "pod", "fraud-0", "-n", namespace, *patch)
        promql = f'predictions_total{{namespace="{namespace}"}}'
        eventually(lambda: bool(query(prometheus_url, promql)), what="a sample of the pod")
        (series,) = query(prometheus_url, promql)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    labels = series["metric"]
    assert series["value"][1] == "7"
    assert (labels["model"], labels["model_version"], labels["pod"]) == ("fraud", "1.5.0", "fraud-0")
