"""Operators as processes of their own, a Prometheus whose answers the test gives, and what kubectl sees."""

import base64
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests
import urllib3
import yaml

from devcluster import Cluster
from tests.cluster import guarding
from tests.cluster.operator.process import Process
from tests.unit.observe import answering

LEASE = "lastgood"
PATIENCE = 60.0
OURS = "/apis/lastgood.dev/v1alpha1/namespaces/{namespace}"
PATHS = {
    "mdep": f"{OURS}/modeldeployments",
    "mckpt": f"{OURS}/modelcheckpoints",
    "kswitch": f"{OURS}/killswitches",
    "drill": f"{OURS}/safetydrills",
    "deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "hpa": "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers",
    "so": "/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects",
    "lease": "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
    "pods": "/api/v1/namespaces/{namespace}/pods",
    "service": "/api/v1/namespaces/{namespace}/services",
    "endpointslice": "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
    "events": "/apis/events.k8s.io/v1/namespaces/{namespace}/events",
}


class World:
    """One namespace with a Deployment, its ModelDeployment, and a Prometheus that says what the test wants."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        url: str,
        script: answering.Script,
        interlock: guarding.Interlock | None = None,
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.kubeconfig = cluster.kubeconfig if interlock is None else interlock.kubeconfig
        self.prometheus_url = url
        self._script = script
        access = yaml.safe_load(cluster.kubeconfig.read_text())
        self._server = str(access["clusters"][0]["cluster"]["server"])
        self._session = requests.Session()
        self._session.trust_env = False
        # 429 is also what a CRD that was only just established answers.
        patient = urllib3.Retry(total=20, backoff_factor=0.1, backoff_max=1, status_forcelist=[429])
        self._session.mount("https://", requests.adapters.HTTPAdapter(max_retries=patient))
        self._authority = tempfile.NamedTemporaryFile(suffix=".crt")  # noqa: SIM115  (closed with the session)
        self._authority.write(
            base64.b64decode(access["clusters"][0]["cluster"]["certificate-authority-data"])
        )
        self._authority.flush()
        self._session.verify = self._authority.name
        self._session.headers["Authorization"] = f"Bearer {access['users'][0]['user']['token']}"
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE, "namespace": namespace},
        }
        self.apply(lease)

    def close(self) -> None:
        """Close the connection to the API server."""
        self._session.close()
        self._authority.close()

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects as a person with kubectl does."""
        body = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.cluster.kubectl("apply", "-n", self.namespace, "-f", "-", input=body)

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace and return what it prints."""
        return str(self.cluster.kubectl("-n", self.namespace, *arguments).stdout)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Return one object; kubectl takes a tenth of a second to start, too long for what is asked again and again."""
        return self._read(f"{PATHS[kind].format(namespace=self.namespace)}/{name}")

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """Return all objects of a kind."""
        found: list[dict[str, Any]] = self._read(PATHS[kind].format(namespace=self.namespace))["items"]
        return found

    def _read(self, path: str) -> dict[str, Any]:
        answer = self._session.get(self._server + path, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def measures(self, **values: float) -> None:
        """Make the query of each threshold give a value; the underscore in a name stands for a dash."""
        self._script.results = {
            f'{name}{{version="{version}"}}': answering.vector(str(value))
            for name, value in values.items()
            for version in ("1.3.0", "1.4.0", "1.5.0", "1.6.0")
        }

    def measures_by_version(self, **values: float) -> None:
        """Make the query `error_ratio` give a value for each version; `v1_5_0` stands for 1.5.0."""
        self._script.results = {
            f'error_ratio{{version="{name[1:].replace("_", ".")}"}}': answering.vector(str(value))
            for name, value in values.items()
        }

    @property
    def asked(self) -> list[str]:
        """The queries that Prometheus was asked so far, one for each request."""
        return self._script.asked

    @property
    def checks(self) -> int:
        """How often Prometheus was asked for its time, as it is after each failure."""
        return self._script.checks

    def breaks_down(self, fault: answering.Fault | None) -> None:
        """Make Prometheus answer with a fault, or well again with None."""
        self._script.fault = fault
        self._script.check_fault = fault

    def eventually(self, holds: Callable[[], Any], *, within: float = PATIENCE) -> Any:
        """Wait until `holds()` gives something true, and return it; fail with what it gave last."""
        deadline = time.monotonic() + within
        while True:
            last = holds()
            if last:
                return last
            assert time.monotonic() < deadline, f"not within {within:g} s; last: {last!r}; {self.told()}"
            time.sleep(0.1)

    def told(self) -> str:
        """Return what the model's status says, for the message of a failing test."""
        return json.dumps([each.get("status") for each in self.all_of("mdep")], indent=1)[:4000]

    @contextmanager
    def operator(
        self, *, crash: tuple[str, int] | None = None, flags: Sequence[str] = ()
    ) -> Iterator["Operator"]:
        """Run an operator for this namespace alone; with `crash` it dies at that write."""
        running = Operator(self, crash=crash, flags=flags)
        try:
            yield running
        finally:
            running.end()


class Operator:
    """One operator process; its log is shown when a test fails."""

    def __init__(self, world: World, *, crash: tuple[str, int] | None, flags: Sequence[str]) -> None:
        arguments = (
            "operator",
            f"--kubeconfig={world.kubeconfig}",
            f"--namespace={world.namespace}",
            f"--prometheus-url={world.prometheus_url}",
            f"--lease-namespace={world.namespace}",
            f"--lease-name={LEASE}",
            "--lease-duration=2s",
            "--renew-deadline=1500ms",
            "--retry-period=300ms",
            "--metrics-address=127.0.0.1:0",
            *flags,
        )
        self.process = Process(arguments, crash=crash)

    def kill(self) -> None:
        """Kill it as a machine that loses power does."""
        self.process.kill()

    def end(self) -> None:
        """End it in order."""
        self.process.end()

    def died_or(self, ended: Callable[[], bool]) -> Callable[[], bool]:
        """Return whether it was killed, or else what `ended` says."""
        return lambda: self.died or ended()

    @property
    def died(self) -> bool:
        """Whether it was killed."""
        return self.process.died


def deployment(name: str, *, image: str, replicas: int = 3) -> dict[str, Any]:
    """Return a Deployment that kwok makes available at once."""
    labels = {"app": name}
    container = {"name": "model", "image": image, "env": [{"name": "TEAM", "value": "payments"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def model(name: str = "fraud", *, version: str, on_breach: str = "Rollback", **spec: Any) -> dict[str, Any]:
    """Return a ModelDeployment over that Deployment with one threshold and short times."""
    versions = ("1.3.0", "1.4.0", "1.5.0", "1.6.0")
    return {
        "apiVersion": "lastgood.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {
            "workloadRef": {"name": name},
            "version": version,
            "versions": [{"name": each, "image": f"{name}:{each}"} for each in versions],
            "interval": "1s",
            "thresholds": [
                {
                    "name": "error-ratio",
                    "query": 'error_ratio{version="$version"}',
                    "window": "10s",
                    "max": 0.05,
                    "for": "1s",
                    "onBreach": on_breach,
                }
            ],
            "rollout": {"bake": "1s"},
            "rollback": {"warmup": "0s", "cooldown": "0s"},
            "killSwitch": {"recovery": {"probation": {"replicas": 1, "duration": "1s"}}},
            **spec,
        },
    }
