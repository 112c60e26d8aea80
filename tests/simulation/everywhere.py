"""People who use ClusterKillSwitches: over the whole cluster, or over the namespaces that a selector chooses."""

from typing import Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation.around import ELSEWHERE, GITOPS, NAMESPACE, PERSON
from tests.simulation.objects import Object
from tests.simulation.people import People

NAME: Final = "recall"
SELECTIONS: Final[tuple[Object, ...]] = (
    {},
    {"namespaceSelector": {"matchLabels": {"stage": "prod"}}},
    {"models": ["m"]},
    {"selector": {"matchLabels": {"team": "payments"}}},
    {"workloads": ["m"], "namespaceSelector": {"matchLabels": {"stage": "prod"}}},
)


def engage(people: People, model: str, version: str, number: float) -> str:
    """Somebody engages the ClusterKillSwitch."""
    by = GITOPS if number < 0.3 else PERSON
    if people.server.find(resources.CLUSTER_KILL_SWITCHES, ("", NAME)) is None:
        spec = {"engaged": True, "reason": "leak", **SELECTIONS[int(number * 1000) % len(SELECTIONS)]}
        body = {"metadata": {"name": NAME}, "spec": spec}
        people.server.create(resources.CLUSTER_KILL_SWITCHES, "", body, by=by)
    else:
        _patch(people, {"engaged": True}, by=by)
    return f"ClusterKillSwitch {NAME} is engaged by {by}"


def release(people: People, model: str, version: str, number: float) -> str:
    """Somebody releases it: a person, or GitOps, who may not release what a person has engaged."""
    by = GITOPS if number < 0.2 else PERSON
    _patch(people, {"engaged": False}, by=by)
    return f"ClusterKillSwitch {NAME} is released by {by}"


def select_otherwise(people: People, model: str, version: str, number: float) -> str:
    """A person changes what it selects."""
    chosen = SELECTIONS[int(number * 1000) % len(SELECTIONS)]
    fields = ("namespaceSelector", "models", "selector", "workloads")
    _patch(people, {field: chosen.get(field) for field in fields}, by=PERSON)
    return f"ClusterKillSwitch {NAME} selects {chosen}"


def recreate(people: People, model: str, version: str, number: float) -> str:
    """It is deleted, and perhaps created again, engaged or released."""
    old = people.server.get(resources.CLUSTER_KILL_SWITCHES, "", NAME)
    people.server.delete(resources.CLUSTER_KILL_SWITCHES, ("", NAME), by=PERSON)
    if number > 0.6:
        return f"ClusterKillSwitch {NAME} is deleted"
    spec = {**old["spec"], "engaged": number < 0.3}
    body = {"metadata": {"name": NAME}, "spec": spec}
    people.server.create(resources.CLUSTER_KILL_SWITCHES, "", body, by=PERSON)
    return f"ClusterKillSwitch {NAME} is deleted and created again, engaged: {number < 0.3}"


def release_one(people: People, model: str, version: str, number: float) -> str:
    """A person releases the KillSwitches of one namespace, or engages what the operator has released there."""
    labels = {names.LABEL_CAUSE: names.CAUSE_CLUSTER}
    found = people.server.listed(resources.KILL_SWITCHES, NAMESPACE, labels)
    for child in found:
        spec = {"spec": {"engaged": number > 0.8}}
        people.server.patch(resources.KILL_SWITCHES, NAMESPACE, child["metadata"]["name"], spec, by=PERSON)
    return f"KillSwitches of clusters in {NAMESPACE}: {len(found)} set to engaged: {number > 0.8}"


def relabel(people: People, model: str, version: str, number: float) -> str:
    """A namespace gets another stage."""
    name = NAMESPACE if number < 0.5 else ELSEWHERE
    stage = "prod" if number * 10 % 1 < 0.6 else "test"
    body = {"metadata": {"labels": {"stage": stage}}}
    people.server.patch(resources.NAMESPACES, "", name, body, by=PERSON)
    return f"namespace {name} is of stage {stage}"


def _patch(people: People, spec: Object, *, by: str) -> None:
    people.server.patch(resources.CLUSTER_KILL_SWITCHES, "", NAME, {"spec": spec}, by=by)


def engage_all(people: People) -> None:
    """Engage the ClusterKillSwitch anew, over everything."""
    people.server.delete(resources.CLUSTER_KILL_SWITCHES, ("", NAME), by=PERSON)
    body = {"metadata": {"name": NAME}, "spec": {"engaged": True, "reason": "recall"}}
    people.server.create(resources.CLUSTER_KILL_SWITCHES, "", body, by=PERSON)


def not_engaged(people: People) -> list[str]:
    """Return the namespaces in which no switch is engaged for the ClusterKillSwitch."""
    labels = {names.LABEL_CAUSE: names.CAUSE_CLUSTER}
    found = people.server.listed(resources.KILL_SWITCHES, None, labels)
    engaged = {child["metadata"]["namespace"] for child in found if child["spec"]["engaged"]}
    return [namespace for namespace in (NAMESPACE, ELSEWHERE) if namespace not in engaged]
