"""The interlock as the chart installs it, on a cluster that tests share: what is in force, where, and for whom."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from devcluster import Cluster
from tests.chart import rendering

OPERATOR: Final = f"system:serviceaccount:{rendering.NAMESPACE}:{rendering.RELEASE}"
RELEASER: Final = "ana"
"""May engage and release, and edit models."""
ENGAGER: Final = "ben"
"""May engage and edit models, and not release."""
GITOPS: Final = ("argocd", "system:serviceaccount:argocd:argocd-application-controller")
"""May do anything, as GitOps tools mostly may."""
WHERE: Final = {"interlock": "on"}
VALUES: Final = {
    "interlock": {
        "namespaceSelector": {"matchLabels": WHERE},
        "gitopsAccounts": ["argocd", "system:serviceaccount:*:argocd-application-controller"],
    }
}
INSTALLED: Final = (
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
PATIENCE: Final = 60.0


class Interlock:
    """The interlock on one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def install(self) -> None:
        """Install all of the chart but what runs, and return when the policies refuse."""
        grants = [
            _grant("release", RELEASER),
            *(_grant(role, who) for role in ("engage", "edit", "view") for who in (RELEASER, ENGAGER)),
            *(_grant("cluster-admin", who) for who in GITOPS),
        ]
        everything = rendering.render(VALUES)
        self._apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": rendering.NAMESPACE}},
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "interlock-probe", "labels": WHERE},
            },
            *rendering.of_kind(everything, *INSTALLED),
            *grants,
            *_probe(),
        )
        self._wait_for_a_refusal("scale", "deployment", "probe", "--replicas=2")
        self._wait_for_a_refusal("delete", "kswitch", "probe")

    def guard(self, namespace: str) -> None:
        """Put a namespace under the interlock, and let the operator have its Lease there as in its own."""
        own = rendering.of_kind(rendering.render(VALUES), "Role", "RoleBinding")
        roles = [{**each, "metadata": {**each["metadata"], "namespace": namespace}} for each in own]
        metadata = {"name": namespace, "labels": WHERE}
        self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, *roles)

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the operator's own account."""
        return self._cluster.kubeconfig_for(OPERATOR)

    def _apply(self, *objects: Mapping[str, Any]) -> None:
        body = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self._cluster.kubectl("apply", "-f", "-", input=body)

    def _wait_for_a_refusal(self, *arguments: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            tried = self._cluster.kubectl(
                "-n", "interlock-probe", *arguments, "--dry-run=server", check=False
            )
            if "ValidatingAdmissionPolicy" in tried.stderr:
                return
            time.sleep(0.2)
        raise AssertionError(f"not refused within {PATIENCE:g} s: kubectl {' '.join(arguments)}")


def _grant(role: str, user: str) -> dict[str, Any]:
    name = role if role == "cluster-admin" else f"{rendering.RELEASE}-{role}"
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"test-{role}-{user}".replace(":", ".")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }


def _probe() -> list[dict[str, Any]]:
    template = {
        "metadata": {"labels": {"app": "probe"}},
        "spec": {"containers": [{"name": "probe", "image": "probe:1"}]},
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "probe", "namespace": "interlock-probe"},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "probe"}}, "template": template},
        },
        {
            "apiVersion": "lastgood.dev/v1alpha1",
            "kind": "KillSwitch",
            "metadata": {"name": "probe", "namespace": "interlock-probe"},
            "spec": {"engaged": True, "reason": "shows that the interlock holds", "workloads": ["probe"]},
        },
    ]
