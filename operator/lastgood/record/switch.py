"""Writing KillSwitches: engaging, releasing, and what has to come back afterwards (semantics.md, K1, K2)."""

import hashlib
import json
from typing import Any

from lastgood.api import names
from lastgood.api.timestamps import written
from lastgood.decide import facts, records
from lastgood.kube import client, resources


async def engage(cluster: client.Cluster, namespace: str, record: records.EngageSwitch) -> client.Object:
    """Create a switch of ours, or engage it again. Raises `AlreadyExists` when it was created meanwhile."""
    switch = record.switch
    body: dict[str, Any] = {
        "metadata": {
            "name": switch.name,
            "labels": {names.LABEL_CAUSE: switch.cause.value},
            "annotations": {
                names.ANNOTATION_MODEL_UID: switch.model_uid,
                names.ANNOTATION_BAD_DIGEST: switch.bad_digest,
                names.ANNOTATION_ENGAGED_AT: "" if switch.engaged_at is None else written(switch.engaged_at),
                names.ANNOTATION_RELEASED_BY: "",
            },
        },
        "spec": {
            "engaged": True,
            "reason": switch.reason[:1024],
            "requestedBy": switch.requested_by[:253],
            "models": list(switch.models),
            "restore": [wire(entry) for entry in switch.entries],
        },
    }
    if switch.action is not None:
        body["spec"]["action"] = switch.action.value
    elif switch.resource_version:
        body["spec"]["action"] = None  # what an earlier kill did with traffic is not what this one does
    if not switch.resource_version:
        return await cluster.create(resources.KILL_SWITCHES, namespace, body)
    return await _patch(cluster, namespace, switch, body)


async def release(cluster: client.Cluster, namespace: str, record: records.ReleaseSwitch) -> client.Object:
    """Release the switch that mirrors a model's field; what it holds stays listed until it is back."""
    body = {
        "metadata": {"annotations": {names.ANNOTATION_RELEASED_BY: record.by}},
        "spec": {"engaged": False},
    }
    return await _patch(cluster, namespace, record.switch, body)


async def _patch(
    cluster: client.Cluster, namespace: str, switch: facts.Switch, body: dict[str, Any]
) -> client.Object:
    metadata = {**body.get("metadata", {}), "resourceVersion": switch.resource_version}
    return await cluster.patch(
        resources.KILL_SWITCHES, namespace, switch.name, {**body, "metadata": metadata}
    )


def wire(entry: facts.Entry) -> dict[str, Any]:
    """Return an entry as the API server is given it."""
    body: dict[str, Any] = {
        "workload": entry.workload,
        "replicas": entry.replicas,
        "ceiling": entry.ceiling,
    }
    if entry.model:
        body["model"] = entry.model
    if entry.autoscaler is not None:
        body["autoscaler"] = _autoscaler(entry.autoscaler)
    if entry.traffic is not None:
        body["traffic"] = {"service": entry.traffic.service, "selector": dict(entry.traffic.selector)}
    if entry.probation is not None:
        body["probation"] = {"round": entry.probation.round}
        if entry.probation.since is not None:
            body["probation"]["since"] = written(entry.probation.since)
        if entry.probation.start_at is not None:
            body["probation"]["startAt"] = written(entry.probation.start_at)
    return body


def left_at(workload: str) -> str:
    """Return the annotation that notes what was left of a workload; its name alone may be too long for one."""
    return names.ANNOTATION_LEFT + hashlib.sha256(workload.encode()).hexdigest()[:8]


def left(entry: facts.Entry) -> str:
    """Return how traffic was before, as JSON for programs and people: Deployment, Service and selector."""
    return json.dumps({"workload": entry.workload, **wire(entry).get("traffic", {})}, sort_keys=True)


def _autoscaler(scaler: facts.Autoscaler) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": scaler.kind, "name": scaler.name, **_bounds(scaler.before)}
    if scaler.uid:
        body["uid"] = scaler.uid
    if scaler.revision:
        body["resourceVersion"] = str(scaler.revision)
    if scaler.held:
        body["held"] = [_bounds(each) for each in scaler.held]
    return body


def _bounds(bounds: facts.Bounds) -> dict[str, Any]:
    fields = {
        "minReplicas": bounds.min_replicas,
        "maxReplicas": bounds.max_replicas,
        "scaleUp": bounds.scale_up,
        "pausedReplicas": bounds.paused_replicas,
    }
    return {key: value for key, value in fields.items() if value is not None}
