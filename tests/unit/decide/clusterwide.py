"""A ClusterKillSwitch, its children, and what is decided of them."""

import dataclasses
from typing import Any

from lastgood.api.killswitch import LabelSelector
from lastgood.decide.cluster_switch import (
    Child,
    ClusterSwitch,
    Engage,
    Namespace,
    Selection,
    Write,
    decide,
)

PAYMENTS = LabelSelector(match_labels={"team": "payments"})
SWITCH = ClusterSwitch(
    name="pii", uid="u", engaged=True, selection=Selection(reason="INC-1"), owners=("kubectl",)
)
RELEASED = dataclasses.replace(SWITCH, engaged=False)
ELSEWHERE = LabelSelector(match_labels={"team": "fraud"})
ML = Namespace("ml", labels={"team": "payments"})
GITOPS = ("argocd-controller", "kustomize-controller")


def child(namespace: str = "ml", **fields: Any) -> Child:
    found = Child(
        namespace=namespace,
        name="cluster-pii",
        engaged=True,
        selection=SWITCH.selection,
        parent="pii",
        parent_uid="u",
        engaged_by="kubectl",
        resource_version="7",
    )
    return dataclasses.replace(found, **fields)


def decided(
    switch: ClusterSwitch, *namespaces: Namespace, children: tuple[Child, ...] = ()
) -> tuple[Write, ...]:
    return decide(switch, namespaces=namespaces, children=children, gitops_managers=GITOPS)


def engaged_in(writes: tuple[Write, ...]) -> list[str]:
    return [write.child.namespace for write in writes if isinstance(write, Engage)]
