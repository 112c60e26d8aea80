"""Writing ModelCheckpoints: what ran, what is held of it, and when it was switched to (semantics.md, F1)."""

from typing import Any, Final

from lastgood.api import modelcheckpoint, names
from lastgood.api.timestamps import written
from lastgood.decide import candidate, facts, records
from lastgood.kube import client, resources

MOST_ACTIVATIONS: Final = 20
"""How many activations a checkpoint keeps (rule F1)."""


async def take(
    cluster: client.Cluster, namespace: str, model: str, record: records.TakeCheckpoint
) -> client.Object:
    """Save a version. Raises `AlreadyExists` when it was saved meanwhile."""
    checkpoint = record.checkpoint
    saved: dict[str, Any] = {
        "model": model,
        "version": checkpoint.version,
        "podTemplate": checkpoint.template,
        "digest": checkpoint.digest,
        "images": [
            {"name": container["name"], "image": container["image"]}
            for container in (checkpoint.template.get("spec") or {}).get("containers") or []
            if container.get("image")
        ],
        "replicas": record.replicas,
        "createdAt": written(checkpoint.created_at),
    }
    if checkpoint.base is not None:
        saved["base"] = _base(checkpoint.base)
    if record.autoscaler is not None:
        saved["autoscaler"] = {
            "kind": record.autoscaler.kind,
            "name": record.autoscaler.name,
            "minReplicas": record.autoscaler.before.min_replicas,
            "maxReplicas": record.autoscaler.before.max_replicas,
        }
    body = {
        "metadata": {
            "name": checkpoint.name,
            "labels": {names.LABEL_MODEL: model, names.LABEL_VERSION: checkpoint.version},
        },
        "spec": {
            "saved": saved,
            "verdict": _verdict(checkpoint.verdict),
            "activations": [_activation(each) for each in checkpoint.activations],
        },
    }
    return await cluster.create(resources.MODEL_CHECKPOINTS, namespace, body)


async def give_verdict(cluster: client.Cluster, namespace: str, record: records.GiveVerdict) -> client.Object:
    """Change the verdict on a saved version; the evidence of an earlier verdict goes with it."""
    verdict = {"reason": None, "evidence": None, **_verdict(record.verdict)}
    return await _patch(cluster, namespace, record.checkpoint, {"verdict": verdict})


async def activate(cluster: client.Cluster, namespace: str, record: records.Activate) -> client.Object:
    """Add an activation to a saved version, and drop the oldest beyond what is kept."""
    kept = candidate.activated(record.checkpoint, record.activation).activations[-MOST_ACTIVATIONS:]
    return await _patch(
        cluster, namespace, record.checkpoint, {"activations": [_activation(each) for each in kept]}
    )


async def _patch(
    cluster: client.Cluster, namespace: str, checkpoint: facts.Checkpoint, spec: dict[str, Any]
) -> client.Object:
    body = {"metadata": {"resourceVersion": checkpoint.resource_version}, "spec": spec}
    return await cluster.patch(resources.MODEL_CHECKPOINTS, namespace, checkpoint.name, body)


def _base(base: facts.Base) -> dict[str, Any]:
    body: dict[str, Any] = {"container": base.container}
    if base.image is not None:
        body["image"] = base.image
    if base.args is not None:
        body["args"] = list(base.args)
    if base.env:
        body["env"] = [dict(item) for item in base.env]
    return body


def _verdict(verdict: facts.VerdictFact) -> dict[str, Any]:
    body: dict[str, Any] = {
        "value": verdict.worth.value,
        "reason": verdict.reason,
        "since": written(verdict.since),
        "by": verdict.by,
    }
    if verdict.evidence is not None:
        body["evidence"] = modelcheckpoint.Evidence.model_validate(verdict.evidence).wire()
    return body


def _activation(activation: facts.Activation) -> dict[str, Any]:
    body = {"at": written(activation.at), "reason": activation.why.value}
    if activation.came_from is not None:
        body["from"] = activation.came_from
    return body
