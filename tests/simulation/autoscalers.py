"""Who scales a Deployment by load: the HorizontalPodAutoscaler's controller, and KEDA's.

KEDA is played as in tests/cluster/operator/keda.py: while its annotation `paused-replicas` stands it removes the
autoscaler that it owns and scales to the number, whenever the ScaledObject changes; otherwise it keeps that autoscaler
and scales by the load, between its bounds and down to zero.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation.apiserver import ApiServer, Key
from tests.simulation.objects import Object, value_at

AUTOSCALER: Final = "horizontal-pod-autoscaler"
KEDA: Final = "keda-operator"
PAUSED: Final = names.ANNOTATION_PAUSED_REPLICAS
KEDAS_OWN: Final = "keda-hpa-"


@dataclass
class Autoscalers:
    """All autoscalers of one cluster; each `step` lets every one look once."""

    server: ApiServer
    scale: Callable[[Object, int, str], None]
    """Scales a Deployment for somebody, if the API server admits it."""
    load: int = 3
    """The replicas that the metrics ask for."""
    _seen: dict[Key, str] = field(default_factory=dict)
    """The resourceVersion of each ScaledObject that KEDA has reconciled."""

    def step(self) -> None:
        """Let each look at what it scales."""
        for key in list(self.server.of(resources.SCALED_OBJECTS)):
            self._reconcile(key)
        for key in list(self.server.of(resources.HPAS)):
            self._autoscale(key)

    def _autoscale(self, key: Key) -> None:
        raw = self.server.of(resources.HPAS)[key]
        spec, deployment = raw["spec"], self._target(raw, key[0])
        if deployment is None:
            return
        now, least = deployment["spec"]["replicas"], spec.get("minReplicas", 1)
        if now == 0:
            # It stands down at zero, unless zero is what it may scale to and from.
            held = value_at(spec, "behavior", "scaleUp", "selectPolicy") == "Disabled"
            if least == 0 and self.load > 0 and not held:
                self.scale(deployment, 1, AUTOSCALER)
            return
        wanted = min(max(now, least), spec["maxReplicas"])
        if wanted != now:
            self.scale(deployment, wanted, AUTOSCALER)

    def _reconcile(self, key: Key) -> None:
        raw = self.server.of(resources.SCALED_OBJECTS)[key]
        deployment = self._target(raw, key[0])
        own: Key = key[0], f"{KEDAS_OWN}{key[1]}"
        paused = (raw["metadata"].get("annotations") or {}).get(PAUSED)
        changed = self._seen.get(key) != raw["metadata"]["resourceVersion"]
        self._seen[key] = raw["metadata"]["resourceVersion"]
        if paused is not None:
            self.server.delete(resources.HPAS, own, by=KEDA)
            if changed and deployment is not None and deployment["spec"]["replicas"] != int(paused):
                self.scale(deployment, int(paused), KEDA)
            return
        least, most = raw["spec"]["minReplicaCount"], raw["spec"]["maxReplicaCount"]
        if self.server.find(resources.HPAS, own) is None:
            self.server.create(resources.HPAS, key[0], _owned(raw, own[1], least, most), by=KEDA)
        wanted = min(max(self.load, least), most)
        if deployment is not None and deployment["spec"]["replicas"] != wanted:
            self.scale(deployment, wanted, KEDA)

    def _target(self, raw: Object, namespace: str) -> Object | None:
        return self.server.find(resources.DEPLOYMENTS, (namespace, raw["spec"]["scaleTargetRef"]["name"]))


def _owned(raw: Object, name: str, least: int, most: int) -> Object:
    metadata = raw["metadata"]
    owner = {
        "kind": resources.SCALED_OBJECTS.kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", **raw["spec"]["scaleTargetRef"]}
    return {
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": {"scaleTargetRef": target, "minReplicas": max(least, 1), "maxReplicas": most},
    }
