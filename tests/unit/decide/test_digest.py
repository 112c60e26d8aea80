"""The digest by which versions are told apart (semantics.md, F6)."""

import copy
from typing import Any

import pytest

from lastgood.decide import template
from tests.unit.decide.simulator import pod_template

WRITTEN: dict[str, Any] = {
    "metadata": {"labels": {"app": "fraud"}},
    "spec": {
        "initContainers": [{"name": "fetch", "image": "registry.example:5000/fetch"}],
        "containers": [
            {
                "name": "model",
                "image": "registry.example/fraud@sha256:" + "1" * 64,
                "ports": [
                    {"containerPort": 8080},
                    {"containerPort": 9090, "name": "metrics", "protocol": "TCP"},
                ],
                "env": [
                    {"name": "EMPTY"},
                    {"name": "MODEL_URI", "value": "s3://models/1"},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                    {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                ],
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                "readinessProbe": {"httpGet": {"port": 8080, "path": "/"}, "initialDelaySeconds": 5},
                "livenessProbe": {"grpc": {"port": 9000}},
                "startupProbe": {"exec": {"command": ["true"]}, "periodSeconds": 2},
                "lifecycle": {"preStop": {"httpGet": {"port": 8080, "path": "/stop"}}},
                "volumeMounts": [{"name": "weights", "mountPath": "/weights"}],
            }
        ],
        "serviceAccountName": "fraud",
        "volumes": [
            {"name": "weights", "emptyDir": {}},
            {"name": "scratch"},
            {"name": "config", "configMap": {"name": "fraud"}},
            {"name": "keys", "secret": {"secretName": "fraud"}},
            {"name": "host", "hostPath": {"path": "/data"}},
            {
                "name": "tokens",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "token"}},
                        {
                            "downwardAPI": {
                                "items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]
                            }
                        },
                    ]
                },
            },
            {
                "name": "about",
                "downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]},
            },
            {
                "name": "disk",
                "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}},
            },
            {"name": "files", "image": {"reference": "registry.example/weights:1"}},
        ],
    },
}
"""What a person writes; `DEFAULTED` is what the API server makes of it (core/v1 defaults)."""

FIELD = {"apiVersion": "v1", "fieldPath": "metadata.name"}
DEFAULTED: dict[str, Any] = {
    "metadata": {"creationTimestamp": None, "labels": {"app": "fraud"}},
    "spec": {
        "initContainers": [
            {
                "name": "fetch",
                "image": "registry.example:5000/fetch",
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "containers": [
            {
                "name": "model",
                "image": "registry.example/fraud@sha256:" + "1" * 64,
                "imagePullPolicy": "IfNotPresent",
                "ports": [
                    {"containerPort": 8080, "protocol": "TCP"},
                    {"containerPort": 9090, "name": "metrics", "protocol": "TCP"},
                ],
                "env": [
                    {"name": "EMPTY"},
                    {"name": "MODEL_URI", "value": "s3://models/1"},
                    {
                        "name": "NODE",
                        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}},
                    },
                    {
                        "name": "CPUS",
                        "valueFrom": {"resourceFieldRef": {"divisor": "0", "resource": "limits.cpu"}},
                    },
                ],
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                "readinessProbe": {
                    "httpGet": {"port": 8080, "path": "/", "scheme": "HTTP"},
                    "initialDelaySeconds": 5,
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                },
                "livenessProbe": {
                    "grpc": {"port": 9000, "service": ""},
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                },
                "startupProbe": {
                    "exec": {"command": ["true"]},
                    "timeoutSeconds": 1,
                    "periodSeconds": 2,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                },
                "lifecycle": {"preStop": {"httpGet": {"port": 8080, "path": "/stop", "scheme": "HTTP"}}},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "volumeMounts": [{"name": "weights", "mountPath": "/weights"}],
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": "fraud",
        "serviceAccountName": "fraud",
        "terminationGracePeriodSeconds": 30,
        "volumes": [
            {"name": "weights", "emptyDir": {}},
            {"name": "scratch", "emptyDir": {}},
            {"name": "config", "configMap": {"name": "fraud", "defaultMode": 420}},
            {"name": "keys", "secret": {"secretName": "fraud", "defaultMode": 420}},
            {"name": "host", "hostPath": {"path": "/data", "type": ""}},
            {
                "name": "tokens",
                "projected": {
                    "defaultMode": 420,
                    "sources": [
                        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
                        {"downwardAPI": {"items": [{"path": "n", "fieldRef": FIELD}]}},
                    ],
                },
            },
            {
                "name": "about",
                "downwardAPI": {"defaultMode": 420, "items": [{"path": "n", "fieldRef": FIELD}]},
            },
            {
                "name": "disk",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "metadata": {"creationTimestamp": None},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {},
                            "volumeMode": "Filesystem",
                        },
                    }
                },
            },
            {
                "name": "files",
                "image": {"reference": "registry.example/weights:1", "pullPolicy": "IfNotPresent"},
            },
        ],
    },
}


def changed(path: list[str | int], value: Any, *, of: dict[str, Any] = WRITTEN) -> dict[str, Any]:
    found: Any = (made := copy.deepcopy(of))
    for key in path[:-1]:
        found = found[key]
    found[path[-1]] = value
    return made


def test_the_digest_is_the_same_before_and_after_the_api_server_fills_in_defaults() -> None:
    assert template.normal(WRITTEN) == template.normal(DEFAULTED)
    assert template.digest(WRITTEN) == template.digest(DEFAULTED)


def test_the_digest_changes_nothing_in_the_template() -> None:
    before = copy.deepcopy(DEFAULTED)
    template.digest(DEFAULTED)

    assert before == DEFAULTED


@pytest.mark.parametrize(
    "mark",
    [
        ["annotations", {"kubectl.kubernetes.io/restartedAt": "2026-03-01T00:00:00Z"}],
        ["annotations", {"lastgood.dev/checkpoint": "m-1"}],
        ["annotations", {}],
        ["labels", {"app": "fraud", "lastgood.dev/version": "2", "lastgood.dev/model": "m"}],
        ["labels", {"app": "fraud", "pod-template-hash": "5d4f"}],
    ],
    ids=["restarted", "own-annotation", "empty", "own-labels", "replica-set"],
)
def test_marks_of_restarts_and_of_ours_do_not_count(mark: list[Any]) -> None:
    assert template.digest(changed(["metadata", mark[0]], mark[1])) == template.digest(WRITTEN)


def test_the_order_of_variables_does_not_count() -> None:
    env = WRITTEN["spec"]["containers"][0]["env"]
    made = changed(["spec", "containers", 0, "env"], list(reversed(env)))

    assert template.digest(made) == template.digest(WRITTEN)


@pytest.mark.parametrize(
    ("what", "path", "value"),
    [
        ("image", ["containers", 0, "image"], "registry.example/fraud:2"),
        ("args", ["containers", 0, "args"], ["--threads=4"]),
        ("a variable", ["containers", 0, "env"], [{"name": "MODEL_URI", "value": "s3://models/2"}]),
        ("a limit", ["containers", 0, "resources"], {"limits": {"cpu": "2"}}),
        ("a probe", ["containers", 0, "readinessProbe", "initialDelaySeconds"], 6),
        ("a pull policy", ["containers", 0, "imagePullPolicy"], "Always"),
        ("the grace period", ["terminationGracePeriodSeconds"], 31),
        ("a config", ["volumes", 2, "configMap", "name"], "other"),
        ("a file mode", ["volumes", 2, "configMap", "defaultMode"], 0o600),
        ("the account", ["serviceAccountName"], "other"),
        ("the node", ["nodeSelector"], {"gpu": "a100"}),
        ("service links", ["enableServiceLinks"], False),
    ],
)
def test_what_changes_the_pods_changes_the_digest(what: str, path: list[str | int], value: Any) -> None:
    assert template.digest(changed(["spec", *path], value)) != template.digest(WRITTEN), what


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("fraud", "Always"),
        ("fraud:latest", "Always"),
        ("registry:5000/fraud", "Always"),
        ("fraud:1", "IfNotPresent"),
        ("registry:5000/fraud:1", "IfNotPresent"),
        ("fraud@sha256:" + "0" * 64, "IfNotPresent"),
        ("fraud:1@sha256:" + "0" * 64, "IfNotPresent"),
        ("fraud:latest@sha256:" + "0" * 64, "Always"),
    ],
)
def test_the_pull_policy_that_the_api_server_fills_in_does_not_count(image: str, policy: str) -> None:
    bare, filled = pod_template(image), pod_template(image, imagePullPolicy=policy)

    assert template.digest(bare) == template.digest(filled)
