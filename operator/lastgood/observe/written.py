"""From our own resources, as the API server has them, to the facts that decisions are made from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pydantic

from lastgood.api import killswitch, modelcheckpoint, modeldeployment, names, workloads
from lastgood.decide import asking, facts, template
from lastgood.decide.view import Model
from lastgood.observe import salvage

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


ENGAGED: Final = ("f:spec", "f:killSwitch", "f:engaged")
"""Where `managedFields` says who wrote the kill switch of a model."""


RELEASED: Final = ("f:spec", "f:engaged")
"""Where it says who engaged or released a switch."""


class Unreadable(ValueError):  # noqa: N818  (named after what it says of the object)
    """An object that does not parse: an older or newer release wrote it, or validation was off."""


def model(raw: Mapping[str, Any]) -> Model:
    """Read a ModelDeployment, or what of it can be read: a model that is half understood can still be killed (K6).

    Raises `Unreadable` when it is not even known which Deployment it speaks of.
    """
    salvaged = salvage.salvage(modeldeployment.ModelDeployment, _asked_and_recorded(raw))
    if salvaged is None or salvaged.lacks("workloadRef.name") or "spec.workloadRef" in salvaged.left_out:
        raise Unreadable(
            "spec does not say which Deployment it is about" if salvaged is None else salvaged.unread
        )
    parsed = salvaged.resource
    metadata = raw.get("metadata", {})
    annotations = dict(parsed.metadata.annotations)
    return Model(
        namespace=parsed.metadata.namespace or "",
        name=parsed.metadata.name,
        uid=parsed.metadata.uid or "",
        spec=parsed.spec,
        generation=parsed.metadata.generation or 0,
        labels=dict(parsed.metadata.labels),
        annotations=annotations,
        engaged_written_by=writer(metadata, *ENGAGED),
        engaged_owners=frozenset(owner for _, owner in owners(metadata, *ENGAGED)),
        spec_written_at=written_at(metadata, "f:spec"),
        asked={
            key: found for key in names.REQUESTS if (found := asked(metadata, annotations, key)) is not None
        },
        resource_version=parsed.metadata.resource_version or "",
        unread=salvaged.unread,
    )


def _asked_and_recorded(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without its status: a report is never a source (F), so that it is not even read."""
    return {field: value for field, value in raw.items() if field != "status"}


def asked(metadata: Mapping[str, Any], annotations: Mapping[str, str], key: str) -> asking.Asked | None:
    """Return what an annotation asks for, with who wrote it and when; None when it is not there, or empty."""
    value = annotations.get(key)
    if not value:
        return None
    written = max(owners(metadata, "f:metadata", "f:annotations", f"f:{key}"), default=("", ""))
    return asking.Asked(value, by=written[1], at=moment(written[0]))


def writer(metadata: Mapping[str, Any], *path: str) -> str:
    """Return the field manager that owns a field, of several the one that wrote last; empty for nobody."""
    return max(owners(metadata, *path), default=("", ""))[1]


def writers(metadata: Mapping[str, Any], *path: str) -> set[str]:
    """Return all field managers that own a field, or a part of it."""
    return {manager for _, manager in owners(metadata, *path)}


def written_at(metadata: Mapping[str, Any], *path: str) -> datetime | None:
    """Return when a field, or anything below it, was written last; None when nobody says."""
    return moment(max(owners(metadata, *path), default=("", ""))[0])


def owners(metadata: Mapping[str, Any], *path: str) -> list[tuple[str, str]]:
    """Return the time and the name of each field manager that owns a field."""
    found = []
    for entry in metadata.get("managedFields") or []:
        fields: Any = entry.get("fieldsV1") or {}
        for part in path:
            fields = fields.get(part) if isinstance(fields, Mapping) else None
        if fields is not None and entry.get("subresource") != "status":
            found.append((str(entry.get("time") or ""), str(entry.get("manager") or "")))
    return found


def checkpoint(raw: Mapping[str, Any]) -> facts.Checkpoint | None:
    """Read a ModelCheckpoint, or None for one that does not parse: what cannot be read is never restored."""
    try:
        parsed = modelcheckpoint.ModelCheckpoint.parse(_asked_and_recorded(raw))
    except pydantic.ValidationError:
        return None
    saved, verdict = parsed.spec.saved, parsed.spec.verdict
    return facts.Checkpoint(
        name=parsed.metadata.name,
        version=saved.version,
        digest=saved.digest,
        template=saved.pod_template,
        base=None if saved.base is None else _base(saved.base),
        verdict=facts.VerdictFact(facts.Worth.UNPROVEN, facts.CREATED, saved.created_at)
        if verdict is None
        else facts.VerdictFact(
            worth=verdict.value,
            reason=verdict.reason or "",
            since=verdict.since or saved.created_at,
            by=verdict.by or "",
            evidence=None if verdict.evidence is None else verdict.evidence.wire(),
        ),
        activations=tuple(
            facts.Activation(a.at, facts.why(a.reason or ""), came_from=a.from_, workload=a.workload or "")
            for a in parsed.spec.activations
        ),
        created_at=saved.created_at,
        content=_content(parsed.spec),
        resource_version=parsed.metadata.resource_version or "",
        intact=template.digest(saved.pod_template) == saved.digest,
        asked=asked(raw.get("metadata", {}), parsed.metadata.annotations, names.ANNOTATION_VERDICT),
        answers=tuple(_answer(each) for each in parsed.spec.requests),
        owners=tuple(raw.get("metadata", {}).get("ownerReferences") or ()),
        workload=saved.workload or "",
    )


def _answer(found: modelcheckpoint.AnsweredRequest) -> asking.Answer:
    return asking.Answer(
        request=found.request,
        asked=asking.Asked(found.value, by=found.by or "", at=found.asked_at),
        at=found.at,
        outcome=found.outcome,
        message=found.message,
    )


def _content(spec: modelcheckpoint.ModelCheckpointSpec) -> facts.Content | None:
    found = spec.config or modelcheckpoint.ConfigContent(refs=spec.saved.config_refs)
    hashes = {ref.name: ref.hash for ref in found.refs if ref.kind is modelcheckpoint.ConfigKind.CONFIG_MAP}
    return facts.Content(hashes, found.changed_at) if hashes else None


def _base(base: modelcheckpoint.Base) -> facts.Base:
    return facts.Base(
        container=base.container,
        image=base.image,
        args=base.args,
        env=tuple(item.wire() for item in base.env or ()),
    )


def switch(raw: Mapping[str, Any]) -> facts.Switch | None:
    """Read a KillSwitch, or what of it can be read; None when nothing of it can.

    Nothing that does not parse lets go of anything: a switch that does not say whether it is engaged holds what it is
    known to hold, and one that does not say what it selects still holds what it names.
    """
    says = isinstance((raw.get("spec") or {}).get("engaged"), bool)
    found = salvage.salvage(
        killswitch.KillSwitch, _asked_and_recorded(raw if says else _holding_what_it_holds(raw))
    )
    if found is None:
        return None
    parsed = found.resource
    spec, annotations = parsed.spec, parsed.metadata.annotations
    cause = parsed.metadata.labels.get(names.LABEL_CAUSE, "")
    return facts.Switch(
        name=parsed.metadata.name,
        engaged=spec.engaged,
        cause=facts.Cause(cause) if cause in names.CAUSES else facts.Cause.PERSON,
        reason=spec.reason,
        requested_by=spec.requested_by or "",
        models=spec.models or (),
        selector=spec.selector,
        workloads=spec.workloads or (),
        action=spec.action,
        entries=tuple(_entry(entry) for entry in spec.restore),
        model_uid=annotations.get(names.ANNOTATION_MODEL_UID, ""),
        bad_digest=annotations.get(names.ANNOTATION_BAD_DIGEST, ""),
        engaged_at=moment(annotations.get(names.ANNOTATION_ENGAGED_AT)) or parsed.metadata.creation_timestamp,
        engaged_by_others_at=_written_by_others_at(raw.get("metadata", {})) if spec.engaged else None,
        released_by=annotations.get(names.ANNOTATION_RELEASED_BY, ""),
        resource_version=parsed.metadata.resource_version or "",
        unread=found.unread if says else "spec.engaged: is neither true nor false",
        selection_unread=not says
        or found.lacks("models", "selector", "workloads")
        or "spec.restore" in found.left_out,
    )


def _written_by_others_at(metadata: Mapping[str, Any]) -> datetime | None:
    """Return when the field `engaged` was written by somebody but the operator, which notes its own engagements."""
    others = (time for time, who in owners(metadata, *RELEASED) if who != names.FIELD_MANAGER)
    return moment(max(others, default=""))


def _holding_what_it_holds(raw: Mapping[str, Any]) -> dict[str, Any]:
    spec = {key: value for key, value in (raw.get("spec") or {}).items() if key in ("reason", "restore")}
    return {**raw, "spec": {**spec, "engaged": True}}


def _entry(entry: killswitch.RestoreEntry) -> facts.Entry:
    scaler, probation, traffic = entry.autoscaler, entry.probation, entry.traffic
    return facts.Entry(
        workload=entry.workload,
        model=entry.model or "",
        replicas=entry.replicas or 0,
        ceiling=entry.ceiling,
        autoscaler=None if scaler is None else _autoscaler(scaler),
        probation=None
        if probation is None
        else facts.Probation(probation.since, probation.round, probation.start_at),
        traffic=None if traffic is None else facts.Route(traffic.service, traffic.selector),
    )


def _autoscaler(scaler: workloads.HeldAutoscaler) -> facts.Autoscaler:
    held = tuple(_bounds(each) for each in scaler.held)
    noted_of = scaler.resource_version or ""
    revision = int(noted_of) if noted_of.isdigit() else 0
    return facts.Autoscaler(scaler.kind.value, scaler.name, _bounds(scaler), scaler.uid or "", held, revision)


def _bounds(bounds: workloads.AutoscalerBounds) -> facts.Bounds:
    return facts.Bounds(bounds.min_replicas, bounds.max_replicas, bounds.scale_up, bounds.paused_replicas)


def moment(text: str | None) -> datetime | None:
    """Read a time as the API server writes it; None for what is no time."""
    try:
        parsed = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
