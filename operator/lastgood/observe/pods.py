"""The pods of each Deployment, joined to it by owner references through its ReplicaSets.

Both are kept in a slim form. What belongs to a Deployment is looked at far more often than it changes, so it is put
together once, and anew after a change of any ReplicaSet or pod of it.

A Deployment that is deleted may leave pods, which run until they end: those of a minute, whose containers take their
time, and those that were orphaned. They are told by the name of the Deployment, and count as pods of whatever has that
name now (rule K4).
"""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lastgood.decide import world
from lastgood.observe import workloads
from lastgood.observe.index import Key

Object = Mapping[str, Any]


@dataclass(slots=True)
class Pods:
    """The ReplicaSets and pods that watches have brought, by the namespaces and names of their Deployments."""

    _sets: dict[str, workloads.ReplicaSet] = field(default_factory=dict)
    _pods: dict[str, workloads.OwnedPod] = field(default_factory=dict)
    _sets_of: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    _pods_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _made_for: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the Deployment that the name of their ReplicaSet tells of: pods, whether that ReplicaSet is known or not."""
    _joined: dict[Key, tuple[str, tuple[world.Pod, ...]]] = field(default_factory=dict)
    """What `of` returned since the last change, and for which uid."""

    def change_set(self, raw: Object, *, gone: bool) -> Key | None:
        """Keep or forget a ReplicaSet; return its Deployment, None when it has none and had none."""
        own, read = raw["metadata"]["uid"], workloads.replica_set(raw)
        earlier = self._sets.pop(own, None)
        if earlier is not None:
            self._joined.pop(earlier.deployment, None)
            _take_out(self._sets_of, earlier.deployment, own)
        for uid in self._pods_of.get(own, ()):
            self._forget(self._pods[uid].made_for)
        if read is None:  # one that was orphaned is of no Deployment any more
            return None if earlier is None else earlier.deployment
        if not gone:
            self._joined.pop(read.deployment, None)
            self._sets[own] = read
            self._sets_of[read.deployment].add(own)
        return read.deployment

    def change_pod(self, raw: Object, *, gone: bool) -> Key | None:
        """Keep or forget a pod; return its Deployment, None when it has none."""
        uid = raw["metadata"]["uid"]
        earlier = self._pods.pop(uid, None)
        if earlier is not None:
            self._forget(self._deployment_over(earlier))
            _take_out(self._pods_of, earlier.replica_set_uid, uid)
            if earlier.made_for is not None:
                _take_out(self._made_for, earlier.made_for, uid)
        read = None if gone else workloads.pod(raw)  # one that cannot be read is not kept, and raises
        if read is not None:
            self._forget(self._deployment_over(read))
            self._pods[uid] = read
            self._pods_of[read.replica_set_uid].add(uid)
            if read.made_for is not None:
                self._made_for[read.made_for].add(uid)
        owned = read or earlier
        return None if owned is None else self._deployment_over(owned)

    def of(self, deployment: Key, uid: str) -> tuple[world.Pod, ...]:
        """Return the pods of a Deployment by their names: the same tuple until something of it changes.

        Among them is what one of the same name and another uid has left; all that is there is, if there is no
        Deployment, and `uid` is empty.
        """
        known = self._joined.get(deployment)
        if known is None or known[0] != uid:
            known = self._joined[deployment] = (uid, self._join(deployment, uid))
            if not known[1] and deployment not in self._sets_of:
                del self._joined[deployment]  # nothing would ever tell that it is not asked for any more
        return known[1]

    def _join(self, deployment: Key, uid: str) -> tuple[world.Pod, ...]:
        sets = [self._sets[set_uid] for set_uid in self._sets_of.get(deployment, ())]
        found = [
            workloads.owned(self._pods[pod_uid], replica_set, by=uid)
            for replica_set in sets
            for pod_uid in self._pods_of.get(replica_set.uid, ())
        ]
        made_for = (self._pods[pod_uid] for pod_uid in self._made_for.get(deployment, ()))
        found += [
            dataclasses.replace(kept.pod, left=True)
            for kept in made_for
            if kept.replica_set_uid not in self._sets
        ]
        return tuple(sorted(found, key=lambda pod: pod.name))

    def _forget(self, deployment: Key | None) -> None:
        if deployment is not None:
            self._joined.pop(deployment, None)

    def _deployment_over(self, owned: workloads.OwnedPod) -> Key | None:
        replica_set = self._sets.get(owned.replica_set_uid)
        return owned.made_for if replica_set is None else replica_set.deployment

    def deployment_over(self, raw: Object) -> Key | None:
        """Return the Deployment that a pod belongs to, or belonged to while that was there."""
        replica_set = self._sets.get(workloads.owner_uid(raw["metadata"], "ReplicaSet"))
        return workloads.made_for(raw["metadata"]) if replica_set is None else replica_set.deployment

    def pods_but(self, uids: set[str]) -> list[Object]:
        """Return what is kept and not among some uids, as far as it takes to forget it."""
        return [
            {"metadata": {"uid": uid, "namespace": kept.namespace, "name": kept.pod.name}}
            for uid, kept in self._pods.items()
            if uid not in uids
        ]

    def sets_but(self, uids: set[str]) -> list[Object]:
        """Return the ReplicaSets that are kept and not among some uids, as far as it takes to forget them."""
        return [_as_owned(kept) for uid, kept in self._sets.items() if uid not in uids]


def _take_out(groups: dict[Any, set[str]], group: object, uid: str) -> None:
    groups[group].discard(uid)
    if not groups[group]:
        del groups[group]


def _as_owned(kept: workloads.ReplicaSet) -> Object:
    namespace, name = kept.deployment
    reference = {"kind": workloads.REVISION_OWNER, "name": name, "controller": True, "uid": kept.owner_uid}
    return {"metadata": {"uid": kept.uid, "namespace": namespace, "ownerReferences": [reference]}, "spec": {}}
