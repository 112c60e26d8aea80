"""Probation: the first time after a release, with part of the replicas and no patience for breaches (semantics.md, K9).

The stages stand in their order: a breach kills again before anything is prepared, and the time that everything was OK
counts only once the right version runs, at the right number, with labels that its metrics are found by.
"""

import dataclasses
import datetime
from typing import Final

from lastgood.api.thresholds import OnBreach
from lastgood.decide import autoscalers, facts, ledger, leftovers, records, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import adopt, engaging, fallback, follow
from lastgood.decide.view import Judged, View

LONGEST: Final = datetime.timedelta(days=365)
"""The longest probation, however often it failed; longer spans of time cannot be added to a date."""
PATIENCE: Final = 4
"""After this many times its duration, a probation without enough data says so (rule K9)."""


def probation(view: View, workload: world.Workload, entry: facts.Entry) -> Decision:
    """Go on with a probation that has begun."""
    failed = _failure(view, workload)
    stays = _why_it_stays(view) if failed else ""
    if failed and not stays:
        return engaging.engage_automatically(view, reason=f"in probation: {failed}", in_probation=True)
    prepared = (
        run_the_version(view, workload, most=entry.ceiling) or _hold_at(view, workload, entry) or _label(view)
    )
    if prepared is not None:
        return prepared
    if stays:
        degraded = "" if stays == "Suspended" else stays  # what a person has suspended is not expected of us
        return Decision(Phase.HELD, stays, f"in probation: {failed}", degraded=degraded)
    return fallback.bring_traffic_back(view, workload) or _pass(view, workload, entry)


def tell_every_switch(
    view: View, entry: facts.Entry | None, phase: Phase, reason: str, message: str
) -> Decision:
    """Give every released switch that holds the workload the same entry, or let go of it."""
    name = view.model.workload_name
    written = tuple(records.SetEntries(switch, switch.entries_with(name, entry)) for switch in view.holding)
    return Decision(phase, reason, message, records=written)


def _failure(view: View, workload: world.Workload) -> str:
    """In probation a Rollback or Kill threshold kills again, as do pods that do not start (rule K9)."""
    if workload.replicas == 0 or view.facts.current is None or workload.digest != view.facts.current.digest:
        return ""
    breach = _breach(view)
    if breach is not None:
        return f"threshold {breach.threshold.name}: {breach.judgement.message}"
    return ledger.start_failure(view, workload)


def _breach(view: View) -> Judged | None:
    acting = (OnBreach.ROLLBACK, OnBreach.KILL)
    breached = (j for j in view.breaches if j.threshold.on_breach in acting)
    return next(breached, None)


def _why_it_stays(view: View) -> str:
    """J9, J11: a suspended model is not killed, nor one too many; pods of a Good version are the cluster's matter."""
    if view.model.spec.suspend:
        return "Suspended"
    current = view.facts.current
    if current is not None and current.verdict.worth is facts.Worth.GOOD and _breach(view) is None:
        return "RestoredVersionUnavailable"
    return "" if view.room.left else "BlastRadius"


def run_the_version(view: View, workload: world.Workload, *, most: int | None = None) -> Decision | None:
    """Give the workload the template that it comes back with, whoever has put another one there (rules O4, O6).

    Of a suspended model what others have put on pods that run stays, and gets no replica more (J11). Of more pods than
    `most` nothing is said: they become fewer first.
    """
    current = view.facts.current
    if current is None:
        return None
    saved = follow.save_what_was_put_on(view, Phase.PROBATION)
    if saved is not None:
        return saved
    switch = ledger.switch_step(view, workload, current)
    if workload.digest == current.digest and not (workload.paused and switch.unpause):
        return None
    if view.model.spec.suspend and workload.digest != current.digest and workload.replicas > 0:
        if most is not None and workload.replicas > most:
            return None
        stays = f"{workload.name} does not run {current.version}, and the model is suspended"
        return Decision(Phase.HELD, "Suspended", stays)
    message = f"giving {workload.name} the template of {current.version}"
    return Decision(Phase.PROBATION, "Probation", message, steps=(switch,))


def _hold_at(view: View, workload: world.Workload, entry: facts.Entry) -> Decision | None:
    """K3: hold workload and autoscaler at the ceiling; what the autoscaler was set to is recorded before."""
    scaler = view.autoscaler
    taken: list[steps.Step] = []
    if scaler is not None:
        bounds = autoscalers.at(scaler, entry.ceiling)
        noted = autoscalers.to_note([entry], scaler, bounds)
        if noted is not None:
            message = f"noting what {scaler.kind} {scaler.name} is set to"
            held = dataclasses.replace(entry, autoscaler=noted)
            return tell_every_switch(view, held, Phase.PROBATION, "Probation", message)
        taken.extend(autoscalers.hold(scaler, entry.autoscaler, bounds))
    if workload.replicas != entry.ceiling:
        taken.append(steps.Scale(workload, entry.ceiling))
    if not taken:
        return None
    return Decision(Phase.PROBATION, "Probation", f"{entry.ceiling} replicas first", steps=tuple(taken))


def _label(view: View) -> Decision | None:
    unlabelled = adopt.label_pods(view)
    return None if unlabelled is None else dataclasses.replace(unlabelled, phase=Phase.PROBATION)


def _pass(view: View, workload: world.Workload, entry: facts.Entry) -> Decision:
    """Let the replicas of before come back once all was OK for long enough; say what is missing after a while."""
    begun = entry.probation or facts.Probation()
    enough = needed(view, begun)
    if view.good_for >= enough and not view.blinded:
        most = 0 if entry.autoscaler is None else entry.autoscaler.before.max_replicas or 0
        back = dataclasses.replace(entry, ceiling=max(entry.replicas, most), probation=None)
        return tell_every_switch(view, back, Phase.PROBATION, "Passed", "probation passed")
    if begun.since is not None and view.now - begun.since > PATIENCE * enough:
        message = (
            f"stays at {entry.ceiling} replicas: not enough data to end probation: {_missing(view, workload)}"
        )
        return Decision(Phase.PROBATION, "NotEnoughData", message, degraded="NotEnoughData")
    message = f"round {begun.round}: OK for {_seconds(view.good_for)} of {_seconds(enough)}"
    return Decision(Phase.PROBATION, "Probation", message)


def _missing(view: View, workload: world.Workload) -> str:
    """Return what keeps time from counting, and what a person can do about it."""
    if workload.paused and not workload.settled:
        resume = f"kubectl rollout resume deployment {workload.name} -n {view.model.namespace}"
        return f"Deployment {workload.name} is paused, so that pods are missing; to go on: {resume}"
    left = leftovers.told(view)
    if left:
        return left
    short = ", ".join(
        f"{j.threshold.name} is {j.judgement.verdict}" for j in view.judged if j.judgement.verdict != "OK"
    )
    advice = "send it traffic, correct the queries, or set spec.killSwitch.recovery"
    return f"{short or 'not available'}; {advice}"


def needed(view: View, begun: facts.Probation) -> datetime.timedelta:
    """Return how long everything must be OK: longer with each round, and never without end."""
    recovery = view.model.spec.kill_switch.recovery
    seconds = recovery.probation.duration.total_seconds()
    for _ in range(1, begun.round):
        seconds = min(seconds * recovery.backoff, LONGEST.total_seconds())
    return datetime.timedelta(seconds=seconds)


def _seconds(span: datetime.timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
