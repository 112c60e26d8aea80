"""The places where the operator writes, told by what is written: the rows of the coverage table.

A write that is none of these fails the simulation, so that no new one goes untested; and every function of the operator
that writes is named here (`test_every_write_has_a_row.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

from lastgood.api import names
from lastgood.kube import resources
from lastgood.kube.resources import Resource

WRITERS: Final[Mapping[str, tuple[str, ...]]] = {
    "record.checkpoint.take": ("record.checkpoint.take",),
    "record.checkpoint._patch": (
        "record.checkpoint.give_verdict",
        "record.checkpoint.activate",
        "record.checkpoint.answer",
        "record.checkpoint.note_content",
    ),
    "record.checkpoint.set_owners": ("record.checkpoint.set_owners",),
    "record.switch.engage": ("record.switch.engage",),
    "record.switch._patch": ("record.switch.engage", "record.switch.release"),
    "record.entries.Entries._patch": ("record.switch.set_entries",),
    "record.cluster_switch._engage": ("record.cluster_switch.engage",),
    "record.cluster_switch.write": ("record.cluster_switch.release",),
    "act.deployment.switch_template": ("act.deployment.switch_template",),
    "act.deployment.scale": ("act.deployment.scale",),
    "act.deployment.label_pod": ("act.deployment.label_pod",),
    "act.deployment.forget_request": ("act.deployment.forget_request",),
    "act.deployment.empty_replica_set": ("act.deployment.empty_replica_set",),
    "act.hpa.set_bounds": ("act.hpa.set_bounds",),
    "act.keda.pause": ("act.keda.pause",),
    "act.service.switch_traffic": ("act.service.switch_traffic",),
    "report.status.Statuses.write": (
        "report.status.model",
        "report.status.switch",
        "report.status.cluster_switch",
    ),
    "report.unbuilt.UnbuiltKinds.tell": ("report.unbuilt",),
    "report.events.Events.write": ("report.events",),
    "runtime.lease.Elector._take": ("runtime.lease",),
    "runtime.lease.Elector._release": ("runtime.lease",),
}
"""By the function that makes it: the rows that a write may belong to."""
SITES: Final = tuple(dict.fromkeys(site for written in WRITERS.values() for site in written))
RECORDS: Final = tuple(site for site in SITES if site.startswith("record."))
ACTS: Final = tuple(site for site in SITES if site.startswith("act."))
LEASE: Final = "runtime.lease"

_BY_KIND: Final = {
    resources.MODEL_DEPLOYMENTS: "act.deployment.forget_request",
    resources.REPLICA_SETS: "act.deployment.empty_replica_set",
    resources.PODS: "act.deployment.label_pod",
    resources.HPAS: "act.hpa.set_bounds",
    resources.SCALED_OBJECTS: "act.keda.pause",
    resources.SERVICES: "act.service.switch_traffic",
    resources.LEASES: LEASE,
    resources.EVENTS: "report.events",
}
_OF_STATUS: Final = {
    resources.MODEL_DEPLOYMENTS: "report.status.model",
    resources.KILL_SWITCHES: "report.status.switch",
    resources.CLUSTER_KILL_SWITCHES: "report.status.cluster_switch",
    resources.SAFETY_DRILLS: "report.unbuilt",
}


def site(
    resource: Resource, body: Any, *, there: Mapping[str, Any] | None = None, subresource: str | None = None
) -> str:
    """Return which of our writes this is, over what is `there`.

    Raises AssertionError for one that nobody has listed.
    """
    found = _BY_KIND.get(resource, "")
    spec = body.get("spec") or {} if isinstance(body, dict) else {}
    if subresource == "status":
        found = _OF_STATUS.get(resource, "")
    elif resource is resources.MODEL_CHECKPOINTS:
        found = _of_checkpoint(body, creates="saved" in spec)
    elif resource is resources.KILL_SWITCHES:
        found = _of_switch(
            body, of_a_cluster=_cause(body) == names.CAUSE_CLUSTER or _cause(there) == names.CAUSE_CLUSTER
        )
    elif resource is resources.DEPLOYMENTS:
        found = "act.deployment.scale" if subresource == "scale" else "act.deployment.switch_template"
    if found not in SITES:
        raise AssertionError(
            f"a write that no row of the coverage table stands for: {resource.plural}: {body}"
        )
    return found


def _of_checkpoint(body: Mapping[str, Any], *, creates: bool) -> str:
    if creates:
        return "record.checkpoint.take"
    if "ownerReferences" in body["metadata"]:
        return "record.checkpoint.set_owners"
    written = {
        "activations": "activate",
        "verdict": "give_verdict",
        "config": "note_content",
        "requests": "answer",
    }
    spec = body.get("spec") or {}
    return next((f"record.checkpoint.{name}" for field, name in written.items() if field in spec), "")


def _of_switch(body: Mapping[str, Any], *, of_a_cluster: bool) -> str:
    spec = body["spec"]
    if "engaged" not in spec:
        return "record.switch.set_entries"
    what = "engage" if spec["engaged"] else "release"
    return f"record.cluster_switch.{what}" if of_a_cluster else f"record.switch.{what}"


def _cause(raw: Mapping[str, Any] | None) -> str | None:
    labels = ((raw or {}).get("metadata") or {}).get("labels") or {}
    cause: str | None = labels.get(names.LABEL_CAUSE)
    return cause
