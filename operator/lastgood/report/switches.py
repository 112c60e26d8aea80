"""The status of a kill switch: what it holds, and whether it is verified that nothing of it runs. Pure.

`Verified` is True only when each workload that the switch holds was looked at and has no pod left; a switch that
selects nothing, or holds what cannot be seen, is never verified.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lastgood.api.base import Condition, ConditionStatus
from lastgood.api.killswitch import (
    ClusterKillSwitchStatus,
    ClusterKillTarget,
    KillSwitchStatus,
    KillTarget,
)
from lastgood.decide import cluster_switch, facts
from lastgood.report import conditions, ways_out
from lastgood.report import previous as earlier
from lastgood.report.conditions import Finding

MOST: Final = 1000
"""As many targets as the CRDs admit."""
MOST_NAMED: Final = 5
NO_REASON: Final = "no reason was given"
NOTHING: Final = (
    "nothing of what it selects is there; if something else is meant, add it, or engage another switch"
)
TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True, slots=True)
class Target:
    """One workload that a switch holds or selects."""

    workload: str
    model: str = ""
    """Empty for a workload that was named directly."""
    pods_remaining: int | None = None
    """Pods that are left; None while they could not be counted."""
    namespace: str = ""
    """For a ClusterKillSwitch: the workload's namespace."""


def targets(
    switch: facts.Switch, *, models: Mapping[str, str], pods: Mapping[str, int]
) -> tuple[Target, ...]:
    """Return what a switch holds and, while it is engaged, what it selects, in the order of the workloads' names.

    `models` gives the workload of each model that the switch selects; `pods` the number of pods of each workload, and
    nothing for one that was not counted.
    """
    found = {entry.workload: entry.model for entry in switch.entries}
    if switch.engaged:
        for model, workload in models.items():
            found.setdefault(workload, model)
        for workload in switch.workloads:
            found.setdefault(workload, "")
    return tuple(Target(name, found[name], pods.get(name)) for name in sorted(found))


def told_empty(status: Mapping[str, Any]) -> set[str]:
    """Return the workloads of which a switch's status says that no pod is left."""
    return {each["workload"] for each in status.get("targets") or () if each.get("podsRemaining") == 0}


def summarize_switch(
    *,
    engaged: bool,
    reason: str,
    generation: int,
    targets: Sequence[Target],
    now: datetime,
    previous: Mapping[str, Any] | None,
    release: str = ways_out.RELEASE,
    not_there: str = "",
    held_elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the status of a KillSwitch in wire form; `previous` only keeps times, and may be absent or broken.

    `release`, `not_there` and `held_elsewhere` are what `ways_out` says of it.
    """
    findings = {
        "Engaged": _engaged(reason=reason, not_there=not_there, release=release)
        if engaged
        else _released(targets, held_elsewhere or {}),
        "Verified": _verified(engaged, targets, not_there),
    }
    status = KillSwitchStatus(
        observed_generation=generation,
        targets=tuple(
            KillTarget(workload=t.workload, model=t.model or None, pods_remaining=t.pods_remaining)
            for t in targets[:MOST]
        ),
        conditions=_conditions(findings, generation=generation, now=now, previous=previous),
    )
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def targets_of(children: Iterable[Mapping[str, Any]]) -> tuple[Target, ...]:
    """Return what the KillSwitches of a ClusterKillSwitch say that they hold, in the order of the namespaces."""
    found = [
        Target(
            namespace=child["metadata"]["namespace"],
            workload=each["workload"],
            model=each.get("model") or "",
            pods_remaining=each.get("podsRemaining"),
        )
        for child in children
        for each in (child.get("status") or {}).get("targets") or []
    ]
    return tuple(sorted(found, key=lambda target: (target.namespace, target.workload)))


def refused(held: Sequence[cluster_switch.Child], *, written_by: str) -> str:
    """Return why the switches of a released ClusterKillSwitch are engaged all the same; empty when none is."""
    if not held:
        return ""
    shown = ", ".join(f"{child.namespace}/{child.name}" for child in held[:5])
    more = f" and {len(held) - 5} more" if len(held) > 5 else ""
    return (
        f"KillSwitch {shown}{more} stay engaged: for an earlier ClusterKillSwitch of this name, or engaged again, or "
        f"{written_by or 'nobody'} may not release them: set spec.engaged to false on each by hand"
    )


def unseen(children: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the namespaces whose KillSwitch has not said how far it is since it was changed last."""
    return [
        child["metadata"]["namespace"]
        for child in children
        if (child.get("status") or {}).get("observedGeneration") != child["metadata"].get("generation")
    ]


def summarize_cluster_switch(
    *,
    engaged: bool,
    reason: str,
    generation: int,
    targets: Sequence[Target],
    now: datetime,
    previous: Mapping[str, Any] | None,
    missing: Sequence[str] = (),
    refused: str = "",
    not_seen: str = "",
) -> dict[str, Any]:
    """Return the status of a ClusterKillSwitch in wire form, from the targets of its switches in all namespaces.

    `missing` are the namespaces whose switch is not engaged yet, or has not told yet; `refused` is why a release was
    not followed, in one sentence; `not_seen` is where to look instead, if only a part of them is seen.
    """
    findings = {
        "Engaged": _engaged(reason=reason) if engaged else _released(targets, {}),
        "Verified": _verified(engaged, targets),
    }
    if refused:
        findings["Engaged"] = Finding(TRUE, "ReleaseRefused", refused)
        findings["Verified"] = _verified(True, targets)
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        findings["Verified"] = Finding(UNKNOWN, "Engaging", f"not engaged, or not told of, yet in {shown}")
    if not_seen:
        targets = ()
        findings = {
            "Engaged": _engaged(reason=reason, not_there=not_seen)
            if engaged
            else Finding(FALSE, "Released", f"released; {not_seen}"),
            "Verified": Finding(UNKNOWN, "NotAllSeen", not_seen),
        }
    status = ClusterKillSwitchStatus(
        observed_generation=generation,
        targets=tuple(
            ClusterKillTarget(
                namespace=t.namespace,
                workload=t.workload,
                model=t.model or None,
                pods_remaining=t.pods_remaining,
            )
            for t in targets[:MOST]
        ),
        conditions=_conditions(findings, generation=generation, now=now, previous=previous),
    )
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def _conditions(
    findings: Mapping[str, Finding],
    *,
    generation: int,
    now: datetime,
    previous: Mapping[str, Any] | None,
) -> tuple[Condition, ...]:
    known = earlier.conditions(previous)
    return conditions.written(
        findings, generation=generation, now=now, previous=known, others=tuple(known.values())
    )


def _engaged(*, reason: str, not_there: str = "", release: str = ways_out.RELEASE) -> Finding:
    said = (reason or NO_REASON, not_there, release)
    return Finding(TRUE, "Engaged", "; ".join(part for part in said if part))


def _released(targets: Sequence[Target], held_elsewhere: Mapping[str, str]) -> Finding:
    held = [target for target in targets if target.workload in held_elsewhere]
    back = [target for target in targets if target.workload not in held_elsewhere]
    said = ["released"]
    if held:
        by = sorted({held_elsewhere[target.workload] for target in held})[:MOST_NAMED]
        said.append(f"KillSwitch {', '.join(by)} keeps {_named(held)} at zero")
    if back:
        said.append(f"{_named(back)} on the way back to service")
    if not targets:
        said.append("it holds nothing")
    how = "Recovering" if back else "HeldByAnother" if held else "Released"
    return Finding(FALSE, how, "; ".join(said))


def _verified(engaged: bool, targets: Sequence[Target], not_there: str = "") -> Finding:
    if not engaged:
        return Finding(FALSE, "Released", "a released switch keeps nothing at zero")
    if not targets:
        return Finding(UNKNOWN, "NothingSelected", f"it stops nothing: {not_there or NOTHING}")
    unseen = [target for target in targets if target.pods_remaining is None]
    left = [target for target in targets if target.pods_remaining]
    if left:
        return Finding(UNKNOWN, "Stopping", f"pods are left of {_named(left)}")
    if unseen:
        return Finding(
            UNKNOWN,
            "NotCounted",
            f"whether pods are left of {_named(unseen)} is not known: it is not off yet, or no Deployment",
        )
    return Finding(TRUE, "NoPodsLeft", f"no pod is left of {_named(targets)}")


def _named(targets: Sequence[Target]) -> str:
    shown = ", ".join(
        f"{t.namespace}/{t.workload}" if t.namespace else t.workload for t in targets[:MOST_NAMED]
    )
    return shown if len(targets) <= MOST_NAMED else f"{shown} and {len(targets) - MOST_NAMED} more"
