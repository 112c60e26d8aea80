"""Reading the ledger: which version to go back to, and what limits the next automatic rollback (semantics.md, R)."""

from datetime import datetime, timedelta
from typing import Final

from lastgood.api import modeldeployment
from lastgood.decide import candidate, facts, steps, template, world
from lastgood.decide.facts import Why, Worth
from lastgood.decide.view import View

START_FAILURES: Final = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "CreateContainerConfigError",
    "RunContainerError",
)
"""Waiting reasons of the kubelet that repeat until somebody changes something (rule R6)."""
START_FAILED: Final = "StartFailed"
"""Reason of a verdict on a version whose pods do not become available."""


def activation(known: facts.Facts, now: datetime, why: Why) -> facts.Activation:
    """Return the next activation; its time is later than any before, whatever the clock says."""
    last = None if known.newest is None else known.newest.last_activation
    at = now if last is None else max(now, last.at + timedelta(microseconds=1))
    left = None if known.current is None else known.current.version
    return facts.Activation(at=at, why=why, came_from=left, workload=known.workload)


def newest_good(
    known: facts.Facts, *, spec: modeldeployment.ModelDeploymentSpec, but: str = ""
) -> facts.Checkpoint | None:
    """R1: the Good version that served last, but for digest `but`."""
    good = [c for c in _restorable(known, spec) if c.verdict.worth is Worth.GOOD and c.digest != but]
    return max(good, key=_last_served, default=None)


def target(
    known: facts.Facts, *, spec: modeldeployment.ModelDeploymentSpec, but: str
) -> facts.Checkpoint | None:
    """R1: the newest Good version, else the newest Unproven one that served without a breach; never a Bad one."""
    good = newest_good(known, spec=spec, but=but)
    if good is not None:
        return good
    served = [
        c
        for c in _restorable(known, spec)
        if c.served and c.verdict.worth is Worth.UNPROVEN and c.digest != but
    ]
    return max(served, key=_last_served, default=None)


def _restorable(known: facts.Facts, spec: modeldeployment.ModelDeploymentSpec) -> list[facts.Checkpoint]:
    """Return what may be gone back to: whole, run before on this Deployment, and not redefined since (rule R1)."""
    return [
        checkpoint
        for checkpoint in known.own
        if known.by_digest.get(checkpoint.digest) is checkpoint
        and any(each.was_on(known.workload) for each in checkpoint.activations)
        and not _redefined(spec, checkpoint)
    ]


def _redefined(spec: modeldeployment.ModelDeploymentSpec, checkpoint: facts.Checkpoint) -> bool:
    listed = next((version for version in spec.versions if version.name == checkpoint.version), None)
    return listed is not None and not candidate.lays_over(checkpoint, listed)


def _last_served(checkpoint: facts.Checkpoint) -> datetime:
    last = checkpoint.last_activation
    return checkpoint.created_at if last is None else last.at


def named(known: facts.Facts, version: str) -> facts.Checkpoint | None:
    """Return the newest whole checkpoint of a version, of this Deployment."""
    found = [c for c in known.own if c.intact and c.version == version]
    return max(found, key=lambda c: c.created_at, default=None)


def defined(view: View, version: str) -> facts.Checkpoint | None:
    """Return a listed version, or with `follow` one that was saved before under a name that is not listed."""
    if view.model.spec.follow and all(each.name != version for each in view.model.spec.versions):
        return named(view.facts, version)
    return candidate.listed(view, version)


def called(view: View, version: str) -> facts.Checkpoint | None:
    """Return what a person means by a name: the listed version, saved or not, else the newest saved one."""
    listed = candidate.listed(view, version)
    return named(view.facts, version) if listed is None else view.facts.by_digest.get(listed.digest, listed)


def unknown(view: View, version: str) -> str:
    """Say why a name means no version, for a person who asked for it; to be read after the name."""
    elsewhere = [c for c in view.facts.checkpoints if c.version == version and c not in view.facts.own]
    if not elsewhere:
        return "is neither listed nor saved"
    return (
        f"was saved of Deployment {elsewhere[-1].workload} and is not listed, so that it is nothing that "
        f"{view.model.workload_name} could run; list it in spec.versions"
    )


def refusal(view: View, goal: facts.Checkpoint) -> tuple[str, str] | None:
    """R5: why the next automatic rollback must wait: reason and sentence, or None; ordered ones do not count."""
    rollback = view.model.spec.rollback
    times = sorted(a.at for c in view.facts.checkpoints for a in c.activations if a.why is Why.ROLLBACK)
    if not times:
        return None
    last = view.facts.last_activation
    if last is not None and last.why is Why.ROLLBACK and last.came_from == goal.version:
        return (
            "PingPong",
            f"the last automatic rollback came from {goal.version}, so this one does not go back to it",
        )
    ends = times[-1] + rollback.cooldown
    if view.now < ends and not _wanted_since(view, times[-1]):
        at, until = f"{times[-1]:%H:%M:%S}", f"{ends:%H:%M:%S}"
        return "Cooldown", f"the last automatic rollback was at {at} UTC, the next may be at {until} UTC"
    recent = [at for at in times if at > view.now - rollback.budget.per]
    if len(recent) >= rollback.budget.max:
        since = f"since {recent[0]:%Y-%m-%d %H:%M:%S} UTC"
        several = f"{len(recent)} automatic rollbacks {since} use up the budget"
        spent = f"1 automatic rollback {since} uses up the budget" if len(recent) == 1 else several
        return "BudgetSpent", spent
    return None


def _wanted_since(view: View, last_rollback: datetime) -> bool:
    """Whether the version that runs was first switched to after the last rollback."""
    active = view.active
    if active is None or not active.activations:
        return False
    first = min(activation.at for activation in active.activations)
    return first > last_rollback


def start_failure(view: View, workload: world.Workload) -> str:
    """R6: why pods of the wanted template do not become available, or nothing when they do or may still."""
    for pod in workload.pods:
        if pod.digest == workload.digest and pod.failure in START_FAILURES and not pod.terminating:
            return f"pod {pod.name}: {pod.failure}: {pod.failure_message}".rstrip(": ")
    late_at = deadline(view, workload)
    if late_at is not None and view.now >= late_at:
        return f"its pods are not available after {view.model.spec.rollout.progress_deadline.total_seconds():g} s"
    return ""


def deadline(view: View, workload: world.Workload) -> datetime | None:
    """R6: when a switch that has not ended has failed; None when it has ended, or is paused.

    Each step forward of the rollout, and the end of a pause, gives it the whole time again, as a Deployment's own
    progress deadline does. What happens to its pods after the rollout has ended, as
    when it is scaled up, has no deadline.
    """
    last = view.facts.last_activation
    if last is None or workload.paused or not workload.rolling or workload.settled or workload.replicas == 0:
        return None
    since = last.at if workload.progressed_at is None else max(last.at, workload.progressed_at)
    return since + view.model.spec.rollout.progress_deadline


def switch_step(view: View, workload: world.Workload, current: facts.Checkpoint) -> steps.SwitchTemplate:
    """Return the step that gives the workload the whole template of the version switched to last (rule R2)."""
    last = current.last_activation
    why = Why.ROLLOUT if last is None else last.why
    return steps.SwitchTemplate(
        workload=workload,
        template=template.labelled(
            current.template,
            model=view.model.name,
            # Who changes only the image next would leave this version's name on the pods of the next.
            version=None if view.model.spec.follow else current.version,
        ),
        version=current.version,
        why=why,
        decided_at=None if last is None else last.at,
        unpause=workload.paused and (why.goes_back or why is Why.RESTORE),
    )
