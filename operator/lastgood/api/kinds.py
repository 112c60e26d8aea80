"""The seven kinds of the API, as data.

Clients, the CLI, the chart's tests and the CRD generator take group, version and plural from here; nobody
spells them a second time. Short names avoid those of Flux (`ks`), Cluster API (`md`) and Linkerd (`sp`).
"""

from dataclasses import dataclass
from typing import Final

from lastgood.api import names


@dataclass(frozen=True)
class Kind:
    """How the API server calls one kind."""

    kind: str
    plural: str
    short_name: str
    namespaced: bool
    group: str = names.GROUP
    version: str = names.VERSION
    categories: tuple[str, ...] = (names.CATEGORY,)

    @property
    def singular(self) -> str:
        """The name in lower case, as `kubectl get` takes it."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """`group/version`, as an object's `apiVersion` spells it."""
        return f"{self.group}/{self.version}"

    @property
    def crd_name(self) -> str:
        """The name of the CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"

    def path(self, *, namespace: str | None = None, name: str | None = None) -> str:
        """Give the REST path of the collection (without a namespace: of all namespaces) or of one object."""
        where = f"/namespaces/{namespace}" if self.namespaced and namespace is not None else ""
        return f"/apis/{self.api_version}{where}/{self.plural}" + (f"/{name}" if name is not None else "")


MODEL_DEPLOYMENT: Final = Kind("ModelDeployment", "modeldeployments", "mdep", namespaced=True)
MODEL_CHECKPOINT: Final = Kind("ModelCheckpoint", "modelcheckpoints", "mckpt", namespaced=True)
KILL_SWITCH: Final = Kind("KillSwitch", "killswitches", "kswitch", namespaced=True)
CLUSTER_KILL_SWITCH: Final = Kind("ClusterKillSwitch", "clusterkillswitches", "ckswitch", namespaced=False)
SAFETY_POLICY: Final = Kind("SafetyPolicy", "safetypolicies", "spol", namespaced=True)
CLUSTER_SAFETY_POLICY: Final = Kind("ClusterSafetyPolicy", "clustersafetypolicies", "cspol", namespaced=False)
SAFETY_DRILL: Final = Kind("SafetyDrill", "safetydrills", "drill", namespaced=True)

KINDS: Final = (
    MODEL_DEPLOYMENT,
    MODEL_CHECKPOINT,
    KILL_SWITCH,
    CLUSTER_KILL_SWITCH,
    SAFETY_POLICY,
    CLUSTER_SAFETY_POLICY,
    SAFETY_DRILL,
)
BY_KIND: Final = {kind.kind: kind for kind in KINDS}
