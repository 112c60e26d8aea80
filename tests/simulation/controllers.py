"""What Kubernetes does by itself: Deployments make ReplicaSets, those make pods, and autoscalers scale."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from lastgood.kube import errors, resources
from tests.simulation import virtual_time
from tests.simulation.apiserver import ApiServer, Key
from tests.simulation.autoscalers import Autoscalers
from tests.simulation.objects import Object, value_at

CONTROLLER = "kube-controller-manager"
KUBELET = "kubelet"
HASH = "pod-template-hash"


def image_of(pod_template: Any) -> str:
    """Return the image of the model's container."""
    return str(pod_template["spec"]["containers"][0]["image"])


@dataclass
class Controllers:
    """The controllers of one cluster; each `step` brings every Deployment one step further."""

    server: ApiServer
    crashing: set[str] = field(default_factory=set)
    """Images whose pods never become ready."""
    hanging: bool = False
    """Whether pods that are deleted stay, terminating."""
    _idle_at: int = -1
    """The number of writes after which nothing was left to do."""
    named: int = 0
    """The number in the last name that was given."""

    def __post_init__(self) -> None:
        self.autoscalers = Autoscalers(
            self.server, lambda raw, replicas, by: self.scale(raw, replicas, by=by)
        )

    def step(self) -> bool:
        """Bring everything one step further; return whether anything was done."""
        if self.server.writes == self._idle_at:
            return False
        before = self.server.writes
        self.autoscalers.step()
        for key in list(self.server.of(resources.DEPLOYMENTS)):
            self._sync(key)
        self._collect()
        if self.server.writes == before:
            self._idle_at = before
        return self.server.writes != before

    def disturb(self) -> None:
        """Look again although no object was changed."""
        self._idle_at = -1

    def settle(self, most: int = 12) -> None:
        """Go on until nothing is left to do."""
        for _ in range(most):
            if not self.step():
                return

    def scale(self, deployment: Object, replicas: int, *, by: str) -> None:
        """Scale a Deployment, if the API server admits it."""
        metadata = deployment["metadata"]
        try:
            self.server.patch(
                resources.DEPLOYMENTS,
                metadata["namespace"],
                metadata["name"],
                {"spec": {"replicas": replicas}},
                by=by,
                subresource="scale",
            )
        except errors.Forbidden:
            return

    def _sync(self, key: Key) -> None:
        deployment = self.server.of(resources.DEPLOYMENTS)[key]
        spec, uid = deployment["spec"], deployment["metadata"]["uid"]
        sets, owned = self._by_owner(resources.REPLICA_SETS)[uid], self._by_owner(resources.PODS)
        pods = {each["metadata"]["uid"]: owned[each["metadata"]["uid"]] for each in sets}
        newest = next(
            (each for each in sets if _unhashed(each["spec"]["template"]) == spec["template"]), None
        )
        paused, wanted = bool(spec.get("paused")), spec["replicas"]
        if newest is None and not paused:
            newest = self._make_set(deployment)
            sets.append(newest)
            pods[newest["metadata"]["uid"]] = []
        mine = pods[newest["metadata"]["uid"]] if newest is not None else []
        others = [
            pod
            for each in sets
            if newest is None or each["metadata"]["uid"] != newest["metadata"]["uid"]
            for pod in pods[each["metadata"]["uid"]]
        ]
        self._kubelet([*mine, *others])
        mine, others = self._living(mine), self._living(others)
        if paused:
            self._keep([*others, *mine], wanted)
            if mine or not others:
                self._fill(newest, mine, wanted - len(others))
        else:
            self._fill(newest, mine, wanted)
            self._keep(mine, wanted)
            ready = sum(_is_ready(pod) for pod in mine)
            emptied = {each["metadata"]["uid"] for each in sets if each["spec"]["replicas"] == 0}
            self._keep([pod for pod in others if pod["metadata"]["ownerReferences"][0]["uid"] in emptied], 0)
            self._keep(self._living(others), max(0, wanted - ready))
        self._report(key, newest)
        for old in sets[:-3]:
            if old is not newest and not pods[old["metadata"]["uid"]]:
                self.server.delete(resources.REPLICA_SETS, (key[0], old["metadata"]["name"]), by=CONTROLLER)

    def _make_set(self, deployment: Object) -> Object:
        self.named += 1
        metadata, template = deployment["metadata"], deployment["spec"]["template"]
        labels = {**(template["metadata"].get("labels") or {}), HASH: str(self.named)}
        template = {**template, "metadata": {**template["metadata"], "labels": labels}}
        body = {
            "metadata": {
                "name": f"{metadata['name']}-{self.named}",
                "labels": labels,
                "ownerReferences": [_owner("Deployment", metadata)],
            },
            "spec": {"replicas": 1, "template": template},
        }
        return self.server.create(resources.REPLICA_SETS, metadata["namespace"], body, by=CONTROLLER)

    def _fill(self, owner: Object | None, pods: list[Object], wanted: int) -> None:
        if owner is None:
            return
        metadata, template = owner["metadata"], owner["spec"]["template"]
        for _ in range(wanted - len(pods)):
            self.named += 1
            body = {
                "metadata": {
                    "name": f"{metadata['name']}-{self.named}",
                    "labels": template["metadata"]["labels"],
                    "ownerReferences": [_owner("ReplicaSet", metadata)],
                },
                "spec": template["spec"],
                "status": {"phase": "Pending"},
            }
            self.server.create(resources.PODS, metadata["namespace"], body, by=CONTROLLER)

    def _keep(self, pods: list[Object], most: int) -> None:
        for pod in sorted(pods, key=_is_ready, reverse=True)[max(most, 0) :]:
            now = virtual_time.stamp(virtual_time.true_time())
            self._patch_pod(pod, {"metadata": {"deletionTimestamp": now}})

    def _kubelet(self, pods: list[Object]) -> None:
        """Start pods, or fail to, and end those that are deleted."""
        for pod in pods:
            metadata = pod["metadata"]
            if "deletionTimestamp" in metadata:
                if not self.hanging:
                    self.server.delete(resources.PODS, (metadata["namespace"], metadata["name"]), by=KUBELET)
                continue
            ready = image_of(pod) not in self.crashing
            if ready != _is_ready(pod) or pod["status"]["phase"] == "Pending":
                self._patch_pod(pod, {"status": _pod_status(ready=ready)})

    def _patch_pod(self, pod: Object, body: Object) -> None:
        metadata = pod["metadata"]
        self.server.patch(resources.PODS, metadata["namespace"], metadata["name"], body, by=KUBELET)

    def _living(self, pods: list[Object]) -> list[Object]:
        kept = self.server.of(resources.PODS)
        now = (kept.get((pod["metadata"]["namespace"], pod["metadata"]["name"])) for pod in pods)
        return [pod for pod in now if pod is not None and "deletionTimestamp" not in pod["metadata"]]

    def _by_owner(self, resource: resources.Resource) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = defaultdict(list)
        for raw in self.server.of(resource).values():
            found[raw["metadata"]["ownerReferences"][0]["uid"]].append(raw)
        return found

    def _report(self, key: Key, newest: Object | None) -> None:
        deployment = self.server.of(resources.DEPLOYMENTS)[key]
        wanted = deployment["spec"]["replicas"]
        sets, owned = self._by_owner(resources.REPLICA_SETS), self._by_owner(resources.PODS)
        pods = [
            pod
            for each in sets[deployment["metadata"]["uid"]]
            for pod in self._living(owned[each["metadata"]["uid"]])
        ]
        own = newest["metadata"]["uid"] if newest is not None else ""
        mine = [pod for pod in pods if pod["metadata"]["ownerReferences"][0]["uid"] == own]
        counts = {
            "replicas": len(pods),
            "updatedReplicas": len(mine),
            "availableReplicas": sum(map(_is_ready, pods)),
        }
        before = deployment.get("status") or {}
        status = {
            **counts,
            "observedGeneration": deployment["metadata"]["generation"],
            "conditions": [
                _progress(before, counts, wanted, own, paused=bool(deployment["spec"].get("paused")))
            ],
        }
        if any(before.get(field) != value for field, value in status.items()):
            self.server.patch(
                resources.DEPLOYMENTS, *key, {"status": status}, by=CONTROLLER, subresource="status"
            )

    def _collect(self) -> None:
        """Delete what belonged to an owner that is gone."""
        deployments = {raw["metadata"]["uid"] for raw in self.server.of(resources.DEPLOYMENTS).values()}
        for key, raw in list(self.server.of(resources.REPLICA_SETS).items()):
            if raw["metadata"]["ownerReferences"][0]["uid"] not in deployments:
                self.server.delete(resources.REPLICA_SETS, key, by=CONTROLLER)
        sets = {raw["metadata"]["uid"] for raw in self.server.of(resources.REPLICA_SETS).values()}
        pods = list(self.server.of(resources.PODS).values())
        left = [raw for raw in pods if raw["metadata"]["ownerReferences"][0]["uid"] not in sets]
        self._kubelet(left)
        self._keep(self._living(left), 0)
        models = {raw["metadata"]["uid"] for raw in self.server.of(resources.MODEL_DEPLOYMENTS).values()}
        for key, raw in list(self.server.of(resources.MODEL_CHECKPOINTS).items()):
            owners = raw["metadata"].get("ownerReferences") or ()
            if owners and not any(owner["uid"] in models for owner in owners):
                self.server.delete(resources.MODEL_CHECKPOINTS, key, by=CONTROLLER)


def _owner(kind: str, metadata: Object) -> Object:
    return {"kind": kind, "name": metadata["name"], "uid": metadata["uid"], "controller": True}


def _unhashed(template: Object) -> Object:
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key != HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or [{}]
    return bool(conditions[0].get("status") == "True")


def _pod_status(*, ready: bool) -> Object:
    now = virtual_time.stamp(virtual_time.true_time())
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": now}
    waiting = {} if ready else {"waiting": {"reason": "CrashLoopBackOff", "message": "it exits"}}
    return {
        "phase": "Running",
        "conditions": [condition],
        "containerStatuses": [{"name": "model", "state": waiting}],
    }


def _progress(before: Object, counts: dict[str, int], wanted: int, own: str, *, paused: bool) -> Object:
    """Return the condition `Progressing`, as the Deployment controller keeps it."""
    now = virtual_time.stamp(virtual_time.true_time())
    old = (before.get("conditions") or [{}])[0]
    complete = all(count == wanted for count in counts.values())
    if paused:
        reason = "DeploymentPaused"
    elif old.get("set") == own and old.get("reason") == "NewReplicaSetAvailable":
        reason = "NewReplicaSetAvailable"
    else:
        reason = "NewReplicaSetAvailable" if complete else "ReplicaSetUpdated"
    further = any(counts[name] != value_at(before, name) for name in counts) and reason == "ReplicaSetUpdated"
    if old.get("reason") == reason and old.get("set") == own and not further:
        return dict(old)
    return {"type": "Progressing", "status": "True", "reason": reason, "lastUpdateTime": now, "set": own}


def fingerprint(template: Any) -> str:
    """Return what of a template makes it another version in these worlds, as text."""
    container = template["spec"]["containers"][0]
    return repr((container["image"], container.get("args"), container.get("env")))
