"""Whose pods are left: of a Deployment, of one that had its name before, or of one that has it since (rule K4)."""

from collections.abc import Sequence
from typing import Any

import pytest

from lastgood.kube import client, resources
from lastgood.observe import fresh_pods
from lastgood.observe.store import Store

KEY = ("ml", "fraud")
NOW, OTHER, NONE = "deployment-1", "deployment-2", ""


def replica_set(owner: str, *, name: str = "fraud-5d4", uid: str = "r") -> dict[str, Any]:
    """The ReplicaSet of a Deployment with that uid."""
    reference = {"kind": "Deployment", "name": "fraud", "uid": owner, "controller": True}
    metadata = {"name": name, "namespace": "ml", "uid": uid, "ownerReferences": [reference]}
    return {"metadata": metadata, "spec": {"template": {"spec": {"containers": []}}}}


def pod(name: str = "p", *, of: str = "fraud-5d4", uid: str = "r", hashed: str = "5d4") -> dict[str, Any]:
    """A pod of a ReplicaSet."""
    reference = {"kind": "ReplicaSet", "name": of, "uid": uid, "controller": True}
    labels = {"app": "fraud", **({"pod-template-hash": hashed} if hashed else {})}
    metadata = {
        "name": name,
        "namespace": "ml",
        "uid": name,
        "labels": labels,
        "ownerReferences": [reference],
    }
    return {"metadata": metadata, "spec": {}}


LISTED = {
    "its own": ([replica_set(NOW)], [pod()], ["p"]),
    "none": ([replica_set(NOW)], [], []),
    "of the one before, whose ReplicaSet is still there": ([replica_set(OTHER)], [pod()], ["p"]),
    "of the one before, whose ReplicaSet is gone": ([], [pod()], ["p"]),
    "of the one since, whose ReplicaSet was not there when those were listed": (
        [replica_set(NOW, name="fraud-111", uid="own")],
        [pod()],
        ["p"],
    ),
    "of a ReplicaSet that a person has made": ([], [pod(hashed="")], []),
    "of another Deployment": ([], [pod(of="fraud-rules-5d4")], []),
}


class Listing:
    """Lists what it is told."""

    def __init__(self, sets: Sequence[client.Object], pods: Sequence[client.Object]) -> None:
        self._listed = {resources.REPLICA_SETS: sets, resources.PODS: pods}

    async def list(self, resource: resources.Resource, namespace: str | None, **_: Any) -> Any:
        assert namespace == "ml"
        return self._listed[resource]


@pytest.mark.parametrize("uid", [NOW, NONE])
@pytest.mark.parametrize("listed", LISTED)
async def test_pods_are_read_whichever_deployment_of_that_name_they_are_of(listed: str, uid: str) -> None:
    """K4: found by simulated worlds: a kill was told as done while pods of a Deployment that was created again ran."""
    sets, pods, expected = LISTED[listed]
    cluster: Any = Listing(sets, pods)

    found = await fresh_pods.read(cluster, KEY, uid=uid, labels=None)
    assert [each.name for each in found] == expected


@pytest.mark.parametrize("listed", LISTED)
def test_the_watches_know_the_same_whatever_they_bring_first(listed: str) -> None:
    sets, pods, expected = LISTED[listed]
    events = [(resources.REPLICA_SETS, each) for each in sets] + [(resources.PODS, each) for each in pods]
    for order in (events, events[::-1]):
        store = Store()
        store.put(resources.DEPLOYMENTS, {"metadata": {"name": "fraud", "namespace": "ml", "uid": NOW}})
        for resource, raw in order:
            store.put(resource, raw)
        assert [each.name for each in store.pods_of(KEY)] == expected
        for resource, raw in events:
            store.remove(resource, raw)
        assert not store.pods_of(KEY)


def test_a_pod_concerns_the_model_of_that_name_though_its_deployment_is_gone() -> None:
    """K4: its end is what a kill waits for."""
    store = Store()
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": {"name": "fraud", "namespace": "ml", "uid": "m"}})

    assert store.put(resources.PODS, pod()) == {KEY}
    assert store.remove(resources.PODS, pod()) == {KEY}


def test_pods_of_the_deployment_before_are_of_no_known_version_once_their_replica_set_is_gone() -> None:
    """J7, B1: nothing is settled while they are there."""
    store = Store()
    store.put(resources.DEPLOYMENTS, {"metadata": {"name": "fraud", "namespace": "ml", "uid": NOW}})
    store.put(resources.REPLICA_SETS, replica_set(OTHER))
    store.put(resources.PODS, pod())
    (before,) = store.pods_of(KEY)
    store.remove(resources.REPLICA_SETS, replica_set(OTHER))
    (after,) = store.pods_of(KEY)

    assert (before.digest is None, before.replica_set) == (False, "")
    assert (after.digest, after.replica_set) == (None, "")


def test_a_replica_set_that_is_orphaned_is_of_no_deployment_and_its_pods_are_left() -> None:
    """K4: the Deployment of that name that is there now scales it no more."""
    store = Store()
    store.put(resources.DEPLOYMENTS, {"metadata": {"name": "fraud", "namespace": "ml", "uid": NOW}})
    store.put(resources.REPLICA_SETS, replica_set(NOW))
    store.put(resources.PODS, pod())
    assert [each.left for each in store.pods_of(KEY)] == [False]
    orphan = replica_set(NOW)
    orphan["metadata"]["ownerReferences"] = []
    store.put(resources.REPLICA_SETS, orphan)

    assert [(each.name, each.digest, each.left) for each in store.pods_of(KEY)] == [("p", None, True)]
    store.put(resources.REPLICA_SETS, replica_set(NOW))
    assert [each.left for each in store.pods_of(KEY)] == [False]
