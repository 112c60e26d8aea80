"""What a world begins with, drawn from its seed: models, their Deployments, and perhaps an autoscaler."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from lastgood.kube import errors, resources
from tests.simulation.apiserver import ApiServer
from tests.simulation.objects import Object

NAMESPACE: Final = "ml"
VERSIONS: Final = ("a", "b", "c", "d")
INTERVAL: Final = 10.0
"""Seconds between two looks at a threshold."""
WARMUP: Final = timedelta(seconds=10)
BAKE: Final = timedelta(seconds=25)
COOLDOWN: Final = timedelta(seconds=60)
BUDGET: Final = 3
BUDGET_PER: Final = timedelta(minutes=2)
DEADLINE: Final = timedelta(seconds=120)
PROBATION: Final = timedelta(seconds=30)
SECONDS: Final = "{:g}s"
PERSON: Final = "kubectl-annotate"
"""The field manager of people, as kubectl names itself where they ask by annotation."""
GITOPS: Final = "argocd-controller"


@dataclass(frozen=True)
class Threshold:
    """One threshold, as the invariants know it."""

    name: str
    on_breach: str
    for_: timedelta = timedelta(0)
    on_no_data: str = "Hold"

    def wire(self, **more: Any) -> Object:
        body: Object = {
            "name": self.name,
            "query": f'{self.name}{{model="$model",version="$version"}}',
            "max": 1,
            "onBreach": self.on_breach,
            "onNoData": self.on_no_data,
            "window": "20s",
            **more,
        }
        if self.for_:
            body["for"] = f"{self.for_.total_seconds():g}s"
        return body


@dataclass(frozen=True)
class Scene:
    """What is fixed of a world for as long as it lasts."""

    models: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    scaled: bool
    """Whether the first model has an autoscaler."""
    interlock: bool
    """Whether the API server refuses to raise what is held."""
    two: bool
    """Whether a second operator stands by."""
    reports: bool
    """Whether the operator writes statuses and events."""
    spec: Object
    """The rest of each model's spec."""

    def threshold(self, name: str) -> Threshold:
        return next(each for each in self.thresholds if each.name == name)


def draw(chance: random.Random, *, plain: bool = False) -> Scene:
    """Draw a scene; a plain one has a single model, and neither autoscaler nor second operator."""
    several = not plain and chance.random() < 0.2
    errors = Threshold(
        "errors",
        "Rollback",
        timedelta(seconds=chance.choice((0, 0, 25))),
        chance.choice(("Hold", "Hold", "Breach", "Ignore")),
    )
    toxic = Threshold("toxic", "Kill", timedelta(seconds=chance.choice((0, 15))))
    chosen = [errors, toxic]
    if chance.random() < 0.4:
        chosen.append(Threshold("drift", chance.choice(("Hold", "Alert"))))
    manual = not plain and chance.random() < 0.2
    return Scene(
        models=("m", "n") if several else ("m",),
        thresholds=tuple(chosen),
        scaled=not plain and chance.random() < 0.35,
        interlock=chance.random() < 0.5,
        two=not plain and chance.random() < 0.25,
        reports=chance.random() < 0.12,
        spec={
            "interval": SECONDS.format(INTERVAL),
            "rollout": {"bake": "25s", "progressDeadline": "120s"},
            "rollback": {
                "warmup": "10s",
                "cooldown": "60s",
                "budget": {"max": BUDGET, "per": "2m"},
                "onNoGoodVersion": chance.choice(("Hold", "Kill")),
            },
            "killSwitch": {
                "recovery": {
                    "restart": "Manual" if manual else "Probation",
                    "probation": {"replicas": 1, "duration": "30s"},
                    "backoff": 2,
                }
            },
        },
    )


def template(model: str, version: str) -> Object:
    """Return a pod template that runs a version of a model."""
    return {
        "metadata": {"labels": {"app": model}},
        "spec": {"containers": [{"name": "model", "image": f"img:{version}"}], "restartPolicy": "Always"},
    }


def model_spec(scene: Scene, model: str) -> Object:
    """Return the spec that a model begins with."""
    return {
        **scene.spec,
        "workloadRef": {"kind": "Deployment", "name": model},
        "version": "a",
        "versions": [{"name": version, "image": f"img:{version}"} for version in VERSIONS],
        "thresholds": [each.wire() for each in scene.thresholds],
    }


def deployment_spec(model: str, *, replicas: int = 3) -> Object:
    """Return the spec that a Deployment begins with."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": model}},
        "template": template(model, "a"),
    }


def build(scene: Scene, server: ApiServer) -> None:
    """Create what a world begins with."""
    for model in scene.models:
        create_deployment(server, model)
        create_model(scene, server, model)
    if scene.scaled:
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": scene.models[0]}
        body = {
            "metadata": {"name": scene.models[0]},
            "spec": {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 5},
        }
        server.create(resources.HPAS, NAMESPACE, body, by=PERSON)


def create_model(scene: Scene, server: ApiServer, model: str) -> None:
    """Create a ModelDeployment."""
    body = {
        "metadata": {"name": model, "labels": {"team": "payments" if model == "m" else "fraud"}},
        "spec": model_spec(scene, model),
    }
    server.create(resources.MODEL_DEPLOYMENTS, NAMESPACE, body, by=GITOPS)


def create_deployment(server: ApiServer, model: str) -> None:
    """Create the Deployment that serves a model."""
    body = {"metadata": {"name": model}, "spec": deployment_spec(model)}
    try:
        server.create(resources.DEPLOYMENTS, NAMESPACE, body, by=GITOPS)
    except errors.Forbidden:  # it is held, so whoever creates it leaves the start to the release
        body["spec"] = deployment_spec(model, replicas=0)
        server.create(resources.DEPLOYMENTS, NAMESPACE, body, by=GITOPS)
