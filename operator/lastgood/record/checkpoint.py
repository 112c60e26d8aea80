"""Writing ModelCheckpoints: what ran, what is held of it, and when it was switched to (semantics.md, F1)."""

from typing import Any, Final

from lastgood.api import modelcheckpoint, names
from lastgood.api.timestamps import written
from lastgood.decide import asking, candidate, facts, records
from lastgood.kube import client, errors, resources

MOST_ACTIVATIONS: Final = 20
"""How many activations a checkpoint keeps (rule F1)."""


LONGEST_MESSAGE: Final = 1024
"""Characters of an answer that are kept."""


Kept = (
    records.TakeCheckpoint
    | records.GiveVerdict
    | records.Activate
    | records.NoteContent
    | records.AnswerRequest
    | records.SetOwners
)
"""What is recorded in a ModelCheckpoint."""


async def write(cluster: client.Cluster, namespace: str, model: str, record: Kept) -> client.Object:
    """Make a record about one version durable. Raises `errors.Conflict` when it is not as the decision knew it."""
    match record:
        case records.TakeCheckpoint():
            return await take(cluster, namespace, model, record)
        case records.GiveVerdict():
            return await give_verdict(cluster, namespace, record)
        case records.Activate():
            return await activate(cluster, namespace, record)
        case records.NoteContent():
            return await note_content(cluster, namespace, record)
        case records.AnswerRequest():
            return await answer(cluster, namespace, record)
        case records.SetOwners():
            return await set_owners(cluster, namespace, record)


async def take(
    cluster: client.Cluster, namespace: str, model: str, record: records.TakeCheckpoint
) -> client.Object:
    """Save a version. Raises `AlreadyExists` when it was saved meanwhile, and `Invalid` where its name is taken."""
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
    if checkpoint.workload:
        saved["workload"] = checkpoint.workload
    if checkpoint.base is not None:
        saved["base"] = _base(checkpoint.base)
    if checkpoint.content is not None:
        saved["configRefs"] = _refs(checkpoint.content)
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
            "requests": [_answer(each) for each in checkpoint.answers],
        },
    }
    try:
        return await cluster.create(resources.MODEL_CHECKPOINTS, namespace, body)
    except errors.AlreadyExists as saved_before:
        raise await _in_the_way(cluster, namespace, model, record) or saved_before from saved_before


async def _in_the_way(
    cluster: client.Cluster, namespace: str, model: str, record: records.TakeCheckpoint
) -> errors.ClusterError | None:
    """Return why what is there under this name is never found as the model's; None where it is the model's version."""
    name = record.checkpoint.name
    found = await cluster.get(resources.MODEL_CHECKPOINTS, namespace, name)
    saved = (found.get("spec") or {}).get("saved") or {}
    if (saved.get("model"), saved.get("digest")) != (model, record.checkpoint.digest):
        return errors.Invalid(
            f"ModelCheckpoint {name} has the name by which version {record.checkpoint.version} is saved, and holds "
            f"another: of model {saved.get('model')}, version {saved.get('version')}; give one of them another name"
        )
    if ((found["metadata"].get("labels") or {}).get(names.LABEL_MODEL)) == model:
        return None
    return errors.Invalid(
        f"ModelCheckpoint {name} has lost its label, without which it counts for nobody; "
        f"kubectl label mckpt {name} {names.LABEL_MODEL}={model} --overwrite -n {namespace}"
    )


async def give_verdict(cluster: client.Cluster, namespace: str, record: records.GiveVerdict) -> client.Object:
    """Change the verdict on a saved version; the evidence of an earlier verdict goes with it."""
    verdict = {"reason": None, "evidence": None, **_verdict(record.verdict)}
    return await _patch(cluster, namespace, record.checkpoint, {"verdict": verdict}, answer=record.answer)


async def activate(cluster: client.Cluster, namespace: str, record: records.Activate) -> client.Object:
    """Add an activation to a saved version, and drop the oldest beyond what is kept."""
    kept = candidate.activated(record.checkpoint, record.activation).activations[-MOST_ACTIVATIONS:]
    spec = {"activations": [_activation(each) for each in kept]}
    return await _patch(cluster, namespace, record.checkpoint, spec, answer=record.answer)


async def answer(cluster: client.Cluster, namespace: str, record: records.AnswerRequest) -> client.Object:
    """Keep what came of a request."""
    return await _patch(cluster, namespace, record.checkpoint, {}, answer=record.answer)


async def set_owners(cluster: client.Cluster, namespace: str, record: records.SetOwners) -> client.Object:
    """Replace the owner references, by which the garbage collector deletes it with its model or leaves it."""
    body = {
        "metadata": {
            "resourceVersion": record.checkpoint.resource_version,
            "ownerReferences": [dict(each) for each in record.owners],
        }
    }
    return await cluster.patch(resources.MODEL_CHECKPOINTS, namespace, record.checkpoint.name, body)


async def note_content(cluster: client.Cluster, namespace: str, record: records.NoteContent) -> client.Object:
    """Note what the ConfigMaps of a saved version hold now; what is saved never changes."""
    config: dict[str, Any] = {"refs": _refs(record.content), "changedAt": None}
    if record.content.changed_at is not None:
        config["changedAt"] = written(record.content.changed_at)
    return await _patch(cluster, namespace, record.checkpoint, {"config": config}, answer=None)


async def _patch(
    cluster: client.Cluster,
    namespace: str,
    checkpoint: facts.Checkpoint,
    spec: dict[str, Any],
    *,
    answer: asking.Answer | None,
) -> client.Object:
    """Change a checkpoint; a verdict that was asked for by hand is taken down with the answer to it."""
    metadata: dict[str, Any] = {"resourceVersion": checkpoint.resource_version}
    if answer is not None:
        spec = {
            **spec,
            "requests": [_answer(each) for each in candidate.answered(checkpoint, answer).answers],
        }
        if checkpoint.asked == answer.asked and answer.asked.by_hand:
            metadata["annotations"] = {names.ANNOTATION_VERDICT: None}
    body = {"metadata": metadata, "spec": spec}
    return await cluster.patch(resources.MODEL_CHECKPOINTS, namespace, checkpoint.name, body)


def _answer(answer: asking.Answer) -> dict[str, Any]:
    body = {
        "request": answer.request,
        "value": answer.asked.value[: asking.LONGEST_VALUE],
        "at": written(answer.at),
        "outcome": answer.outcome.value,
        "message": answer.message[:LONGEST_MESSAGE],
    }
    if answer.asked.by:
        body["by"] = answer.asked.by[:253]
    if answer.asked.at is not None:
        body["askedAt"] = written(answer.asked.at)
    return body


def _refs(content: facts.Content) -> list[dict[str, str]]:
    kind = modelcheckpoint.ConfigKind.CONFIG_MAP.value
    return [{"kind": kind, "name": name, "hash": held} for name, held in content.hashes.items()]


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
        "reason": verdict.reason[:128],
        "since": written(verdict.since),
        "by": verdict.by[:253],
    }
    if verdict.evidence is not None:
        body["evidence"] = modelcheckpoint.Evidence.model_validate(verdict.evidence).wire()
    return body


def _activation(activation: facts.Activation) -> dict[str, Any]:
    body = {"at": written(activation.at), "reason": activation.why.value}
    if activation.came_from is not None:
        body["from"] = activation.came_from
    if activation.workload:
        body["workload"] = activation.workload
    return body
