"""The pods of each Deployment, joined to it by owner references through its ReplicaSets.

Both are kept in a slim form. What belongs to a Deployment is looked at far more often than it changes, so it is put
together once, and anew after a change of any ReplicaSet or pod of it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lastgood.decide import world
from lastgood.observe import workloads

Object = Mapping[str, Any]


@dataclass(slots=True)
class Pods:
    """The ReplicaSets and pods that watches have brought."""

    _sets: dict[str, workloads.ReplicaSet] = field(default_factory=dict)
    _pods: dict[str, workloads.OwnedPod] = field(default_factory=dict)
    _sets_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _pods_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _joined: dict[str, tuple[world.Pod, ...]] = field(default_factory=dict)
    """By the uid of a Deployment with ReplicaSets, what `of` returned since the last change."""

    def change_set(self, raw: Object, *, gone: bool) -> str | None:
        """Keep or forget a ReplicaSet; return the uid of its Deployment, None when it has none."""
        read = workloads.replica_set(raw)
        if read is None:
            return None
        earlier = self._sets.pop(read.uid, None)
        if earlier is not None:
            self._joined.pop(earlier.owner_uid, None)
            _take_out(self._sets_of, earlier.owner_uid, read.uid)
        if not gone:
            self._joined.pop(read.owner_uid, None)
            self._sets[read.uid] = read
            self._sets_of[read.owner_uid].add(read.uid)
        return read.owner_uid

    def change_pod(self, raw: Object, *, gone: bool) -> str | None:
        """Keep or forget a pod; return the uid of its Deployment, None when it has none or that is not known yet."""
        uid = raw["metadata"]["uid"]
        earlier = self._pods.pop(uid, None)
        if earlier is not None:
            self._joined.pop(self._deployment_over(earlier) or "", None)
            _take_out(self._pods_of, earlier.replica_set_uid, uid)
        read = None if gone else workloads.pod(raw)  # one that cannot be read is not kept, and raises
        if read is not None:
            self._joined.pop(self._deployment_over(read) or "", None)
            self._pods[uid] = read
            self._pods_of[read.replica_set_uid].add(uid)
        owned = read or earlier
        return None if owned is None else self._deployment_over(owned)

    def of(self, deployment_uid: str) -> tuple[world.Pod, ...]:
        """Return the pods of a Deployment by their names: the same tuple until something of it changes."""
        known = self._joined.get(deployment_uid)
        if known is None:
            known = self._join(deployment_uid)
            if deployment_uid in self._sets_of:
                self._joined[deployment_uid] = known
        return known

    def _join(self, deployment_uid: str) -> tuple[world.Pod, ...]:
        found = [
            workloads.owned(self._pods[pod_uid], self._sets[set_uid])
            for set_uid in self._sets_of.get(deployment_uid, ())
            for pod_uid in self._pods_of.get(set_uid, ())
        ]
        return tuple(sorted(found, key=lambda pod: pod.name))

    def _deployment_over(self, owned: workloads.OwnedPod) -> str | None:
        replica_set = self._sets.get(owned.replica_set_uid)
        return None if replica_set is None else replica_set.owner_uid

    def deployment_over(self, raw: Object) -> str | None:
        """Return the uid of the Deployment that a pod belongs to, if it is known."""
        replica_set = self._sets.get(workloads.owner_uid(raw["metadata"], "ReplicaSet"))
        return None if replica_set is None else replica_set.owner_uid

    def pods_but(self, uids: set[str]) -> list[Object]:
        """Return what is kept and not among some uids, as far as it takes to forget it."""
        return [
            {"metadata": {"uid": uid, "namespace": kept.namespace, "name": kept.pod.name}}
            for uid, kept in self._pods.items()
            if uid not in uids
        ]

    def sets_but(self, uids: set[str]) -> list[Object]:
        """Return the ReplicaSets that are kept and not among some uids, as far as it takes to forget them."""
        return [_owned_by(kept.owner_uid, uid) for uid, kept in self._sets.items() if uid not in uids]


def _take_out(groups: dict[str, set[str]], group: str, uid: str) -> None:
    groups[group].discard(uid)
    if not groups[group]:
        del groups[group]


def _owned_by(owner: str, uid: str) -> Object:
    reference = {"kind": workloads.REVISION_OWNER, "controller": True, "uid": owner}
    return {"metadata": {"uid": uid, "ownerReferences": [reference]}, "spec": {}}
