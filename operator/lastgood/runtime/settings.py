"""What whoever runs the operator can set: each field is one flag and one environment variable.

A flag wins over its variable, the variable over the default. The flag is the field's name with dashes, a list's in the
singular and given once for each value; the variable is LASTGOOD_ and the field's name in capitals, a list's values
separated by commas. The docstrings below are the text of `lastgood operator --help`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import pydantic
from pydantic.dataclasses import dataclass as described

from lastgood.api import durations, schema

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its account's token and namespace."""

GITOPS_MANAGERS: Final = (
    "argocd-controller",  # Argo CD: both its ways to apply
    "argocd-application-controller",  # Argo CD without a name of its own: the name of its process
    "argocd-server",  # a sync from its pages
    "kustomize-controller",  # Flux
    "helm-controller",
    "flux",  # its command line, as it bootstraps
    "helm",
    "fleetagent",  # Rancher Fleet: Helm under the name of its process
    "configsync.gke.io",  # Config Sync
    "kapp",
    "kapp-controller",
    "kubectl-client-side-apply",  # a manifest by kubectl apply; Argo CD writes under this name too, to migrate
    "kubectl",  # a manifest by kubectl apply --server-side
)
"""Who applies whole manifests, and so says `engaged: false` without meaning this kill."""


class SettingsError(ValueError):
    """A setting that cannot be; the text is a sentence that names its flag."""


def _seconds(value: object) -> object:
    return durations.parse(value).total_seconds() if isinstance(value, str) else value


Seconds = Annotated[float, pydantic.BeforeValidator(_seconds)]
"""Written as `15s`."""


@described(frozen=True, kw_only=True, config=pydantic.ConfigDict(use_attribute_docstrings=True))
class Settings:
    """The settings of one operator process."""

    kubeconfig: str | None = None
    """Kubeconfig of the cluster. Default: the pod's service account inside a cluster, else $KUBECONFIG, else
    ~/.kube/config."""
    context: str | None = None
    """Context of the kubeconfig. Default: its current one."""
    namespaces: tuple[str, ...] = ()
    """Namespace to look after; may be given several times. Default: all."""
    prometheus_url: str = ""
    """Prometheus of models that name none, like http://prometheus.monitoring:9090. Without it their thresholds are
    Blind."""
    prometheus_timeout: Seconds = 5.0
    """How long one query to that Prometheus may take; after that its verdict is Blind."""
    metrics_address: str = "127.0.0.1:8080"
    """Where /metrics, /healthz and /readyz are served, as HOST:PORT. Port 0 takes a free one, which the log names; in
    a cluster the kubelet and Prometheus need 0.0.0.0."""
    log_format: Literal["text", "json"] = "text"
    """How log lines are written: text for people, json with one object a line for collectors."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""
    lease_name: str = "lastgood-operator"
    """Lease by which one of several operators acts while the others stand by."""
    lease_namespace: str = "default"
    """Namespace of the lease. Default: the operator's own inside a cluster, else default."""
    lease_duration: Seconds = 15.0
    """How long a lease that is not renewed still keeps others from acting."""
    renew_deadline: Seconds = 10.0
    """How long this process acts after its last renewal; at most four fifths of the lease's duration."""
    retry_period: Seconds = 2.0
    """How often the lease is renewed, or tried for; at most half of the deadline."""
    workers: int = 32
    """How many models are driven at the same time; kills have a lane of their own and never wait for these."""
    automatic_kills: int = 5
    """How many models automatic kills may stop within 10 minutes. Past it a model is held, and its Degraded condition
    says BlastRadius; kills by people are never limited."""
    automatic_kills_percent: int = 20
    """How many of a hundred models automatic kills may stop within 10 minutes, where that is more than
    --automatic-kills."""
    config_interval: Seconds = 60.0
    """How often the ConfigMaps that models use are looked at for other content."""
    gitops_managers: tuple[str, ...] = GITOPS_MANAGERS
    """Field manager that applies manifests, from Git or by kubectl apply, and so never releases a kill that a person
    has engaged; may be given several times, and then replaces the default list."""
    restart_spacing: Seconds = 1.0
    """How far apart models that are released together start again: so many of them are spread over so many times
    this, at most over 10 minutes. One alone starts at once, and so does one that a person resumes."""

    def __post_init__(self) -> None:
        checks = (
            (_is_url(self.prometheus_url), "--prometheus-url must be like http://prometheus.monitoring:9090"),
            (_is_name(self.lease_name), "--lease-name must be the name of a Kubernetes object"),
            (_is_name(self.lease_namespace), "--lease-namespace must be the name of a namespace"),
            (all(map(_is_name, self.namespaces)), "--namespace must be the name of a namespace"),
            (self.prometheus_timeout > 0, "--prometheus-timeout must be more than 0s"),
            (self.automatic_kills >= 1, "--automatic-kills must be at least 1"),
            (0 <= self.automatic_kills_percent <= 100, "--automatic-kills-percent must be from 0 to 100"),
            (self.config_interval > 0, "--config-interval must be more than 0s"),
            (self.workers >= 1, "--workers must be at least 1"),
            (self.restart_spacing >= 0, "--restart-spacing must be 0s or more"),
            (
                0 < self.retry_period * 2 <= self.renew_deadline <= self.lease_duration * 0.8,
                "--renew-deadline must be at least twice --retry-period and at most four fifths of --lease-duration",
            ),
        )
        for holds, sentence in checks:
            if not holds:
                raise SettingsError(sentence)
        Address.parse(self.metrics_address)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def parse(cls, written: str) -> "Address":
        """Read `HOST:PORT`, `[IPV6]:PORT` or `:PORT` for every address. Raises `SettingsError`."""
        found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]*)):([0-9]{1,5})", written)
        if found is None or int(found[3]) > 65535:
            raise SettingsError(f"--metrics-address {written!r} must be HOST:PORT, like 127.0.0.1:8080")
        return cls(found[1] or found[2] or "0.0.0.0", int(found[3]))  # noqa: S104  (`:8080` asks for it)


def _is_url(url: str) -> bool:
    if not url:
        return True
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_name(name: str) -> bool:
    return len(name) <= 253 and re.fullmatch(schema.DNS_SUBDOMAIN, name) is not None


def find_kubeconfig(
    environment: Mapping[str, str] = os.environ, *, account: Path = SERVICE_ACCOUNT, home: Path | None = None
) -> str | None:
    """Return the kubeconfig to use when none was given; None inside a cluster, where the pod's account is used.

    A KUBECONFIG inside a cluster is passed over: a pod that got one from its image or its node would act elsewhere.
    """
    if environment.get("KUBERNETES_SERVICE_HOST") and (account / "token").is_file():
        return None
    if environment.get("KUBECONFIG"):
        return environment["KUBECONFIG"]
    usual = (home or Path.home()) / ".kube" / "config"
    return str(usual) if usual.is_file() else None


def find_lease_namespace(*, account: Path = SERVICE_ACCOUNT) -> str:
    """Return the namespace of the pod that this runs in, or `default` outside of a cluster."""
    try:
        return (account / "namespace").read_text().strip() or "default"
    except OSError:
        return "default"
