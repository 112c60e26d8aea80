"""HorizontalPodAutoscalers: held during a kill and in probation, and given back what they were set to (rule K3)."""

from typing import Any

from lastgood.decide import steps
from lastgood.kube import client, resources


async def set_bounds(cluster: client.Cluster, namespace: str, step: steps.SetAutoscaler) -> None:
    """Set the least and most replicas of an autoscaler, and whether it scales up."""
    goal = step.bounds
    spec: dict[str, Any] = {"minReplicas": goal.min_replicas, "maxReplicas": goal.max_replicas}
    if goal.scale_up != step.autoscaler.scale_up:
        # Without a policy there was no behavior, and what the API server has filled in beside ours goes with it.
        policy = None if goal.scale_up is None else {"scaleUp": {"selectPolicy": goal.scale_up}}
        spec["behavior"] = policy
    body = {"metadata": {"resourceVersion": step.autoscaler.resource_version}, "spec": spec}
    await cluster.patch(resources.HPAS, namespace, step.autoscaler.name, body)
