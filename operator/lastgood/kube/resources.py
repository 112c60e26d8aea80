"""The kinds of object that the operator reads or writes, and where the API server serves them."""

from dataclasses import dataclass

from lastgood.api import kinds


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One kind of object as the API server serves it; `group` is empty for the core group. There is one of each."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    def path(self, *, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of the collection, of one object, or of one of its subresources."""
        parts = ["api", self.version] if not self.group else ["apis", self.group, self.version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part is not None]
        return "/" + "/".join(parts)

    @property
    def api_version(self) -> str:
        """The `apiVersion` that objects of this kind carry."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _own(kind: kinds.Kind) -> Resource:
    return Resource(kind.group, kind.version, kind.plural, kind.kind, kind.namespaced)


MODEL_DEPLOYMENTS = _own(kinds.MODEL_DEPLOYMENT)
MODEL_CHECKPOINTS = _own(kinds.MODEL_CHECKPOINT)
KILL_SWITCHES = _own(kinds.KILL_SWITCH)
CLUSTER_KILL_SWITCHES = _own(kinds.CLUSTER_KILL_SWITCH)
SAFETY_DRILLS = _own(kinds.SAFETY_DRILL)

DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
PODS = Resource("", "v1", "pods", "Pod")
SERVICES = Resource("", "v1", "services", "Service")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
HPAS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
SCALED_OBJECTS = Resource("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
"""KEDA's; where KEDA is not installed the API server does not know them."""
POLICY_BINDINGS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
)
CRDS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
