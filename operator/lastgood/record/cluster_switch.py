"""Writing the KillSwitches by which a ClusterKillSwitch kills (semantics.md, K2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lastgood.api import names
from lastgood.api.timestamps import written
from lastgood.decide import cluster_switch
from lastgood.kube import client, resources


async def write(
    cluster: client.Cluster,
    decided: cluster_switch.Write,
    *,
    before: cluster_switch.Child | None,
    now: datetime,
) -> client.Object:
    """Make one child as it was decided, from what it was `before`.

    Raises `errors.Conflict` when it is not as the decision knew it, and `AlreadyExists` when its name is taken.
    """
    match decided:
        case cluster_switch.Engage():
            return await _engage(cluster, decided.child, before=before, now=now)
        case cluster_switch.Release():
            body = {
                "metadata": {
                    "resourceVersion": decided.child.resource_version,
                    "annotations": {names.ANNOTATION_RELEASED_BY: decided.by},
                },
                "spec": {"engaged": False},
            }
            return await cluster.patch(
                resources.KILL_SWITCHES, decided.child.namespace, decided.child.name, body
            )


async def _engage(
    cluster: client.Cluster,
    child: cluster_switch.Child,
    *,
    before: cluster_switch.Child | None,
    now: datetime,
) -> client.Object:
    notes = {
        names.ANNOTATION_CLUSTER_SWITCH: child.parent,
        names.ANNOTATION_CLUSTER_SWITCH_UID: child.parent_uid,
        names.ANNOTATION_ENGAGED_BY: child.engaged_by,
        names.ANNOTATION_RELEASED_BY: "",
    }
    if before is None or not before.engaged:
        notes[names.ANNOTATION_ENGAGED_AT] = written(now)
    metadata: dict[str, Any] = {"labels": {names.LABEL_CAUSE: names.CAUSE_CLUSTER}, "annotations": notes}
    spec = {"engaged": True, **_wire(child.selection)}
    if before is None:
        body = {"metadata": {"name": child.name, **metadata}, "spec": spec}
        return await cluster.create(resources.KILL_SWITCHES, child.namespace, body)
    body = {
        "metadata": {"resourceVersion": child.resource_version, **metadata},
        "spec": _instead_of(_wire(before.selection), spec),
    }
    return await cluster.patch(resources.KILL_SWITCHES, child.namespace, child.name, body)


def _wire(selection: cluster_switch.Selection) -> dict[str, Any]:
    body: dict[str, Any] = {
        "models": list(selection.models),
        "selector": None if selection.selector is None else selection.selector.wire(),
        "workloads": list(selection.workloads),
        "action": None if selection.action is None else selection.action.value,
        "reason": selection.reason,
        "requestedBy": selection.requested_by,
    }
    return {key: value for key, value in body.items() if value}


def _instead_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that leaves nothing of before: a selector with the labels of both chooses less."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        patch[key] = _instead_of(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return patch
