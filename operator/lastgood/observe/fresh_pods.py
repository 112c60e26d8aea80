"""The pods of one Deployment, read afresh: that none is left is said of nothing else (rule K4).

A Deployment may be deleted and created again under the same name while its pods are being read. Whose are there then
are not pods of what was read first, and they run all the same.
"""

import asyncio
from collections.abc import Mapping, Sequence

from lastgood.decide import world
from lastgood.kube import client, errors, resources
from lastgood.kube.client import Object
from lastgood.observe import workloads


async def read(
    cluster: client.Cluster,
    namespace: str,
    deployment: world.Workload | world.StandIn,
    *,
    labels: Mapping[str, str] | None,
) -> tuple[world.Pod, ...]:
    """Read the pods that a Deployment's selector admits, and keep those that it owns.

    Raises `errors.Conflict` where another Deployment has taken its place meanwhile, and has pods; and what the API
    server raises.
    """
    sets, pods = await asyncio.gather(
        cluster.list(resources.REPLICA_SETS, namespace, labels=labels),
        cluster.list(resources.PODS, namespace, labels=labels),
    )
    read_sets = [workloads.replica_set(raw) for raw in sets]
    owners = {rs.uid: rs for rs in read_sets if rs is not None and rs.owner_uid == deployment.uid}
    read_pods = [each for raw in pods if (each := workloads.pod(raw)) is not None]
    others = {str(raw["metadata"]["uid"]) for raw in sets if _is_of_a_namesake(raw, deployment)}
    if any(each.replica_set_uid in others for each in read_pods):
        await _check_that_it_is_there(cluster, namespace, deployment)
    return tuple(
        workloads.owned(each, owners[each.replica_set_uid])
        for each in read_pods
        if each.replica_set_uid in owners
    )


async def _check_that_it_is_there(
    cluster: client.Cluster, namespace: str, deployment: world.Workload | world.StandIn
) -> None:
    """Tell pods of the Deployment that came before it, which end by themselves, from those of one that came after."""
    try:
        there = await cluster.get(resources.DEPLOYMENTS, namespace, deployment.name)
    except errors.NotFound:
        return
    if there["metadata"]["uid"] != deployment.uid:
        raise errors.Conflict(f"Deployment {deployment.name} was created again while its pods were read")


def _is_of_a_namesake(raw: Object, deployment: world.Workload | world.StandIn) -> bool:
    owners: Sequence[Object] = raw["metadata"].get("ownerReferences") or ()
    return any(
        (owner.get("kind"), owner.get("name")) == (workloads.REVISION_OWNER, deployment.name)
        and owner.get("uid") != deployment.uid
        for owner in owners
    )
