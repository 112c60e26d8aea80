"""Pods that a Deployment of the same name has left when it was deleted: they run, and nothing ends them (rule K4).

They run an unknown version beside the one that is looked after, so nothing is judged and no kill is done as long as
they do. Only people can end them, so people are told.
"""

from typing import Final

from lastgood.decide import world
from lastgood.decide.view import View

PODS_LEFT: Final = "PodsLeft"


def told(view: View) -> str:
    """Say which pods nothing ends, and how a person does; empty where all of them end by themselves."""
    if view.workload is not None and not view.workload.complete:
        return ""  # of a pod may be known sooner than of what made it, and then it counts for left
    left = [pod for pod in view.pods if pod.left and not pod.terminating]
    if not left:
        return ""
    return (
        f"a Deployment {view.model.workload_name} that is gone has left {world.named(left)}, so nothing scales that: "
        f"delete its ReplicaSet: kubectl get replicasets -n {view.model.namespace}"
    )
