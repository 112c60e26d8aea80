"""What stands around the models of a world: autoscalers, a fallback with its Service, a ConfigMap, other namespaces.

None of it is there in every world: each part costs time, and is drawn where it has something to add.
"""

import random
from dataclasses import dataclass
from typing import Final

from lastgood.kube import resources
from tests.simulation.apiserver import ApiServer
from tests.simulation.objects import Object

NAMESPACE: Final = "ml"
ELSEWHERE: Final = "lab"
"""A namespace without models."""
PERSON: Final = "kubectl-annotate"
"""The field manager of people, as kubectl names itself where they ask by annotation."""
GITOPS: Final = "argocd-controller"
HPA: Final = "HorizontalPodAutoscaler"
KEDA: Final = "ScaledObject"
LEAST_WITH_HPA: Final = 2
MOST: Final = 5
"""The most replicas that any autoscaler gives a model."""


@dataclass(frozen=True)
class Around:
    """What a world has beside models and Deployments."""

    autoscaler: str = ""
    """The kind of the first model's autoscaler; empty for none."""
    from_zero: bool = False
    """Whether a HorizontalPodAutoscaler may scale to zero, and from it."""
    fallback: bool = False
    """Whether a fallback stands in for the first model."""
    falls_back: bool = False
    """Whether every kill of that model sends its traffic there, and not only one that says so."""
    config: bool = False
    """Whether the pods read a ConfigMap."""
    everywhere: bool = False
    """Whether somebody uses ClusterKillSwitches."""

    @property
    def least(self) -> int:
        """The least replicas of a HorizontalPodAutoscaler."""
        return 0 if self.from_zero else LEAST_WITH_HPA


def draw(chance: random.Random, *, devoted: str = "") -> Around:
    """Draw what a world has, among it all that its theme needs."""
    kind = {"hpa": 0.0, "keda": 0.3}.get(devoted, chance.random())
    return Around(
        autoscaler=HPA if kind < 0.25 else KEDA if kind < 0.4 else "",
        from_zero=kind < 0.08,
        fallback=chance.random() < 0.15 or devoted == "traffic",
        falls_back=chance.random() < 0.6,
        config=chance.random() < 0.1 or devoted == "papers",
        everywhere=chance.random() < 0.15 or devoted == "everywhere",
    )


def build(around: Around, server: ApiServer, model: str) -> None:
    """Create what there is at the beginning, around the first model."""
    if around.everywhere:
        for name, stage in ((NAMESPACE, "prod"), (ELSEWHERE, "test"), ("kube-system", "")):
            labels = {"stage": stage} if stage else {}
            server.create(resources.NAMESPACES, "", {"metadata": {"name": name, "labels": labels}}, by=PERSON)
    create_autoscaler(around, server, model)
    if around.fallback:
        create_stand_in(server, model)
        create_service(server, model)
    if around.config:
        create_config(server, model)


def create_autoscaler(around: Around, server: ApiServer, model: str) -> None:
    """Create the autoscaler of a model."""
    if around.autoscaler == HPA:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": model}
        spec: Object = {"scaleTargetRef": target, "minReplicas": around.least, "maxReplicas": MOST}
        server.create(resources.HPAS, NAMESPACE, {"metadata": {"name": model}, "spec": spec}, by=PERSON)
    elif around.autoscaler == KEDA:
        spec = {"scaleTargetRef": {"name": model}, "minReplicaCount": 0, "maxReplicaCount": MOST}
        body = {"metadata": {"name": model}, "spec": spec}
        server.create(resources.SCALED_OBJECTS, NAMESPACE, body, by=PERSON)


def stand_in(model: str) -> str:
    """Return the name of the Deployment that stands in for a model."""
    return f"{model}-rules"


def create_stand_in(server: ApiServer, model: str) -> None:
    """Create the Deployment that stands in for a model."""
    name = stand_in(model)
    pod = {"containers": [{"name": "rules", "image": "img:rules"}], "restartPolicy": "Always"}
    labels = {"app": name}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    server.create(resources.DEPLOYMENTS, NAMESPACE, {"metadata": {"name": name}, "spec": spec}, by=GITOPS)


def create_service(server: ApiServer, model: str) -> None:
    """Create the Service that brings a model its requests."""
    body = {"metadata": {"name": model}, "spec": {"selector": {"app": model}}}
    server.create(resources.SERVICES, NAMESPACE, body, by=GITOPS)


def create_config(server: ApiServer, model: str) -> None:
    """Create the ConfigMap that all versions of a model read."""
    body = {"metadata": {"name": config_of(model)}, "data": {"threshold": "0.5"}}
    server.create(resources.CONFIG_MAPS, NAMESPACE, body, by=GITOPS)


def config_of(model: str) -> str:
    """Return the name of a model's ConfigMap."""
    return f"{model}-config"
