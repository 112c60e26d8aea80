"""The places where the operator writes, told by what is written: the rows of the coverage table.

A write that is none of these fails the simulation, so that no new one goes untested.
"""

from typing import Any, Final

from lastgood.kube import resources
from lastgood.kube.resources import Resource

RECORDS: Final = (
    "record.checkpoint.take",
    "record.checkpoint.give_verdict",
    "record.checkpoint.activate",
    "record.checkpoint.answer",
    "record.switch.engage",
    "record.switch.release",
    "record.switch.set_entries",
)
ACTS: Final = (
    "act.deployment.switch_template",
    "act.deployment.scale",
    "act.deployment.label_pods",
    "act.deployment.forget_request",
    "act.deployment.empty_replica_set",
    "act.hpa.set_bounds",
)
REPORTS: Final = ("report.status.model", "report.status.switch", "report.events")
LEASE: Final = "runtime.lease"
SITES: Final = (*RECORDS, *ACTS, *REPORTS, LEASE)

_BY_KIND: Final = {
    resources.MODEL_DEPLOYMENTS: "act.deployment.forget_request",
    resources.REPLICA_SETS: "act.deployment.empty_replica_set",
    resources.PODS: "act.deployment.label_pods",
    resources.HPAS: "act.hpa.set_bounds",
    resources.LEASES: LEASE,
    resources.EVENTS: "report.events",
}


def site(resource: Resource, body: Any, *, creates: bool, subresource: str | None = None) -> str:
    """Return which of our writes this is. Raises AssertionError for one that nobody has listed."""
    found = _BY_KIND.get(resource, "")
    spec = body.get("spec") or {} if isinstance(body, dict) else {}
    if subresource == "status":
        model = resource is resources.MODEL_DEPLOYMENTS
        found = "report.status.model" if model else "report.status.switch"
    elif resource is resources.MODEL_CHECKPOINTS:
        found = _of_checkpoint(spec, creates=creates)
    elif resource is resources.KILL_SWITCHES:
        found = _of_switch(spec, creates=creates)
    elif resource is resources.DEPLOYMENTS:
        found = "act.deployment.scale" if subresource == "scale" else "act.deployment.switch_template"
    if found not in SITES:
        raise AssertionError(
            f"a write that no row of the coverage table stands for: {resource.plural}: {body}"
        )
    return found


def _of_checkpoint(spec: dict[str, Any], *, creates: bool) -> str:
    if creates:
        return "record.checkpoint.take"
    written = {"activations": "activate", "verdict": "give_verdict", "requests": "answer"}
    return next((f"record.checkpoint.{name}" for field, name in written.items() if field in spec), "")


def _of_switch(spec: dict[str, Any], *, creates: bool) -> str:
    if creates or spec.get("engaged"):
        return "record.switch.engage"
    return "record.switch.release" if "engaged" in spec else "record.switch.set_entries"
