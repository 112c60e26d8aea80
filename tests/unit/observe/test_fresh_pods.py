"""What is left of a Deployment is said of pods that were just read, and of the Deployment that is there (rule K4)."""

from typing import Any

import pytest

from lastgood.decide import world
from lastgood.kube import client, errors, resources
from lastgood.observe import fresh_pods, workloads

BEFORE, AFTER = "deployment-1", "deployment-2"


class Cluster:
    """Lists one ReplicaSet with one pod, of the Deployment that it is told, and has the Deployment that it is told."""

    def __init__(self, *, owner: str, there: str | None) -> None:
        self._owner = owner
        self._there = there

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        assert (resource, name) == (resources.DEPLOYMENTS, "fraud")
        if self._there is None:
            raise errors.NotFound("Deployment fraud is not there")
        return {"metadata": {"name": name, "uid": self._there}}

    async def list(self, resource: resources.Resource, namespace: str | None, **_: Any) -> list[Any]:
        kind, owner = (
            ("Deployment", self._owner) if resource is resources.REPLICA_SETS else ("ReplicaSet", "r")
        )
        owners = [{"kind": kind, "name": "fraud", "uid": owner, "controller": True}]
        uid = "r" if resource is resources.REPLICA_SETS else "p"
        metadata = {"name": uid, "namespace": namespace, "uid": uid, "ownerReferences": owners}
        return [{"metadata": metadata, "spec": {"template": {}}}]


def deployment(uid: str) -> world.Workload:
    return workloads.workload(
        {"metadata": {"name": "fraud", "uid": uid, "resourceVersion": "1"}, "spec": {"template": {}}}
    )


async def read(cluster: Any, uid: str) -> list[str]:
    found = await fresh_pods.read(cluster, "ml", deployment(uid), labels=None)
    return [each.name for each in found]


async def test_the_pods_of_a_deployment_are_its_own() -> None:
    assert await read(Cluster(owner=BEFORE, there=BEFORE), BEFORE) == ["p"]


async def test_pods_of_a_deployment_that_took_its_place_meanwhile_are_not_said_to_be_gone() -> None:
    """K4: found by a simulated world: for a moment a kill was told as done while the new Deployment ran."""
    with pytest.raises(errors.Conflict, match="Deployment fraud was created again while its pods were read"):
        await read(Cluster(owner=AFTER, there=AFTER), BEFORE)


@pytest.mark.parametrize("there", [AFTER, None])
async def test_pods_of_the_deployment_before_it_end_by_themselves(there: str | None) -> None:
    assert await read(Cluster(owner=BEFORE, there=there), AFTER) == []
