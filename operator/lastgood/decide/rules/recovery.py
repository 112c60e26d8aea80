"""Coming back after a release: probation at few replicas, then all of them, then the autoscaler (semantics.md, K9).

The entries that the released switches still hold say how far it has got, so that a new operator goes on where an old
one stopped: ceiling 0 waits to start, a probation with `since` runs, and a ceiling without probation is the way back
to the replicas of before the kill.
"""

import dataclasses
import datetime
from typing import Final

from lastgood.api import names
from lastgood.api.rollback import Restart
from lastgood.api.thresholds import OnBreach
from lastgood.decide import candidate, facts, ledger, records, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import kill
from lastgood.decide.view import View

PATIENCE: Final = 4
"""After this many times its duration, a probation without enough data says so (rule K9)."""


def recover(view: View) -> Decision | None:
    """K9: bring a released model back in steps, each on its own record."""
    entry = max(kill.held_entries(view), key=lambda e: e.probation.round if e.probation else 0, default=None)
    if view.engaged or entry is None:
        return None
    if view.trouble is not None:
        return Decision(Phase.HELD, view.trouble.reason, view.trouble.message, degraded=view.trouble.reason)
    if view.workload is None:
        return Decision(
            Phase.HELD, "WorkloadNotFound", f"Deployment {entry.workload} is gone; create it again"
        )
    if entry.ceiling == 0:
        return _start(view, entry)
    if entry.probation is not None and entry.probation.since is not None:
        return _probation(view, view.workload, entry, entry.probation)
    return _return(view, view.workload, entry)


def forget_the_resume(view: View) -> Decision | None:
    """P3: a resume names one start; kept, it would start the next kill's model as soon as that is released."""
    if names.ANNOTATION_RESUME not in view.model.annotations or _is_waiting(view):
        return None
    step = steps.ForgetRequest(names.ANNOTATION_RESUME)
    return Decision(Phase.SERVING, "Resumed", "the resume is done", steps=(step,))


def _is_waiting(view: View) -> bool:
    """Whether the model is released and still at zero: only then does a resume mean anything."""
    entries = kill.held_entries(view)
    started = any(entry.ceiling > 0 for entry in entries)
    return bool(entries) and not view.engaged and not started


def _start(view: View, entry: facts.Entry) -> Decision:
    if entry.replicas == 0:
        return _rewrite(
            view, None, Phase.IDLE, "Released", "nothing ran before the kill, so nothing is started"
        )
    requested = view.model.annotations.get(names.ANNOTATION_RESUME, "")
    recovery = view.model.spec.kill_switch.recovery
    if recovery.restart is Restart.MANUAL and not requested:
        return _waiting(view, "recovery.restart is Manual")
    target = _target(view, requested)
    if isinstance(target, Decision):
        return target
    if view.facts.current is None or view.facts.current.digest != target.digest:
        activation = ledger.activation(view.facts, view.now, facts.Why.RESTORE)
        restored = records.Activate(target, activation)
        return Decision(
            Phase.PROBATION, "Starting", f"starting again with {target.version}", records=(restored,)
        )
    earlier = entry.probation or facts.Probation()
    begun = dataclasses.replace(
        entry,
        ceiling=recovery.probation.replicas.of(entry.replicas),
        probation=dataclasses.replace(earlier, since=view.now),
    )
    return _rewrite(view, begun, Phase.PROBATION, "Starting", f"starting again with {target.version}")


def _target(view: View, requested: str) -> facts.Checkpoint | Decision:
    """Return the version to start with, or what must be recorded or said before there is one."""
    if requested:
        return _requested(view, requested)
    good = ledger.newest_good(view.facts, spec=view.model.spec)
    if good is not None:
        return good
    current = view.facts.current
    if current is not None and current.verdict.worth is not facts.Worth.BAD:
        return current
    return _waiting(view, "there is no version to start with that is not Bad")


def _requested(view: View, requested: str) -> facts.Checkpoint | Decision:
    found = ledger.named(view.facts, requested)
    listed = candidate.listed(view, requested)
    if listed is not None and (found is None or found.digest != listed.digest):
        found = view.facts.by_digest.get(listed.digest)
        if found is None:
            taken = records.TakeCheckpoint(listed)
            return Decision(Phase.HELD, "Resuming", f"saving {requested}", records=(taken,))
    if found is None:
        message = (
            f"{names.ANNOTATION_RESUME} asks for version {requested!r}, which is neither listed nor saved"
        )
        return Decision(Phase.HELD, "UnknownVersion", message)
    if found.verdict.worth is facts.Worth.BAD:
        person = view.model.annotated_by.get(names.ANNOTATION_RESUME, "") or "a person"
        verdict = facts.VerdictFact(facts.Worth.UNPROVEN, "Resumed", since=view.now, by=person)
        given = records.GiveVerdict(found, verdict)
        return Decision(Phase.HELD, "Resuming", f"{person} resumes with {requested}", records=(given,))
    return found


def _waiting(view: View, why: str) -> Decision:
    message = (
        f"released, and at zero because {why}; to start: kubectl annotate mdep {view.model.name} "
        f"-n {view.model.namespace} {names.ANNOTATION_RESUME}=VERSION"
    )
    return Decision(Phase.HELD, "WaitingForResume", message)


def _probation(
    view: View, workload: world.Workload, entry: facts.Entry, probation: facts.Probation
) -> Decision:
    failed = _failure(view, workload)
    if failed:
        return kill.engage_automatically(view, reason=f"in probation: {failed}", in_probation=True)
    prepared = _prepare(view, workload, entry)
    if prepared:
        return Decision(Phase.PROBATION, "Probation", f"{entry.ceiling} replicas first", steps=prepared)
    recovery = view.model.spec.kill_switch.recovery
    needed = recovery.probation.duration * recovery.backoff ** (probation.round - 1)
    if view.good_for >= needed:
        ceiling = max(
            entry.replicas, (entry.autoscaler.max_replicas or 0) if entry.autoscaler is not None else 0
        )
        back = dataclasses.replace(entry, ceiling=ceiling, probation=None)
        return _rewrite(view, back, Phase.PROBATION, "Passed", "probation passed")
    if probation.since is not None and view.now - probation.since > PATIENCE * needed:
        missing = ", ".join(
            f"{j.threshold.name} is {j.judgement.verdict}" for j in view.judged if j.judgement.verdict != "OK"
        )
        message = f"stays at {entry.ceiling} replicas: not enough data to end probation ({missing or 'not available'})"
        return Decision(Phase.PROBATION, "NotEnoughData", message, degraded="NotEnoughData")
    message = f"round {probation.round}: OK for {_seconds(view.good_for)} of {_seconds(needed)}"
    return Decision(Phase.PROBATION, "Probation", message)


def _seconds(span: datetime.timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def _failure(view: View, workload: world.Workload) -> str:
    """In probation a Rollback or Kill threshold kills again, as do pods that do not start (rule K9)."""
    for judged in view.judged:
        if (
            judged.breached
            and judged.acting
            and judged.threshold.on_breach in (OnBreach.ROLLBACK, OnBreach.KILL)
        ):
            return f"threshold {judged.threshold.name}: {judged.judgement.message}"
    if workload.replicas == 0 or view.facts.current is None or workload.digest != view.facts.current.digest:
        return ""
    return ledger.start_failure(view, workload)


def _prepare(view: View, workload: world.Workload, entry: facts.Entry) -> tuple[steps.Step, ...]:
    current = view.facts.current
    if current is not None and workload.digest != current.digest:
        return (ledger.switch_step(view, workload, current),)
    needed: list[steps.Step] = []
    scaler = view.autoscaler
    if scaler is not None and (scaler.min_replicas, scaler.max_replicas) != (entry.ceiling, entry.ceiling):
        needed.append(steps.SetAutoscaler(scaler, entry.ceiling, entry.ceiling))
    if workload.replicas != entry.ceiling:
        needed.append(steps.Scale(workload, entry.ceiling))
    return tuple(needed)


def _return(view: View, workload: world.Workload, entry: facts.Entry) -> Decision:
    scaler, recorded = view.autoscaler, entry.autoscaler
    needed: list[steps.Step] = []
    if scaler is not None and recorded is not None and recorded.max_replicas is not None:
        bounds = (1 if recorded.min_replicas is None else recorded.min_replicas, recorded.max_replicas)
        if (scaler.min_replicas, scaler.max_replicas) != bounds:
            needed.append(steps.SetAutoscaler(scaler, *bounds))
    if workload.replicas < entry.replicas:
        needed.append(steps.Scale(workload, entry.replicas))
    if needed:
        return Decision(
            Phase.PROBATION, "Returning", f"back to {entry.replicas} replicas", steps=tuple(needed)
        )
    return _rewrite(view, None, Phase.SERVING, "Recovered", f"back at {entry.replicas} replicas")


def _rewrite(view: View, entry: facts.Entry | None, phase: Phase, reason: str, message: str) -> Decision:
    """Give every released switch that holds the workload the same entry, or let go of it."""
    written = []
    for switch in view.holding:
        others = tuple(e for e in switch.entries if e.workload != view.model.workload_name)
        written.append(records.SetEntries(switch, others if entry is None else (*others, entry)))
    return Decision(phase, reason, message, records=tuple(written))
