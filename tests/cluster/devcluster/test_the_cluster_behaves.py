"""What the operator relies on: controllers, node, garbage collection, admission and RBAC act as in production."""

import json
from typing import Any

import pytest

from devcluster import Cluster
from tests.cluster.devcluster.asking import eventually

pytestmark = pytest.mark.cluster


def deployment(*, replicas: int, annotations: dict[str, str] | None = None) -> str:
    labels = {"app": "fraud"}
    container = {"name": "model", "image": "registry.example/fraud:1.4.0", "ports": [{"containerPort": 8080}]}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "fraud"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations or {}},
                "spec": {"containers": [container]},
            },
        },
    }
    return json.dumps(document)


def items(cluster: Cluster, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cluster.kubectl("get", *arguments, "-o", "json").stdout)["items"]
    return found


def test_a_deployment_gets_available_pods(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(replicas=3))
    cluster.kubectl("rollout", "status", "-n", namespace, "deployment/fraud", "--timeout=20s")
    pods = items(cluster, "pods", "-n", namespace)
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3
    assert len({pod["status"]["podIP"] for pod in pods}) == 3


def test_a_pod_annotated_as_not_ready_runs_and_never_becomes_available(
    cluster: Cluster, namespace: str
) -> None:
    annotations = {"devcluster.lastgood.dev/ready": "false"}
    cluster.kubectl(
        "apply", "-n", namespace, "-f", "-", input=deployment(replicas=1, annotations=annotations)
    )
    cluster.kubectl(
        "wait",
        "-n",
        namespace,
        "pod",
        "-l",
        "app=fraud",
        "--for=jsonpath={.status.phase}=Running",
        "--timeout=20s",
    )
    (found,) = items(cluster, "deployments", "-n", namespace)
    assert found["status"]["unavailableReplicas"] == 1


def test_a_deleted_deployment_takes_its_pods_along(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(replicas=2))
    cluster.kubectl("rollout", "status", "-n", namespace, "deployment/fraud", "--timeout=20s")
    cluster.kubectl("delete", "-n", namespace, "deployment", "fraud")
    eventually(
        lambda: not items(cluster, "pods,replicasets", "-n", namespace), what="no pod and no ReplicaSet"
    )


def test_a_deleted_namespace_goes_with_all_that_is_in_it(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(replicas=2))
    cluster.kubectl("rollout", "status", "-n", namespace, "deployment/fraud", "--timeout=20s")
    cluster.kubectl("delete", "namespace", namespace, "--timeout=40s")
    assert cluster.kubectl("get", "namespace", namespace, check=False).returncode == 1


def test_a_service_gets_endpoints_for_its_ready_pods(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(replicas=2))
    cluster.kubectl("expose", "-n", namespace, "deployment", "fraud", "--port=80", "--target-port=8080")

    def ready_endpoints() -> int:
        slices = items(cluster, "endpointslices", "-n", namespace)
        endpoints = [endpoint for each in slices for endpoint in each.get("endpoints") or []]
        return [endpoint["conditions"]["ready"] for endpoint in endpoints].count(True)

    eventually(lambda: ready_endpoints() == 2, what="two ready endpoints")


def test_a_job_is_run_to_its_end(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "job", "-n", namespace, "save", "--image=registry.example/save:1")
    cluster.kubectl("wait", "-n", namespace, "job/save", "--for=condition=Complete", "--timeout=20s")


def test_an_autoscaler_lifts_a_deployment_to_its_lower_bound(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(replicas=1))
    cluster.kubectl("autoscale", "-n", namespace, "deployment", "fraud", "--min=3", "--max=5", "--cpu=50%")
    cluster.kubectl(
        "wait",
        "-n",
        namespace,
        "deployment/fraud",
        "--for=jsonpath={.status.availableReplicas}=3",
        "--timeout=30s",
    )


def test_an_admission_policy_is_enforced_on_the_scale_of_a_deployment(
    cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=deployment(replicas=1))
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["UPDATE"],
                        "resources": ["deployments", "deployments/scale"],
                    }
                ]
            },
            "validations": [
                {"expression": "object.?spec.?replicas.orValue(0) < 4", "message": "three are enough"}
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": namespace},
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
            },
        },
    }
    for document in (policy, binding):
        cluster.kubectl("apply", "-f", "-", input=json.dumps(document))

    def refused() -> bool:
        scale = cluster.kubectl("scale", "-n", namespace, "deployment/fraud", "--replicas=4", check=False)
        return "three are enough" in scale.stderr

    eventually(refused, what="a scale to four that is refused", seconds=40)
    cluster.kubectl("scale", "-n", namespace, "deployment/fraud", "--replicas=3")
    cluster.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", namespace)


def test_a_user_may_do_what_a_role_allows_and_nothing_else(cluster: Cluster, namespace: str) -> None:
    binding = ("rolebinding", "people-view", "--clusterrole=view", "--group=people")
    cluster.kubectl("create", *binding, "-n", namespace)
    eventually(
        lambda: cluster.kubectl("get", "pods", "-n", namespace, user="ana", check=False).returncode == 0,
        what="a list of pods for ana",
    )
    refused = cluster.kubectl("create", "configmap", "x", "-n", namespace, user="ana", check=False)
    assert 'User "ana" cannot create resource "configmaps"' in refused.stderr
    assert "Forbidden" in cluster.kubectl("get", "pods", "-n", namespace, user="argocd", check=False).stderr


def test_controllers_act_under_their_own_accounts(cluster: Cluster, namespace: str) -> None:
    can = ("auth", "can-i", "update", "deployments.apps", "--subresource=scale", "-n", namespace)
    account = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
    assert cluster.kubectl(*can, f"--as={account}").stdout.strip() == "yes"
    assert cluster.kubectl(*can, "--as=system:kube-controller-manager", check=False).stdout.strip() == "no"
    cluster.kubectl(
        "get", "serviceaccount", "-n", "kube-system", "horizontal-pod-autoscaler", "deployment-controller"
    )
