"""Taking the steps of a decision: one function for each kind of step."""

from lastgood.act import deployment, hpa, keda
from lastgood.decide import autoscalers, steps
from lastgood.kube import client


async def take(cluster: client.Cluster, namespace: str, model: str, step: steps.Step) -> None:
    """Take one step. Raises `errors.Conflict` when the world is not as the decision took it to be."""
    match step:
        case steps.SwitchTemplate():
            await deployment.switch_template(cluster, namespace, step)
        case steps.Scale():
            await deployment.scale(cluster, namespace, step)
        case steps.LabelPods():
            await deployment.label_pods(cluster, namespace, step)
        case steps.EmptyReplicaSet():
            await deployment.empty_replica_set(cluster, namespace, step)
        case steps.SetAutoscaler() if step.autoscaler.kind == autoscalers.SCALED_OBJECT:
            await keda.pause(cluster, namespace, step)
        case steps.SetAutoscaler():
            await hpa.set_bounds(cluster, namespace, step)
        case steps.ForgetRequest():
            await deployment.forget_request(cluster, namespace, model, step)
