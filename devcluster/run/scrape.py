"""The configuration of Prometheus: finds pods as it would in production.

Pods are found by Kubernetes service discovery and chosen by the usual annotations. Two labels of the pod become labels
of its series: ``lastgood.dev/version`` → ``model_version`` and ``lastgood.dev/model`` → ``model``. Besides, files in
``rules/`` are loaded as rules (after a reload) and files in ``targets/`` as targets (at once), for what is no pod.
"""

from pathlib import Path
from typing import Any

import yaml

_ANNOTATION = "__meta_kubernetes_pod_annotation_prometheus_io_"
_LABEL = "__meta_kubernetes_pod_label_lastgood_dev_"


def configuration(*, folder: Path, kubeconfig: Path, interval: str) -> str:
    """Return prometheus.yml."""
    document = {
        "global": {
            "scrape_interval": interval,
            "scrape_timeout": interval,
            "evaluation_interval": interval,
        },
        "rule_files": [str(folder / "rules" / "*.yaml")],
        "scrape_configs": [
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [{"role": "pod", "kubeconfig_file": str(kubeconfig)}],
                "relabel_configs": _pod_relabelling(),
            },
            {
                "job_name": "targets",
                "honor_labels": True,
                "file_sd_configs": [
                    {"files": [str(folder / "targets" / "*.json")], "refresh_interval": "1s"}
                ],
            },
        ],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _pod_relabelling() -> list[dict[str, Any]]:
    return [
        {"action": "keep", "source_labels": [f"{_ANNOTATION}scrape"], "regex": "true"},
        {"action": "drop", "source_labels": ["__meta_kubernetes_pod_phase"], "regex": "Succeeded|Failed"},
        {"action": "keep", "source_labels": ["__meta_kubernetes_pod_ip"], "regex": ".+"},
        {
            "source_labels": ["__meta_kubernetes_pod_ip", f"{_ANNOTATION}port"],
            "separator": ";",
            "regex": "(.+);([0-9]+)",
            "replacement": "$1:$2",
            "target_label": "__address__",
        },
        {"source_labels": [f"{_ANNOTATION}scheme"], "regex": "(https?)", "target_label": "__scheme__"},
        {"source_labels": [f"{_ANNOTATION}path"], "regex": "(.+)", "target_label": "__metrics_path__"},
        {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
        {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
        {"source_labels": [f"{_LABEL}model"], "target_label": "model"},
        {"source_labels": [f"{_LABEL}version"], "target_label": "model_version"},
    ]


def access() -> list[dict[str, Any]]:
    """Return the role that service discovery needs, and its binding; paths are those of the RBAC API."""
    name = "devcluster-prometheus"
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["pods", "nodes", "namespaces"],
                    "verbs": ["get", "list", "watch"],
                }
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [
                {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "User",
                    "name": "devcluster:prometheus",
                }
            ],
        },
    ]
