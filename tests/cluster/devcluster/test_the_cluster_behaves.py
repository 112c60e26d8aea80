"""What the operator relies on: controllers, node, garbage collection, admission and RBAC act as in production."""

import json

import pytest

from devcluster import Cluster

pytestmark = pytest.mark.cluster


def deployment(*, name: str, replicas: int, annotations: dict[str, str] | None = None) -> str:
    labels = {"app": name}
    pod = {
        "containers": [
            {"name": "model", "image": "registry.example/model@sha256:1", "ports": [{"containerPort": 80}]}
        ]
    }
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations or {}}, "spec": pod},
        },
    }
    return json.dumps(document)


def test_a_deployment_gets_available_pods(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(name="fraud", replicas=3))
    cluster.kubectl("rollout", "status", "-n", namespace, "deployment/fraud", "--timeout=20s")
    pods = json.loads(cluster.kubectl("get", "pods", "-n", namespace, "-o", "json").stdout)["items"]
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
