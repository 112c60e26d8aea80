"""The ClusterRole that users apply grants what the code asks for, and nothing that it does not."""

from collections import defaultdict
from typing import Any

import yaml

from lastgood.kube import resources
from lastgood.runtime import clusterwide, optional, watching
from tests.unit.house import sources, tracked

STATUS_OF = ("MODEL_DEPLOYMENTS", "KILL_SWITCHES", "CLUSTER_KILL_SWITCHES", "SAFETY_DRILLS")
"""The status is written by one function for all kinds; `report/reporter.py` and `unbuilt.py` call it for these."""


def needed() -> dict[tuple[str, str], set[str]]:
    """Return the verbs that the code asks for, by API group and resource."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for resource in (*watching.WATCHED, *watching.UNBUILT, *optional.OPTIONAL, *clusterwide.WATCHED):
        found[resource.group, resource.plural] |= {"list", "watch"}
    for path, tree in sources.modules():
        if path.startswith(("kube/", "cli/")):  # a command has the rights of who runs it
            continue
        for request in sources.requests(tree, verbs={"get", "list", "create", "patch", "delete"}):
            for constant in STATUS_OF if request.resource == "?" else (request.resource,):
                resource = getattr(resources, constant)
                part = f"{resource.plural}/{request.subresource}" if request.subresource else resource.plural
                if request.resource != "?" or request.subresource == "status":
                    found[resource.group, part].add(request.verb)
        # What is listed without its content is listed all the same, and only by a client of its own.
        for request in sources.requests(tree, verbs={"list_metadata"}):
            resource = getattr(resources, request.resource)
            found[resource.group, resource.plural].add("list")
    return dict(found)


def granted() -> dict[tuple[str, str], set[str]]:
    """Return the verbs that examples/rbac.yaml grants."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    documents: list[Any] = list(yaml.safe_load_all(tracked.text("examples/rbac.yaml")))
    for role in (each for each in documents if each["kind"] in {"ClusterRole", "Role"}):
        for rule in role["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    found[group, resource] |= set(rule["verbs"])
    return dict(found)


def test_the_roles_grant_exactly_what_the_code_asks_for() -> None:
    assert granted() == needed()


def test_the_chart_grants_the_same() -> None:
    documents: list[Any] = list(yaml.safe_load_all(tracked.text("examples/rbac.yaml")))
    (role,) = (each for each in documents if each["kind"] == "ClusterRole")
    chart = yaml.safe_load(tracked.text("helm/lastgood/files/operator-rules.yaml"))
    assert chart == role["rules"], (
        "copy the rules of examples/rbac.yaml to helm/lastgood/files/operator-rules.yaml"
    )


def test_nothing_may_be_deleted() -> None:
    assert not any(
        "delete" in verb or verb in {"*", "update"} for verbs in granted().values() for verb in verbs
    )
