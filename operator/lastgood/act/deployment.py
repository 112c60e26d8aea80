"""Deployments: giving them another pod template, and scaling them."""

import contextlib
from typing import Any

from lastgood.api import names
from lastgood.decide import steps
from lastgood.kube import client, errors, resources


async def switch_template(cluster: client.Cluster, namespace: str, step: steps.SwitchTemplate) -> None:
    """Replace the whole pod template (rule R2); replicas are never part of it."""
    operations: client.Operations = [
        # Written back unchanged, the resourceVersion makes the API server refuse the patch of anything newer.
        {"op": "replace", "path": "/metadata/resourceVersion", "value": step.workload.resource_version},
        {"op": "replace", "path": "/spec/template", "value": step.template},
    ]
    if step.unpause:
        operations.append({"op": "add", "path": "/spec/paused", "value": False})
    await cluster.patch(resources.DEPLOYMENTS, namespace, step.workload.name, operations)


async def scale(cluster: client.Cluster, namespace: str, step: steps.Scale) -> None:
    """Set the replicas through the scale subresource, which touches nothing else."""
    body: dict[str, Any] = {
        "metadata": {"resourceVersion": step.workload.resource_version},
        "spec": {"replicas": step.replicas},
    }
    await cluster.patch(resources.DEPLOYMENTS, namespace, step.workload.name, body, subresource="scale")


async def empty_replica_set(cluster: client.Cluster, namespace: str, step: steps.EmptyReplicaSet) -> None:
    """Scale an old ReplicaSet to zero; its name holds its template's hash, so that it is never another's."""
    body = {"spec": {"replicas": 0}}
    with contextlib.suppress(errors.NotFound):
        await cluster.patch(resources.REPLICA_SETS, namespace, step.name, body, subresource="scale")


async def label_pod(cluster: client.Cluster, namespace: str, step: steps.LabelPod) -> None:
    """Label a live pod; one that is gone meanwhile needs no label."""
    body = {"metadata": {"uid": step.pod.uid, "labels": dict(step.labels)}}
    with contextlib.suppress(errors.NotFound, errors.Conflict):
        await cluster.patch(resources.PODS, namespace, step.pod.name, body)


async def forget_request(
    cluster: client.Cluster, namespace: str, model: str, step: steps.ForgetRequest
) -> None:
    """Remove the annotation of a ModelDeployment by which a person asked for something that is done."""
    if not step.annotation.startswith(names.GROUP + "/"):
        raise ValueError(f"{step.annotation} is not an annotation of ours")
    body = {
        "metadata": {
            "resourceVersion": step.resource_version,
            "annotations": {step.annotation: None},
        }
    }
    await cluster.patch(resources.MODEL_DEPLOYMENTS, namespace, model, body)
