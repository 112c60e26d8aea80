"""The pods of one Deployment, read afresh: that none is left is said of nothing else (rule K4).

A Deployment may be deleted and created again under the same name while its pods are being read, and one that is gone
may have left some. Those run too, whichever Deployment was read before them. Only what a Deployment with other labels
has left is not among those that are read by the labels of one that is there: to read all pods of a namespace for each
kill would cost more than the seconds by which a watch may be late with them.
"""

import asyncio
from collections.abc import Mapping

from lastgood.decide import world
from lastgood.kube import client, resources
from lastgood.observe import pods
from lastgood.observe.index import Key


async def read(
    cluster: client.Cluster, deployment: Key, *, uid: str, labels: Mapping[str, str] | None
) -> tuple[world.Pod, ...]:
    """Read the pods that labels admit, and keep those of a Deployment, or of another one that had or has its name.

    `uid` is the Deployment's; empty where there is none, and then all of its namespace are looked through. Raises what
    the API server does.
    """
    namespace, _ = deployment
    sets, found = await asyncio.gather(
        cluster.list(resources.REPLICA_SETS, namespace, labels=labels),
        cluster.list(resources.PODS, namespace, labels=labels),
    )
    there = pods.Pods()
    for raw in sets:
        there.change_set(raw, gone=False)
    for raw in found:
        there.change_pod(raw, gone=False)
    return there.of(deployment, uid)
