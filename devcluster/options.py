"""What a cluster is made of, chosen once before it starts.

Everything here survives a trip through JSON, because another process, the supervisor, reads it.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from devcluster import errors

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")
DURATION = re.compile(r"([0-9]+(ms|[smh]))+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class User:
    """An account that the API server knows by a token."""

    name: str
    """The name that RBAC, admission and audit see."""

    groups: tuple[str, ...] = ()
    """Groups besides ``system:authenticated``."""


def service_account(*, namespace: str, name: str) -> User:
    """Return the account that a pod of this service account would be, without a pod."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return User(name=f"system:serviceaccount:{namespace}:{name}", groups=groups)


DEFAULT_USERS = (
    User(name="ana", groups=("people",)),
    User(name="ben", groups=("people",)),
    service_account(namespace="argocd", name="argocd-application-controller"),
    User(name="argocd"),
    service_account(namespace="lastgood-system", name="lastgood"),
)
"""Accounts for tests of RBAC: two people, GitOps (as a user and as Argo CD's own account), and the operator."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Options of one cluster. Raises DevclusterError when they contradict each other."""

    name: str | None = None
    """Names the cluster for the command line. None: a name of its own, which ends with whoever started it."""

    state_dir: Path | None = None
    """Where everything of the cluster lies; None: below the user's state folder, by name."""

    kwok_nodes: int = 1
    """Nodes on which pods become Ready at once without running."""

    process_nodes: int = 0
    """Nodes that run each container as a local process."""

    images: Path | None = None
    """For process nodes: the YAML file that maps images to commands."""

    services: bool = True
    """For process nodes: a proxy per Service on its cluster IP."""

    prometheus: bool = False
    """Start Prometheus with the cluster; without, ``start_component("prometheus")`` can start it later."""

    scrape_interval: str = "1s"
    """Between two scrapes and between two evaluations of rules, as Prometheus writes durations."""

    feature_gates: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    """Feature gates of the API server and the controller manager, such as ``HPAScaleToZero``."""

    apiserver_args: tuple[str, ...] = ()
    """Further arguments of the API server, after all others."""

    users: tuple[User, ...] = DEFAULT_USERS
    """Accounts that get a token; ``Cluster.kubeconfig_for`` hands out their kubeconfigs."""

    start_timeout: float = 90.0
    """Seconds after which a cluster that is not ready is given up."""

    def __post_init__(self) -> None:
        if self.name is not None and not NAME.fullmatch(self.name):
            raise errors.DevclusterError(
                f"A cluster cannot be named {self.name!r}: use lower-case letters, digits and hyphens."
            )
        if not 0 <= self.kwok_nodes <= 10_000 or not 0 <= self.process_nodes <= 16:
            raise errors.DevclusterError("A cluster has 0 to 10,000 kwok nodes and 0 to 16 process nodes.")
        if self.process_nodes and self.images is None:
            raise errors.DevclusterError(
                "Process nodes need a table of images: name its YAML file with --images FILE."
            )
        if not DURATION.fullmatch(self.scrape_interval):
            raise errors.DevclusterError(
                f"The scrape interval {self.scrape_interval!r} is no duration: write 1s, 500ms or 1m30s."
            )

    def with_absolute_paths(self) -> Self:
        """Return the same options for a process with another working folder."""
        return dataclasses.replace(
            self,
            state_dir=self.state_dir and self.state_dir.absolute(),
            images=self.images and self.images.absolute(),
        )

    def to_json(self) -> str:
        """Return the options as JSON."""
        fields = dataclasses.asdict(self) | {"feature_gates": dict(self.feature_gates)}
        return json.dumps(fields, default=str, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, /) -> Self:
        """Read what ``to_json`` wrote."""
        fields: dict[str, Any] = json.loads(text)
        for key in ("state_dir", "images"):
            fields[key] = Path(fields[key]) if fields[key] else None
        fields["users"] = tuple(
            User(name=user["name"], groups=tuple(user["groups"])) for user in fields["users"]
        )
        fields["apiserver_args"] = tuple(fields["apiserver_args"])
        return cls(**fields)
