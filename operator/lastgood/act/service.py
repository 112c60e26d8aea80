"""Services: letting one select the pods of the fallback, and those of the model again (rules K1, K9)."""

from lastgood.decide import steps
from lastgood.kube import client, resources


async def switch_traffic(cluster: client.Cluster, namespace: str, step: steps.SwitchTraffic) -> None:
    """Replace the whole selector: a label that is left over from the one before would select nothing."""
    operations: client.Operations = [
        # Written back unchanged, the resourceVersion makes the API server refuse the patch of anything newer.
        {"op": "replace", "path": "/metadata/resourceVersion", "value": step.service.resource_version},
        {"op": "replace", "path": "/spec/selector", "value": dict(step.selector)},
    ]
    await cluster.patch(resources.SERVICES, namespace, step.service.name, operations)
