"""KEDA, as far as a ScaledObject's workload sees it: a player of its controller for tests, in words of our own.

While the annotation `autoscaling.keda.sh/paused-replicas` stands, it removes the HorizontalPodAutoscaler that it owns
and scales the workload to the number, whenever the ScaledObject changes. Otherwise it keeps that autoscaler, and scales
between zero and the minimum by a metric; the autoscaler's part, to follow the metric further up, it plays as well.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.operator.running import World

CRD = Path(__file__).with_name("scaledobjects.yaml")
PAUSED = "autoscaling.keda.sh/paused-replicas"
EVERY = 0.2
"""Seconds between two looks; KEDA polls metrics every 30 s."""


def scaled_object(name: str, *, least: int = 0, most: int = 6, paused: str | None = None) -> dict[str, Any]:
    """Return a ScaledObject of the Deployment of the same name."""
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name, "annotations": {} if paused is None else {PAUSED: paused}},
        "spec": {
            "scaleTargetRef": {"name": name},
            "minReplicaCount": least,
            "maxReplicaCount": most,
            "triggers": [{"type": "prometheus", "metadata": {"query": "queue"}}],
        },
    }


class Keda:
    """Plays KEDA in the namespace of one test; `metric` is how many replicas the load asks for."""

    def __init__(self, world: World) -> None:
        self.metric = 0
        self._world = world
        self._stop = threading.Event()
        self._seen: dict[str, str] = {}

    def run(self) -> None:
        """Look at every ScaledObject until stopped."""
        while not self._stop.wait(EVERY):
            for each in self._world.all_of("so"):
                self._look_at(each)

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

    def _look_at(self, scaled: dict[str, Any]) -> None:
        name, spec = scaled["metadata"]["name"], scaled["spec"]
        paused = scaled["metadata"].get("annotations", {}).get(PAUSED)
        changed = self._seen.get(name) != scaled["metadata"]["resourceVersion"]
        self._seen[name] = scaled["metadata"]["resourceVersion"]
        if paused is not None:
            if changed:
                self._world.kubectl("delete", "hpa", f"keda-hpa-{name}", "--ignore-not-found")
            self._scale(spec["scaleTargetRef"]["name"], int(paused))
            return
        if changed:
            self._world.apply(_owned(scaled))
        least, most = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
        self._scale(spec["scaleTargetRef"]["name"], min(max(self.metric, least), most))

    def _scale(self, workload: str, replicas: int) -> None:
        if self._world.get("deployment", workload)["spec"]["replicas"] != replicas:
            # What the interlock refuses is tried again, as KEDA does.
            scale = ("scale", "deployment", workload, f"--replicas={replicas}")
            self._world.cluster.kubectl("-n", self._world.namespace, *scale, check=False)


@contextmanager
def playing(world: World) -> Iterator[Keda]:
    """Install the CRD, and play KEDA."""
    world.cluster.kubectl("apply", "-f", CRD)
    world.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", CRD)
    keda = Keda(world)
    thread = threading.Thread(target=keda.run, name="keda", daemon=True)
    thread.start()
    try:
        yield keda
    finally:
        keda.stop()
        thread.join()


def _owned(scaled: dict[str, Any]) -> dict[str, Any]:
    name, spec = scaled["metadata"]["name"], scaled["spec"]
    owner = {
        "apiVersion": scaled["apiVersion"],
        "kind": scaled["kind"],
        "name": name,
        "uid": scaled["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": f"keda-hpa-{name}", "ownerReferences": [owner]},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": spec["scaleTargetRef"]["name"],
            },
            "minReplicas": max(spec.get("minReplicaCount", 0), 1),
            "maxReplicas": spec.get("maxReplicaCount", 100),
        },
    }


def managers(raw: dict[str, Any]) -> set[str]:
    """Return who has written to an object."""
    return {entry["manager"] for entry in raw["metadata"].get("managedFields", [])}
