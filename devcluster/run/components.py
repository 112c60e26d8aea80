"""The components: their command lines, and how each tells that it is ready.

A component is data: the supervisor starts, watches and stops all in the same way. Differences from a production cluster
are few and stand here with their reason:

- admission plugin ServiceAccount is off: pods need no account, no token, no mount;
- admission plugin TaintNodesByCondition is off: nobody would take the taint off, for node lifecycle does not run;
- the ``kubernetes`` Service has no endpoint: loopback addresses are refused there;
- etcd does not flush to disk, and the autoscaler looks every 2 s instead of 15 s: tests would only wait.
"""

import dataclasses
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devcluster import folders
from devcluster.options import ClusterOptions, User
from devcluster.run import identities, network
from devcluster.run.layout import Layout

STAGES = Path(__file__).with_name("stages.yaml")
KWOK_LABEL = "devcluster.lastgood.dev/node"

CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
    "validatingadmissionpolicy-status-controller",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything that shapes the command lines."""

    options: ClusterOptions
    layout: Layout
    binaries: Mapping[str, Path]
    slot: network.Slot
    ports: Mapping[str, int]
    """By purpose: ``etcd``, ``etcd-peer``, ``kube-apiserver``, ``prometheus``."""

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.ports['kube-apiserver']}"

    @property
    def prometheus_url(self) -> str:
        """Prometheus' address."""
        return f"http://127.0.0.1:{self.ports['prometheus']}"

    def user_kubeconfig(self, user: User, /) -> Path:
        """Return where the kubeconfig of a user lies."""
        return self.layout.users / identities.file_name(user.name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Component:
    """One process of the cluster."""

    name: str
    command: Callable[[Setting], list[str]]
    ports: tuple[str, ...] = ()
    """The purposes of the ports that it listens on."""

    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends when the supervisor dies without a word."""

    own_environment: bool = True
    """Whether it gets a bare environment instead of the user's (proxies, GOFLAGS, KUBECONFIG ...)."""


def _etcd(setting: Setting) -> list[str]:
    client = f"http://127.0.0.1:{setting.ports['etcd']}"
    peer = f"http://127.0.0.1:{setting.ports['etcd-peer']}"
    return [
        str(setting.binaries["etcd"]),
        f"--data-dir={setting.layout.root / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _gates(options: ClusterOptions) -> list[str]:
    gates = ",".join(f"{name}={str(on).lower()}" for name, on in sorted(options.feature_gates.items()))
    return [f"--feature-gates={gates}"] if gates else []


def _apiserver(setting: Setting) -> list[str]:
    # The API server signs its own certificate before it looks for the service accounts' key: one key serves both.
    key = setting.layout.certificates / "apiserver.key"
    return [
        str(setting.binaries["kube-apiserver"]),
        f"--etcd-servers=http://127.0.0.1:{setting.ports['etcd']}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={setting.ports['kube-apiserver']}",
        f"--cert-dir={setting.layout.certificates}",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={setting.layout.root / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--service-cluster-ip-range={setting.slot.service_cidr}",
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
        "--endpoint-reconciler-type=none",
        *_gates(setting.options),
        *setting.options.apiserver_args,
    ]


def _controller_manager(setting: Setting) -> list[str]:
    return [
        str(setting.binaries["kube-controller-manager"]),
        f"--kubeconfig={setting.user_kubeconfig(identities.CONTROLLER_MANAGER)}",
        "--leader-elect=false",
        # Each controller under its own account, as in production: admission policies see who asks.
        "--use-service-account-credentials=true",
        f"--controllers={','.join(CONTROLLERS)}",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=500",
        "--horizontal-pod-autoscaler-sync-period=2s",
        *_gates(setting.options),
    ]


def _scheduler(setting: Setting) -> list[str]:
    return [
        str(setting.binaries["kube-scheduler"]),
        f"--kubeconfig={setting.user_kubeconfig(identities.SCHEDULER)}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=500",
    ]


def _kwok(setting: Setting) -> list[str]:
    return [
        str(setting.binaries["kwok"]),
        f"--kubeconfig={setting.user_kubeconfig(identities.KWOK)}",
        f"--manage-nodes-with-label-selector={KWOK_LABEL}=kwok",
        f"--config={STAGES}",
        "--node-ip=127.0.0.1",
        "--cidr=10.0.0.0/8",
        "--node-lease-duration-seconds=0",
    ]


def _prometheus(setting: Setting) -> list[str]:
    return [
        str(setting.binaries["prometheus"]),
        f"--config.file={setting.layout.prometheus / 'prometheus.yaml'}",
        f"--storage.tsdb.path={setting.layout.prometheus / 'data'}",
        "--storage.tsdb.retention.time=1d",
        f"--web.listen-address=127.0.0.1:{setting.ports['prometheus']}",
        "--web.enable-lifecycle",
        "--log.level=warn",
    ]


def _process_node(index: int) -> Callable[[Setting], list[str]]:
    def command(setting: Setting) -> list[str]:
        name = f"process-{index}"
        # One node serves the Services: they are the cluster's, not a node's.
        services = ["--services"] if setting.options.services and index == 0 else []
        return [
            sys.executable,
            "-m",
            "devcluster.processnode",
            "--kubeconfig",
            str(setting.user_kubeconfig(identities.PROCESS_NODE)),
            "--node",
            name,
            "--state-dir",
            str(setting.layout.nodes / name),
            "--images",
            str(setting.options.images),
            "--pod-cidr",
            setting.slot.pod_cidr(index),
            *services,
        ]

    return command


def control_plane() -> tuple[Component, ...]:
    """Return etcd and the API server."""
    return (
        Component(name="etcd", command=_etcd, ports=("etcd", "etcd-peer")),
        Component(name="kube-apiserver", command=_apiserver, ports=("kube-apiserver",)),
    )


def clients(options: ClusterOptions, /) -> tuple[Component, ...]:
    """Return what needs an API server that answers; Prometheus among them, wanted at once or not."""
    found = [
        Component(name="kube-controller-manager", command=_controller_manager),
        Component(name="kube-scheduler", command=_scheduler),
    ]
    if options.kwok_nodes:
        found.append(Component(name="kwok", command=_kwok))
    found += [
        Component(
            name=f"process-{index}",
            command=_process_node(index),
            # It has processes of its own to end.
            death_signal=signal.SIGTERM,
            own_environment=False,
        )
        for index in range(options.process_nodes)
    ]
    return (*found, Component(name="prometheus", command=_prometheus, ports=("prometheus",)))


def kwok_node(*, index: int, tainted: bool) -> dict[str, Any]:
    """Return a node for kwok to play. With process nodes beside it, only pods that tolerate the taint come to it."""
    name = f"kwok-{index}"
    labels = {
        KWOK_LABEL: "kwok",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }
    taint = {"key": KWOK_LABEL, "value": "kwok", "effect": "NoSchedule"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [taint]} if tainted else {},
    }


def environment(component: Component, /, *, layout: Layout) -> dict[str, str]:
    """Return the environment of a component's process."""
    if component.own_environment:
        home = str(layout.root)
        # Collecting garbage less often saves a tenth of the start, for memory that is there at the start.
        return {"PATH": os.defpath, "HOME": home, "TMPDIR": home, "GOGC": "300"}
    path = os.pathsep.join(filter(None, [str(folders.PACKAGE.parent), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
