"""From ClusterKillSwitches, namespaces and the KillSwitches of the former, as the API server has them, to decisions."""

from collections.abc import Mapping
from typing import Any

from lastgood.api import killswitch, names
from lastgood.decide import cluster_switch, facts
from lastgood.observe import salvage, written

Object = Mapping[str, Any]
DECISIVE = ("engaged", "models", "selector", "workloads", "namespaceSelector")


def read(raw: Object) -> cluster_switch.ClusterSwitch:
    """Read a ClusterKillSwitch. Raises `written.Unreadable` when it is not known what it kills, and where."""
    found = salvage.salvage(killswitch.ClusterKillSwitch, raw)
    if found is None or found.lacks(*DECISIVE):
        raise written.Unreadable("spec cannot be read" if found is None else found.unread)
    metadata, spec = found.resource.metadata, found.resource.spec
    said = written.owners(raw["metadata"], *written.RELEASED)
    return cluster_switch.ClusterSwitch(
        name=metadata.name,
        uid=metadata.uid or "",
        engaged=spec.engaged,
        selection=_selection(spec),
        namespaces=spec.namespace_selector,
        owners=tuple(owner for _, owner in sorted(said, reverse=True)),
    )


def namespace(raw: Object, *, has_models: bool) -> cluster_switch.Namespace:
    """Read a namespace."""
    metadata = raw["metadata"]
    return cluster_switch.Namespace(
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        ending=bool(metadata.get("deletionTimestamp")),
        has_models=has_models,
    )


def parent(raw: Object) -> str:
    """Return the name of the ClusterKillSwitch that a KillSwitch belongs to; empty for none."""
    metadata = raw["metadata"]
    if (metadata.get("labels") or {}).get(names.LABEL_CAUSE) != names.CAUSE_CLUSTER:
        return ""
    return str((metadata.get("annotations") or {}).get(names.ANNOTATION_CLUSTER_SWITCH) or "")


def child(raw: Object, switch: facts.Switch | None) -> cluster_switch.Child:
    """Return the KillSwitch of a ClusterKillSwitch, given what of it can be read: nothing else does it select."""
    metadata = raw["metadata"]
    notes = metadata.get("annotations") or {}
    return cluster_switch.Child(
        namespace=metadata["namespace"],
        name=metadata["name"],
        engaged=switch is None or switch.engaged,
        selection=cluster_switch.Selection() if switch is None else _selected(switch),
        parent=parent(raw),
        parent_uid=notes.get(names.ANNOTATION_CLUSTER_SWITCH_UID, ""),
        engaged_by=notes.get(names.ANNOTATION_ENGAGED_BY, ""),
        released_by=notes.get(names.ANNOTATION_RELEASED_BY, ""),
        readable=switch is not None and not switch.selection_unread,
        by_hand=bool(written.writers(metadata, *written.RELEASED) - {names.FIELD_MANAGER}),
        resource_version=metadata.get("resourceVersion") or "",
    )


def keeping(raw: Object, switch: facts.Switch | None, parents: Mapping[str, Object]) -> str:
    """Return the ClusterKillSwitch of `parents` that engages a KillSwitch again if that is released; empty for none."""
    found = child(raw, switch)
    spec = parents.get(found.parent, {}).get("spec") or {}
    return found.parent if spec.get("engaged") and not found.of_a_person else ""


def _selected(switch: facts.Switch) -> cluster_switch.Selection:
    return cluster_switch.Selection(
        models=switch.models,
        selector=switch.selector,
        workloads=switch.workloads,
        action=switch.action,
        reason=switch.reason,
        requested_by=switch.requested_by,
    )


def _selection(spec: killswitch.KillSwitchSelection) -> cluster_switch.Selection:
    return cluster_switch.Selection(
        models=spec.models or (),
        selector=spec.selector,
        workloads=spec.workloads or (),
        action=spec.action,
        reason=spec.reason,
        requested_by=spec.requested_by or "",
    )
