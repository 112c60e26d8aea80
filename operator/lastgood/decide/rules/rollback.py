"""Going back to a version known to be good (semantics.md, R).

Two facts make a rollback: the verdict Bad on the version that runs, then the activation of another. The first is
recorded only when the second may follow, so that a wait for the cooldown condemns nothing; a crash between them leaves
a Bad version running, which the next decision goes back from.
"""

from datetime import datetime

from lastgood.api import names
from lastgood.api.rollback import KillAction, OnNoGoodVersion
from lastgood.api.thresholds import OnBreach
from lastgood.decide import facts, ledger, records, steps, traffic
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import engaging
from lastgood.decide.view import View


def go_back_from_a_bad_version(view: View) -> Decision | None:
    """R1, R4: a Bad version that runs, on whoever's word, is gone back from."""
    current = view.facts.current
    if current is None or current.verdict.worth is not facts.Worth.BAD or view.model.spec.suspend:
        return None
    goal = ledger.target(view.facts, spec=view.model.spec, but=current.digest)
    if goal is None:
        reason = kill_for_want_of_a_version(view)
        falls_back = view.model.spec.on_no_good_version is OnNoGoodVersion.FALLBACK
        action = KillAction.FALLBACK if falls_back else None
        if not reason or not view.room.left:
            return None
        return engaging.engage_automatically(view, reason=reason, action=action)
    if _refusal(view, current, goal) is not None:
        return None
    activation = ledger.activation(
        view.facts, view.now, facts.Why.ORDERED if _is_ordered(current) else facts.Why.ROLLBACK
    )
    message = f"going back from {current.version} to {goal.version}: {current.verdict.reason}"
    return Decision(Phase.ROLLED_BACK, "RollingBack", message, records=(records.Activate(goal, activation),))


def kill_for_want_of_a_version(view: View) -> str:
    """Return why a model whose version is Bad is to be killed by `onNoGoodVersion`, or nothing.

    For a fallback it is stopped only when that can serve in its place.
    """
    current, spec = view.facts.current, view.model.spec
    if current is None or current.verdict.worth is not facts.Worth.BAD or spec.suspend:
        return ""
    falls_back = spec.on_no_good_version is OnNoGoodVersion.FALLBACK and traffic.obstacle(view) is None
    if not falls_back and spec.on_no_good_version is not OnNoGoodVersion.KILL:
        return ""
    return "" if ledger.target(view.facts, spec=spec, but=current.digest) else _no_version(current)


def clear_the_way(view: View) -> Decision | None:
    """R3: a rollback keeps the limits of the rolling update, except where nothing is available that they protect.

    Pods of the version that failed would then only keep those of the good one waiting: the Deployment controller
    replaces them batch by batch. With their ReplicaSet empty it starts all at once.
    """
    workload, last = view.workload, view.facts.last_activation
    if workload is None or last is None or not last.why.goes_back or view.model.spec.suspend:
        return None
    if any(pod.ready and not pod.terminating for pod in workload.pods):
        return None
    failed = {p.replica_set for p in workload.pods if p.digest != workload.digest and not p.terminating}
    emptied = tuple(steps.EmptyReplicaSet(name) for name in sorted(failed) if name)
    if not emptied:
        return None
    message = (
        f"nothing of {workload.name} is available: the pods of the version that failed make room at once"
    )
    return Decision(Phase.ROLLED_BACK, "ClearingTheWay", message, steps=emptied)


def condemn_the_version_that_breaches(view: View) -> Decision | None:
    """R1, R5, R6: a Rollback breach, or pods of a new version that do not start, make the version Bad."""
    current = view.facts.current
    failed = breach(view)
    if current is None or not failed or hold_a_version_that_should_go(view) is not None:
        return None
    reason, message = failed
    verdict = facts.VerdictFact(
        facts.Worth.BAD, reason, since=view.now, evidence=engaging.evidence(view, message)
    )
    return Decision(Phase.ROLLED_BACK, reason, message, records=(records.GiveVerdict(current, verdict),))


def hold_a_version_that_should_go(view: View) -> Decision | None:
    """R1, R5, J11: why a version that is Bad or breaches still runs.

    It stands behind the start of a wanted version, because a better version is what ends such a hold.
    """
    current = view.facts.current
    if current is None:
        return None
    bad = current.verdict.worth is facts.Worth.BAD
    failed = ("Bad", f"{current.version} is Bad ({current.verdict.reason})") if bad else breach(view)
    if failed is None:
        return None
    reason, message = failed
    kept = _kept(view, current, reason, message)
    if kept is not None:
        return kept
    goal = ledger.target(view.facts, spec=view.model.spec, but=current.digest)
    if goal is not None:
        refused = _refusal(view, current, goal)
        return None if refused is None else _held(refused[0], f"{message}; {refused[1]}")
    return _nowhere_to_go(view, current) if bad else None


def _nowhere_to_go(view: View, current: facts.Checkpoint) -> Decision:
    obstacle = traffic.obstacle(view)
    if obstacle is not None and view.model.spec.on_no_good_version is OnNoGoodVersion.FALLBACK:
        return _held(obstacle.reason, f"{_no_version(current)}; {obstacle.message}")
    advice = "list a better version, or stop the model with its kill switch"
    return _held("NoGoodVersion", f"{_no_version(current)}; {advice}")


def _kept(view: View, current: facts.Checkpoint, reason: str, message: str) -> Decision | None:
    """Return why the version shall stay, whatever there is to go back to."""
    if view.model.spec.suspend:
        return Decision(Phase.HELD, "Suspended", f"{message}, and the model is suspended")
    verdict = current.verdict
    if verdict.worth is not facts.Worth.BAD and overruled(view, current, reason):
        said = f"{verdict.by} has called {current.version} {verdict.worth} since, so it stays"
        return _held("Overruled", f"{message}; {said}")
    if reason == ledger.START_FAILED and verdict.worth is facts.Worth.GOOD:
        # A Good version whose pods do not start is a matter of the cluster: it was seen to work.
        return Decision(Phase.HELD, reason, message, degraded="RestoredVersionUnavailable")
    return None


def _refusal(view: View, current: facts.Checkpoint, goal: facts.Checkpoint) -> tuple[str, str] | None:
    """R5: what limits automatic rollbacks does not limit a person who calls a version Bad."""
    return None if _is_ordered(current) else ledger.refusal(view, goal)


def _is_ordered(current: facts.Checkpoint) -> bool:
    return current.verdict.worth is facts.Worth.BAD and current.verdict.by != facts.OPERATOR


def overruled(view: View, current: facts.Checkpoint, reason: str) -> bool:
    """P3: whether a person gave the version its verdict while it ran, and knew what speaks against it now.

    A breach that was seen to begin later is news; so is any once the version was switched to again, or all its pods are
    others. How long a breach has lasted does not tell: time without data is no breach time, and a process that has just
    started may know of little more than the threshold's `for`.
    """
    verdict, last = current.verdict, current.last_activation
    if verdict.by == facts.OPERATOR or last is None or verdict.since <= last.at:
        return False
    if reason == ledger.START_FAILED:
        return True
    began = [j.judgement.track.began_at for j in view.judged if j.breached and j.acting]
    if None in began and _all_started_since(view, verdict.since):
        return False
    return all(at is None or at <= verdict.since for at in began)


def _all_started_since(view: View, moment: datetime) -> bool:
    pods = () if view.workload is None else view.workload.pods
    return bool(pods) and all(pod.ready_since is not None and pod.ready_since > moment for pod in pods)


def note_the_breach(view: View) -> Decision | None:
    """R1: an Unproven version that breaches and may not be left now is no version to go back to later."""
    current = view.facts.current
    if current is None or current.verdict.worth is not facts.Worth.UNPROVEN:
        return None
    failed = breach(view) or _acting_breach(view)
    if failed is None or current.verdict.reason == facts.BREACHED or overruled(view, current, failed[0]):
        return None
    found = engaging.evidence(view, failed[1])
    noted = facts.VerdictFact(facts.Worth.UNPROVEN, facts.BREACHED, since=view.now, evidence=found)
    return Decision(Phase.HELD, *failed, records=(records.GiveVerdict(current, noted),))


def _acting_breach(view: View) -> tuple[str, str] | None:
    """Return what speaks against the version that runs, whether it asks for a rollback, a hold or a kill."""
    breached = next(iter(view.breaches), None)
    if breached is None or view.facts.current is None or view.active is not view.facts.current:
        return None
    return "ThresholdBreached", f"threshold {breached.threshold.name}: {breached.judgement.message}"


def breach(view: View) -> tuple[str, str] | None:
    """Return reason and sentence of what speaks for a rollback now, or None."""
    workload, current = view.workload, view.facts.current
    if workload is None or current is None or workload.digest != current.digest or workload.replicas == 0:
        return None
    for judged in view.breaches:
        if judged.threshold.on_breach is OnBreach.ROLLBACK:
            return "ThresholdBreached", f"threshold {judged.threshold.name}: {judged.judgement.message}"
    if not workload.settled or current.verdict.worth is facts.Worth.UNPROVEN:
        failure = ledger.start_failure(view, workload)
        if failure:
            return ledger.START_FAILED, failure
    return None


def hold_on_a_hold_breach(view: View) -> Decision | None:
    """J1: a breach of a Hold threshold stops rollouts and bakes, and says so; it never moves a running model."""
    breached = next((j for j in view.breaches if j.threshold.on_breach is OnBreach.HOLD), None)
    if breached is None:
        return None
    message = (
        f"threshold {breached.threshold.name}: {breached.judgement.message}; what runs is left running, and no rollout "
        "or bake goes on until that is over; to leave it, annotate the model with "
        f"{names.ANNOTATION_ROLLBACK_TO}=VERSION, or set spec.killSwitch.engaged to true"
    )
    return Decision(Phase.HELD, "ThresholdBreached", message, degraded="Held")


def _no_version(current: facts.Checkpoint) -> str:
    return f"{current.version} is Bad ({current.verdict.reason}) and there is no version to go back to"


def _held(reason: str, message: str) -> Decision:
    return Decision(Phase.HELD, reason, message, degraded=reason)
