"""What a world begins with, drawn from its seed: models and their Deployments, and what stands around them."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from lastgood.kube import errors, resources
from tests.simulation import aims, around
from tests.simulation.apiserver import ApiServer
from tests.simulation.around import GITOPS, NAMESPACE, PERSON, Around
from tests.simulation.objects import Object

__all__ = ["GITOPS", "NAMESPACE", "PERSON"]
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
BACKOFF: Final = 2
SECONDS: Final = "{:g}s"


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
    around: Around
    """What stands around the first model."""
    follow: bool
    """Whether models follow what is put on their Deployments."""
    listed: bool
    """Whether their versions are listed; only one that follows needs none."""
    interlock: bool
    """Whether the API server refuses to raise what is held."""
    two: bool
    """Whether a second operator stands by."""
    reports: bool
    """Whether the operator writes statuses and events."""
    spec: Object
    """The rest of each model's spec."""
    devoted: str = ""
    """The theme of this world (`aims`); empty for none."""

    def threshold(self, name: str) -> Threshold:
        return next(each for each in self.thresholds if each.name == name)


def draw(chance: random.Random, *, plain: bool = False) -> Scene:
    """Draw a scene; a plain one has a single model, and neither autoscaler nor second operator."""
    devoted = "" if plain else aims.theme(chance)
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
    follow = not plain and chance.random() < 0.12
    return Scene(
        models=("m", "n") if several else ("m",),
        thresholds=tuple(chosen),
        around=Around() if plain else around.draw(chance, devoted=devoted),
        devoted=devoted,
        follow=follow,
        listed=not follow or chance.random() < 0.5,
        interlock=chance.random() < 0.5,
        two=not plain and chance.random() < (0.4 if devoted else 0.2),
        reports=chance.random() < 0.1 or devoted == "reports",
        spec={
            "interval": SECONDS.format(INTERVAL),
            "rollout": {"bake": "25s", "progressDeadline": "120s"},
            "rollback": {
                "warmup": "10s",
                "cooldown": "60s",
                "budget": {"max": BUDGET, "per": "2m"},
                "onNoGoodVersion": chance.choice(("Hold", "Kill", None)),
            },
            "killSwitch": {
                "recovery": {
                    "restart": "Manual" if manual else "Probation",
                    "probation": {"replicas": 1, "duration": "30s"},
                    "backoff": BACKOFF,
                }
            },
        },
    )


def template(scene: Scene, model: str, version: str) -> Object:
    """Return a pod template that runs a version of a model."""
    container: Object = {"name": "model", "image": f"img:{version}"}
    if scene.around.config:
        container["envFrom"] = [{"configMapRef": {"name": around.config_of(scene.models[0])}}]
    return {
        "metadata": {"labels": {"app": model}},
        "spec": {"containers": [container], "restartPolicy": "Always"},
    }


def model_spec(scene: Scene, model: str) -> Object:
    """Return the spec that a model begins with."""
    spec = {
        **scene.spec,
        "workloadRef": {"kind": "Deployment", "name": model},
        "thresholds": [each.wire() for each in scene.thresholds],
    }
    if scene.listed:
        spec["versions"] = [{"name": version, "image": f"img:{version}"} for version in VERSIONS]
    if scene.follow:
        spec["follow"] = True
    else:
        spec["version"] = "a"
    if scene.around.fallback and model == scene.models[0]:
        reference = {"kind": "Deployment", "name": around.stand_in(model)}
        spec["fallback"] = {"workloadRef": reference, "service": model}
        if scene.around.falls_back:
            spec["killSwitch"] = {**scene.spec["killSwitch"], "action": "Fallback"}
    return spec


def ask_for(scene: Scene, server: ApiServer, model: str, version: str, *, by: str = GITOPS) -> None:
    """Let somebody ask for a version: in the spec, or on the Deployment of a model that follows it."""
    if not scene.follow:
        server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, model, {"spec": {"version": version}}, by=by)
        return
    body = {"spec": {"template": {"spec": template(scene, model, version)["spec"]}}}
    server.patch(resources.DEPLOYMENTS, NAMESPACE, model, body, by=by)


def deployment_spec(scene: Scene, model: str, *, replicas: int = 3) -> Object:
    """Return the spec that a Deployment begins with."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": model}},
        "template": template(scene, model, "a"),
    }


def build(scene: Scene, server: ApiServer) -> None:
    """Create what a world begins with."""
    around.build(scene.around, server, scene.models[0])
    for model in scene.models:
        create_deployment(scene, server, model)
        create_model(scene, server, model)


def create_model(scene: Scene, server: ApiServer, model: str) -> None:
    """Create a ModelDeployment."""
    body = {
        "metadata": {"name": model, "labels": {"team": "payments" if model == "m" else "fraud"}},
        "spec": model_spec(scene, model),
    }
    server.create(resources.MODEL_DEPLOYMENTS, NAMESPACE, body, by=GITOPS)


def create_deployment(scene: Scene, server: ApiServer, model: str) -> None:
    """Create the Deployment that serves a model."""
    body = {"metadata": {"name": model}, "spec": deployment_spec(scene, model)}
    try:
        server.create(resources.DEPLOYMENTS, NAMESPACE, body, by=GITOPS)
    except errors.Forbidden:  # it is held, so whoever creates it leaves the start to the release
        body["spec"] = deployment_spec(scene, model, replicas=0)
        server.create(resources.DEPLOYMENTS, NAMESPACE, body, by=GITOPS)
