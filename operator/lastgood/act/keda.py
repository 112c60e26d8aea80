"""KEDA's ScaledObjects: paused at a number by KEDA's own annotation, and unpaused (rule K3).

The annotation wins over `autoscaling.keda.sh/paused`, which is left to people. While it stands KEDA asks no metric,
scales the workload to the number, and removes or pins down the HorizontalPodAutoscaler that it owns; without it KEDA
makes that anew. So nothing else of a ScaledObject has to be touched, and to give it back needs no metric source.
"""

from lastgood.api import names
from lastgood.decide import steps
from lastgood.kube import client, resources


async def pause(cluster: client.Cluster, namespace: str, step: steps.SetAutoscaler) -> None:
    """Set the number at which KEDA pauses, or take the annotation down."""
    number = step.bounds.paused_replicas
    value = None if number is None else str(number)
    body = {
        "metadata": {
            "resourceVersion": step.autoscaler.resource_version,
            "annotations": {names.ANNOTATION_PAUSED_REPLICAS: value},
        }
    }
    await cluster.patch(resources.SCALED_OBJECTS, namespace, step.autoscaler.name, body)
