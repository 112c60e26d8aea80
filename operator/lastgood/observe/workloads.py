"""From Deployments, ReplicaSets, pods and autoscalers, as the API server has them, to the observed world.

Pods and ReplicaSets are kept in a slim form: a cluster has many, and a decision reads a dozen fields of them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lastgood.api import names
from lastgood.decide import template, world
from lastgood.observe import written
from lastgood.observe.index import Key

ENDED: Final = ("Succeeded", "Failed")
REVISION_OWNER: Final = "Deployment"
HASH: Final = "pod-template-hash"
ROLLED_OUT: Final = "NewReplicaSetAvailable"
"""Reason of a Deployment's condition `Progressing` once all pods of its template were available."""


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """What is kept of a ReplicaSet: whose it is, and which version its pods are."""

    uid: str
    deployment: Key
    owner_uid: str
    """The uid of that Deployment: a later one of the same name has another."""
    digest: str | None
    """None when its template cannot be read: its pods run all the same."""
    name: str = ""
    wanted: int = 0
    """How many pods it is to have."""


@dataclass(frozen=True, slots=True)
class OwnedPod:
    """A pod with the ReplicaSet that owns it; its digest is not known yet."""

    replica_set_uid: str
    namespace: str
    pod: world.Pod
    made_for: Key | None
    """The Deployment whose ReplicaSet it is by that one's name; both may be gone."""


def owner_uid(metadata: Mapping[str, Any], kind: str) -> str:
    """Return the uid of the controller of a kind that owns an object; empty when there is none."""
    return str(_owner(metadata, kind).get("uid") or "")


def _owner(metadata: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    owners: list[Mapping[str, Any]] = metadata.get("ownerReferences") or []
    return next((each for each in owners if each.get("kind") == kind and each.get("controller")), {})


def made_for(metadata: Mapping[str, Any]) -> Key | None:
    """Return the Deployment that a pod was made for, if any: its ReplicaSet's name without the hash that both have.

    The Deployment controller gives a ReplicaSet the name `DEPLOYMENT-HASH`, and it and its pods the label
    `pod-template-hash`; a ReplicaSet that people make has no such label, and its pods are of no Deployment.
    """
    hashed = (metadata.get("labels") or {}).get(HASH)
    name = str(_owner(metadata, "ReplicaSet").get("name") or "")
    named_so = bool(hashed) and name.endswith(f"-{hashed}")
    return (str(metadata["namespace"]), name.removesuffix(f"-{hashed}")) if named_so else None


def replica_set(raw: Mapping[str, Any]) -> ReplicaSet | None:
    """Read a ReplicaSet of a Deployment; None for any other."""
    owner = _owner(raw["metadata"], REVISION_OWNER)
    if not owner.get("uid"):
        return None
    deployment = str(raw["metadata"]["namespace"]), str(owner.get("name") or "")
    try:
        digest = template.digest((raw.get("spec") or {}).get("template") or {})
    except (AttributeError, KeyError, TypeError, ValueError):  # a field of a newer Kubernetes, say
        digest = None
    wanted = (raw.get("spec") or {}).get("replicas")
    name = str(raw["metadata"].get("name") or "")
    wanted = 1 if wanted is None else int(wanted)
    return ReplicaSet(raw["metadata"]["uid"], deployment, str(owner["uid"]), digest, name, wanted)


def owned(kept: OwnedPod, replica_set: ReplicaSet, *, by: str) -> world.Pod:
    """Return a pod with what its ReplicaSet says of it; one that is not owned by the uid is wanted by nothing."""
    left = replica_set.owner_uid != by
    wants_it = replica_set.name if replica_set.wanted and not left else ""
    return dataclasses.replace(kept.pod, digest=replica_set.digest, replica_set=wants_it, left=left)


def pod(raw: Mapping[str, Any]) -> OwnedPod | None:
    """Read a pod of a ReplicaSet that has not ended; None for any other."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    owner = owner_uid(metadata, "ReplicaSet")
    if not owner or status.get("phase") in ENDED:
        return None
    ready: Mapping[str, Any] = next(
        (c for c in status.get("conditions") or [] if c.get("type") == "Ready"), {}
    )
    is_ready = ready.get("status") == "True"
    failure, message = _failure(status)
    return OwnedPod(
        replica_set_uid=owner,
        namespace=metadata["namespace"],
        pod=world.Pod(
            name=metadata["name"],
            uid=metadata["uid"],
            digest=None,
            ready=is_ready,
            terminating=bool(metadata.get("deletionTimestamp")),
            ready_since=written.moment(ready.get("lastTransitionTime")) if is_ready else None,
            failure=failure,
            failure_message=message,
            labels={
                key: value
                for key, value in (metadata.get("labels") or {}).items()
                if key.startswith(names.GROUP + "/")
            },
        ),
        made_for=made_for(metadata),
    )


def _failure(status: Mapping[str, Any]) -> tuple[str, str]:
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or []:
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason"):
                return str(waiting["reason"]), str(waiting.get("message") or "")
    return "", ""


def workload(raw: Mapping[str, Any]) -> world.Workload:
    """Read a Deployment; its pods are objects of their own, and none of them is known yet."""
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
    pod_template = spec.get("template") or {}
    replicas = int(spec.get("replicas") if spec.get("replicas") is not None else 1)
    counts = [int(status.get(name) or 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    seen = int(status.get("observedGeneration") or 0) >= int(metadata.get("generation") or 0)
    return world.Workload(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        replicas=replicas,
        template=pod_template,
        digest=template.digest(pod_template),
        paused=bool(spec.get("paused")),
        complete=seen and all(count == replicas for count in counts),
        progressed_at=_progressed_at(status),
        rolling=seen and _rolling(status),
        scaled_by=written.writer(metadata, "f:spec", "f:replicas"),
        scaled_at=written.written_at(metadata, "f:spec", "f:replicas"),
        managed=tuple(metadata.get("managedFields") or ()),
        templated_by=written.writer(metadata, "f:spec", "f:template"),
        selector=(spec.get("selector") or {}).get("matchLabels") or {},
    )


def _progressing(status: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((c for c in status.get("conditions") or [] if c.get("type") == "Progressing"), {})


def _progressed_at(status: Mapping[str, Any]) -> datetime | None:
    return written.moment(_progressing(status).get("lastUpdateTime"))


def _rolling(status: Mapping[str, Any]) -> bool:
    # The condition keeps this reason from the end of a rollout to the next template, however often it is scaled.
    return str(_progressing(status).get("reason", ROLLED_OUT)) != ROLLED_OUT
