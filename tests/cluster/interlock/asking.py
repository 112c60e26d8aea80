"""Requests to a guarded namespace, each in one person's name, and what the API server answers."""

import json
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from devcluster import Cluster
from tests.cluster.guarding import OPERATOR

OWN = "lastgood.dev/v1alpha1"


class Namespace:
    """One namespace, as several people and controllers meet it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def allowed(
        self, *arguments: str, user: str | None = None, given: Mapping[str, Any] | None = None
    ) -> str:
        """Run kubectl, which must succeed, and return what it prints; without a user as administrator."""
        tried = self.asked(*arguments, user=user, given=given)
        assert tried.returncode == 0, tried.stderr
        return tried.stdout

    def refused(
        self, *arguments: str, user: str | None = None, given: Mapping[str, Any] | None = None
    ) -> str:
        """Run kubectl, which a policy must refuse, and return the policy's own words."""
        tried = self.asked(*arguments, user=user, given=given)
        assert tried.returncode != 0, f"allowed: {arguments} as {user or 'admin'}"
        _, policy, words = tried.stderr.partition("denied request: ")
        assert policy, tried.stderr
        return words.strip()

    def soon_refused(self, *arguments: str, user: str | None = None) -> str:
        """Like `refused`, once the API server's own watch of the switches has caught up: some milliseconds."""
        deadline = time.monotonic() + 10
        while self.asked(*arguments, "--dry-run=server", user=user).returncode == 0:
            assert time.monotonic() < deadline, f"allowed: {arguments} as {user or 'admin'}"
            time.sleep(0.05)
        return self.refused(*arguments, user=user)

    def asked(
        self, *arguments: str, user: str | None = None, given: Mapping[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl and return its answer; the operator has every right here, so that only policies refuse it."""
        body = None if given is None else json.dumps(given)
        named = ("--as", OPERATOR, "--as-group", "system:masters") if user == OPERATOR else ()
        user = None if user == OPERATOR else user
        return self.cluster.kubectl("-n", self.name, *named, *arguments, user=user, input=body, check=False)

    def patch(self, spec: Mapping[str, Any]) -> tuple[str, ...]:
        """Return kubectl's flags for a merge patch of the spec."""
        return "--type=merge", "-p", json.dumps({"spec": spec})

    def create(self, *objects: Mapping[str, Any], user: str | None = None) -> None:
        """Create objects."""
        for each in objects:
            self.allowed("create", "-f", "-", given=each, user=user)

    def spec(self, kind: str, name: str) -> dict[str, Any]:
        """Return the spec of one object."""
        found: dict[str, Any] = json.loads(self.allowed("get", kind, name, "-o", "json"))["spec"]
        return found


def deployment(name: str, *, replicas: int = 0) -> dict[str, Any]:
    """Return a Deployment; at zero unless a test needs pods."""
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "model", "image": "model:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def switch(name: str, *, engaged: bool = True, cause: str = "", **spec: Any) -> dict[str, Any]:
    """Return a KillSwitch; with a cause it is one of the operator's own."""
    labels = {"lastgood.dev/cause": cause} if cause else {}
    return {
        "apiVersion": OWN,
        "kind": "KillSwitch",
        "metadata": {"name": name, "labels": labels},
        "spec": {"engaged": engaged, **spec},
    }


def entry(workload: str, *, ceiling: int = 0, replicas: int = 3) -> dict[str, Any]:
    """Return what a switch holds of one workload."""
    return {"workload": workload, "model": workload, "replicas": replicas, "ceiling": ceiling}


def model(name: str, *, engaged: bool) -> dict[str, Any]:
    """Return a ModelDeployment whose field asks for a kill, or not."""
    return {
        "apiVersion": OWN,
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {
            "workloadRef": {"name": name},
            "versions": [{"name": "1", "image": "model:1"}],
            "killSwitch": {"engaged": engaged, "reason": "INC-1"},
        },
    }
