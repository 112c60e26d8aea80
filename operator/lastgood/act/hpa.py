"""HorizontalPodAutoscalers: held at a number during probation, and given their bounds back (rule K3).

During a kill they need no touch: one with minReplicas above 0 stands down by itself at replicas 0.
"""

from lastgood.decide import steps
from lastgood.kube import client, resources


async def set_bounds(cluster: client.Cluster, namespace: str, step: steps.SetAutoscaler) -> None:
    """Set the least and most replicas of an autoscaler."""
    body = {
        "metadata": {"resourceVersion": step.autoscaler.resource_version},
        "spec": {"minReplicas": step.min_replicas, "maxReplicas": step.max_replicas},
    }
    await cluster.patch(resources.HPAS, namespace, step.autoscaler.name, body)
