"""What happens around the models: load, autoscalers, Services, fallbacks, ConfigMaps, and drills that are not built."""

from collections.abc import Callable
from typing import Final

from lastgood.api import names
from lastgood.kube import errors, resources
from tests.simulation import around
from tests.simulation.around import GITOPS, HPA, KEDA, NAMESPACE, PERSON
from tests.simulation.autoscalers import PAUSED
from tests.simulation.people import People

Move = Callable[[People, str, str, float], str]
LOADS: Final = (3, 3, 3, 5, 4, 2, 0)
PAUSES: Final = ("2", "4")
"""Where people pause KEDA: at no number by which the operator holds, which could not be told apart (rule K3)."""


# Autoscalers


def load(people: People, model: str, version: str, number: float) -> str:
    """The load changes, which autoscalers follow."""
    people.controllers.autoscalers.load = LOADS[int(number * len(LOADS))]
    people.controllers.disturb()
    return f"the load asks for {people.controllers.autoscalers.load} replicas"


def pause_keda(people: People, model: str, version: str, number: float) -> str:
    """A person pauses KEDA at a number, or lets it go on."""
    value = PAUSES[int(number * 10) % 2] if number < 0.4 else None
    annotate_scaled_object(people, value)
    return f"KEDA is paused at {value}"


def annotate_scaled_object(people: People, value: str | None) -> None:
    """Let a person set, or take down, KEDA's annotation."""
    body = {"metadata": {"annotations": {PAUSED: value}}}
    people.server.patch(resources.SCALED_OBJECTS, NAMESPACE, people.scene.models[0], body, by=PERSON)


def rebound(people: People, model: str, version: str, number: float) -> str:
    """A person sets an autoscaler to other bounds."""
    first, most = people.scene.models[0], (around.MOST, 4, 6)[int(number * 3)]
    if people.scene.around.autoscaler == KEDA:
        body = {"spec": {"maxReplicaCount": most}}
        people.server.patch(resources.SCALED_OBJECTS, NAMESPACE, first, body, by=PERSON)
    else:
        people.server.patch(resources.HPAS, NAMESPACE, first, {"spec": {"maxReplicas": most}}, by=PERSON)
    return f"the autoscaler of {first} gives {most} replicas at most"


def recreate_autoscaler(people: People, model: str, version: str, number: float) -> str:
    """An autoscaler is deleted, and perhaps created again."""
    key = NAMESPACE, people.scene.models[0]
    kind = resources.HPAS if people.scene.around.autoscaler == HPA else resources.SCALED_OBJECTS
    people.server.delete(kind, key, by=GITOPS)
    if kind is resources.SCALED_OBJECTS:
        people.server.delete(resources.HPAS, (NAMESPACE, f"keda-hpa-{key[1]}"), by=GITOPS)
    if number < 0.7:
        around.create_autoscaler(people.scene.around, people.server, key[1])
    return f"the autoscaler of {key[1]} is deleted" + (" and created again" if number < 0.7 else "")


def restore_autoscaler(people: People, model: str, version: str, number: float) -> str:
    """An autoscaler that is missing is created."""
    around.create_autoscaler(people.scene.around, people.server, people.scene.models[0])
    return "the autoscaler is created"


# Traffic


def steer(people: People, model: str, version: str, number: float) -> str:
    """GitOps puts a Service's selector back."""
    first = people.scene.models[0]
    body = {"spec": {"selector": {"app": first}}}
    people.server.patch(resources.SERVICES, NAMESPACE, first, body, by=GITOPS)
    return f"Service {first} selects the model again"


def recreate_service(people: People, model: str, version: str, number: float) -> str:
    """A Service is deleted, and perhaps created again."""
    first = people.scene.models[0]
    people.server.delete(resources.SERVICES, (NAMESPACE, first), by=GITOPS)
    if number < 0.7:
        around.create_service(people.server, first)
    return f"Service {first} is deleted" + (" and created again" if number < 0.7 else "")


def restore_traffic(people: People, model: str, version: str, number: float) -> str:
    """A Service, or a fallback, that is missing is created."""
    first, made = people.scene.models[0], []
    if people.server.find(resources.SERVICES, (NAMESPACE, first)) is None:
        around.create_service(people.server, first)
        made.append("Service")
    if people.server.find(resources.DEPLOYMENTS, (NAMESPACE, around.stand_in(first))) is None:
        around.create_stand_in(people.server, first)
        made.append("fallback")
    return f"created: {made}"


def lose_the_stand_in(people: People, model: str, version: str, number: float) -> str:
    """The fallback is deleted, or its pods crash, or no longer do."""
    crashing = people.controllers.crashing
    people.controllers.disturb()
    if number < 0.25:
        name = around.stand_in(people.scene.models[0])
        people.server.delete(resources.DEPLOYMENTS, (NAMESPACE, name), by=GITOPS)
        return "the fallback is deleted"
    if number < 0.5:
        crashing.add("img:rules")
        return "the fallback crashes"
    crashing.discard("img:rules")
    return "the fallback starts again"


# What is read, what is owned, and what is not built


def other_content(people: People, model: str, version: str, number: float) -> str:
    """The ConfigMap of the models holds something else."""
    name, data = around.config_of(people.scene.models[0]), {"threshold": f"0.{int(number * 10)}"}
    if people.server.find(resources.CONFIG_MAPS, (NAMESPACE, name)) is None:
        around.create_config(people.server, people.scene.models[0])
    elif number > 0.95:
        people.server.delete(resources.CONFIG_MAPS, (NAMESPACE, name), by=GITOPS)
        return f"ConfigMap {name} is deleted"
    people.server.patch(resources.CONFIG_MAPS, NAMESPACE, name, {"data": data}, by=GITOPS)
    return f"ConfigMap {name} holds {data}"


def own(people: People, model: str, version: str, number: float) -> str:
    """A person says whether a model's checkpoints go with it."""
    value = ("true", "false", None)[int(number * 3)]
    body = {"metadata": {"annotations": {names.ANNOTATION_DELETE_CHECKPOINTS: value}}}
    people.server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, model, body, by=PERSON)
    return f"{model}: checkpoints go with it: {value}"


def drill(people: People, model: str, version: str, number: float) -> str:
    """Somebody creates a drill, or asks for another one."""
    name, spec = f"drill-{model}", {"model": model, "type": ("Rollback", "Kill", "Restore")[int(number * 3)]}
    try:
        people.server.create(
            resources.SAFETY_DRILLS, NAMESPACE, {"metadata": {"name": name}, "spec": spec}, by=PERSON
        )
    except errors.AlreadyExists:
        people.server.patch(resources.SAFETY_DRILLS, NAMESPACE, name, {"spec": spec}, by=PERSON)
    return f"SafetyDrill {name} asks for {spec['type']}"
