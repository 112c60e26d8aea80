"""Taking the steps of a decision: one function for each kind of step."""

import asyncio
from typing import Final

from lastgood.act import deployment, hpa, keda, service
from lastgood.decide import autoscalers, steps
from lastgood.kube import client, errors

PATIENCE: Final = 1.0
"""Seconds that a kill gives its autoscaler, and its Service: an admission webhook that hangs takes ten."""


async def take(cluster: client.Cluster, namespace: str, model: str, step: steps.Step) -> None:
    """Take one step. Raises `errors.Conflict` when the world is not as the decision took it to be."""
    match step:
        case steps.SwitchTemplate():
            await deployment.switch_template(cluster, namespace, step)
        case steps.Scale():
            await deployment.scale(cluster, namespace, step)
        case steps.LabelPod():
            await deployment.label_pod(cluster, namespace, step)
        case steps.EmptyReplicaSet():
            await deployment.empty_replica_set(cluster, namespace, step)
        case steps.SetAutoscaler() if step.autoscaler.kind == autoscalers.SCALED_OBJECT:
            await keda.pause(cluster, namespace, step)
        case steps.SetAutoscaler():
            await hpa.set_bounds(cluster, namespace, step)
        case steps.SwitchTraffic():
            await service.switch_traffic(cluster, namespace, step)
        case steps.ForgetRequest():
            await deployment.forget_request(cluster, namespace, model, step)


async def take_before_a_kill(
    cluster: client.Cluster, namespace: str, model: str, step: steps.SetAutoscaler | steps.SwitchTraffic
) -> None:
    """Hold an autoscaler or switch traffic, or give up soon: scaling to zero comes next (rules K1, K6).

    Raises `errors.ClusterError`.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            await take(cluster, namespace, model, step)
    except TimeoutError as error:
        what = (
            f"Service {step.service.name}"
            if isinstance(step, steps.SwitchTraffic)
            else f"{step.autoscaler.kind} {step.autoscaler.name}"
        )
        raise errors.Unavailable(f"{what}: no answer within {PATIENCE:g} s") from error
