"""Coming back after a release: probation at few replicas, then all of them, then the autoscaler (semantics.md, K9).

The entries that the released switches still hold say how far it has got, so that a new operator goes on where an old
one stopped: ceiling 0 waits to start, a probation with `since` runs, and a ceiling without probation is the way back
to the replicas of before the kill.
"""

import dataclasses
import hashlib
from datetime import timedelta
from typing import Final

from lastgood.api import names
from lastgood.api.rollback import Restart
from lastgood.decide import autoscalers, facts, ledger, records, steps, traffic, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import (
    adopt,
    autoscaling,
    condemned,
    fallback,
    follow,
    holding,
    probation,
    requests,
)
from lastgood.decide.view import View

LONGEST_SPREAD: Final = timedelta(minutes=10)
"""However many are released together, the last of them starts by then."""
GONE: Final = "WorkloadNotFound"
"""Reason of what is told while there is no Deployment that could come back."""


def recover(view: View) -> Decision | None:
    """K9: bring a released model back in steps, each on its own record."""
    entry = _furthest(view)
    if view.engaged or entry is None:
        return None
    # Every switch is told of the same: what one alone has on record around the workload must not get lost by that.
    entry = dataclasses.replace(
        entry, traffic=traffic.recorded(view), autoscaler=autoscalers.known(holding.entries(view))
    )
    return (
        _tell_of_the_kill(view, entry)
        or _hold_at_zero(view, entry)
        or (None if _is_idle(view, entry) else fallback.keep_traffic_until_the_start(view, entry))
        or _stop(view, entry)
        or _go_on(view, entry)
    )


def _tell_of_the_kill(view: View, entry: facts.Entry) -> Decision | None:
    """K9: what waits to start waits by every switch: once somebody has scaled it up nothing else tells that it does."""
    if entry.ceiling > 0 or all(held.ceiling == 0 for held in holding.entries(view)):
        return None
    return probation.tell_every_switch(
        view, entry, Phase.HELD, "HeldAtZero", "telling every switch that the model is not started yet"
    )


def _hold_at_zero(view: View, entry: facts.Entry) -> Decision | None:
    """K2: a model that is released and not started is still held, whoever scales it up."""
    if entry.ceiling > 0 or view.workload is None:
        return None
    held, message = autoscaling.hold_for(view), "released, and not started yet"
    if view.workload.replicas > 0:
        scale = steps.Scale(view.workload, 0)
        return Decision(Phase.STOPPING, "HeldAtZero", message, steps=(*held, scale))
    noted = autoscaling.note_for(view, Phase.HELD)
    if noted is not None:
        return noted
    return Decision(Phase.HELD, "HeldAtZero", message, steps=held) if held else None


def _stop(view: View, entry: facts.Entry) -> Decision | None:
    trouble = view.trouble
    if view.workload is None and (trouble is None or trouble.reason == GONE):
        message = (
            f"released, and there is no Deployment {entry.workload} to start: create it with replicas: 0, and it "
            "starts from there; or correct spec.workloadRef.name"
        )
        return Decision(Phase.HELD, GONE, message, degraded=GONE)
    if trouble is not None:
        return Decision(Phase.HELD, trouble.reason, trouble.message, degraded=trouble.reason)
    return None


def _go_on(view: View, entry: facts.Entry) -> Decision | None:
    if view.workload is None:
        return None
    if entry.ceiling == 0:
        return _wait(view, entry) or _start(view, entry)
    return _come_to_a_version(view, entry) or _go_on_with_it(view, view.workload, entry)


def _come_to_a_version(view: View, entry: facts.Entry) -> Decision | None:
    """Return what gives a model that comes back a version that it may come back with, if it has none."""
    current = view.facts.current
    if current is None:
        # Its checkpoints went with its deletion. What nothing is known of cannot be judged, and would never be back.
        return adopt.stop_at_a_broken_checkpoint(view) or adopt.adopt(view)
    if current.verdict.worth is facts.Worth.BAD:
        return _start_over(view, entry, current)
    return None


def _go_on_with_it(view: View, workload: world.Workload, entry: facts.Entry) -> Decision | None:
    if any(dataclasses.replace(held, model=entry.model) != entry for held in holding.entries(view)):
        message = "telling every switch of the same recovery"
        return probation.tell_every_switch(view, entry, Phase.PROBATION, "Starting", message)
    if entry.probation is not None and entry.probation.since is not None:
        return probation.probation(view, workload, entry)
    # Pods of another template are not started for being on the way back, and traffic does not wait for them.
    return probation.run_the_version(view, workload) or _return(view, workload, entry)


def _start_over(view: View, entry: facts.Entry, current: facts.Checkpoint) -> Decision:
    """R1, K9: a version that a person calls Bad while it comes back gets no replica more: another starts, if any."""
    waiting = None if entry.probation is None else dataclasses.replace(entry.probation, since=None)
    held = dataclasses.replace(entry, ceiling=0, probation=waiting)
    message = f"{current.version} was called Bad while it came back ({current.verdict.reason})"
    return probation.tell_every_switch(view, held, Phase.HELD, "BadVersion", message)


def _furthest(view: View) -> facts.Entry | None:
    """Return the entry that says how far the model has come, of several switches that should say the same.

    Where nothing runs, one that is not started counts before those that are: either the start was not told to every
    switch yet, and is begun again, or another kill has ended it, and not every switch was told of that.
    """
    held, at_zero = holding.entries(view), view.workload is None or view.workload.replicas == 0
    waiting = tuple(entry for entry in held if entry.ceiling == 0) if at_zero else ()
    return max(waiting or held, key=_progress, default=None)


def _progress(entry: facts.Entry) -> tuple[int, int, bool]:
    """How far an entry has got: what one of several switches was told is not asked again after a crash."""
    if entry.ceiling == 0:
        if entry.probation is None:
            return 0, 0, False
        return 0, entry.probation.round, entry.probation.start_at is not None
    return (2, 0, False) if entry.probation is None else (1, entry.probation.round, False)


def forget_the_resume(view: View) -> Decision | None:
    """P3: a resume names one start; kept, it would start the next kill's model as soon as that is released."""
    asked = view.model.asked.get(names.ANNOTATION_RESUME)
    if asked is None or _is_waiting(view):
        return None
    if requests.unanswered(view, names.ANNOTATION_RESUME) is None:
        if view.facts.page is not None or not asked.by_hand:
            return None
        step = steps.ForgetRequest(names.ANNOTATION_RESUME, view.model.resource_version)
        return Decision(Phase.SERVING, "Resumed", "there was nothing to resume", steps=(step,))
    if view.engaged:
        return requests.refused(
            view, names.ANNOTATION_RESUME, "the model is killed; release it, and ask again"
        )
    if not view.holding:
        return requests.refused(view, names.ANNOTATION_RESUME, "the model was not waiting for it")
    return requests.done(view, names.ANNOTATION_RESUME, f"started again, as {asked.value} was asked for")


def _is_waiting(view: View) -> bool:
    """Whether the model is released and still at zero: only then does a resume mean anything."""
    entry = _furthest(view)
    return entry is not None and not view.engaged and entry.ceiling == 0


def _wait(view: View, entry: facts.Entry) -> Decision | None:
    """Return what comes before a start, or keeps the model at zero."""
    if _is_idle(view, entry):
        return fallback.give_the_selector_back(view) or _stay_idle(view, entry)
    broken = adopt.stop_at_a_broken_checkpoint(view)
    if broken is not None:
        return broken
    if view.facts.current is None:
        # Killed before it was ever looked at: what its template says is what ran.
        adopted = adopt.adopt(view)
        return _waiting(view, "no version of it is known") if adopted is None else adopted
    saved = follow.save_what_was_put_on(view, Phase.HELD)
    if saved is not None:
        return saved
    if view.model.spec.kill_switch.recovery.restart is Restart.MANUAL and not _requested_version(view):
        return _waiting(view, "recovery.restart is Manual")
    return _stagger(view, entry)


def _stagger(view: View, entry: facts.Entry) -> Decision | None:
    """K10: models that were released together start one after the other; one that a person resumes does not wait.

    When it starts is recorded, so that a new operator neither doubles the wait nor starts all of them at once.
    """
    if _requested_version(view):
        return None
    probation_ = entry.probation or facts.Probation()
    if probation_.start_at is None:
        spread = min((view.returning - 1) * view.settings.restart_spacing, LONGEST_SPREAD)
        if spread <= timedelta(0):
            return None
        start_at = view.now + _share(view) * spread
        waiting = dataclasses.replace(entry, probation=dataclasses.replace(probation_, start_at=start_at))
        message = f"{view.returning} models start again, this one at {start_at:%H:%M:%S} UTC"
        return probation.tell_every_switch(view, waiting, Phase.HELD, "Staggered", message)
    if timedelta(0) < probation_.start_at - view.now <= LONGEST_SPREAD:
        message = f"many models start again, this one at {probation_.start_at:%H:%M:%S} UTC"
        return Decision(Phase.HELD, "Staggered", message, until=probation_.start_at)
    return None


def _share(view: View) -> float:
    """Return a number from 0 to 1 that is the model's own for this release, and even among models."""
    seed = f"{view.model.uid} {view.now.isoformat()}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") / 2**64


def _is_idle(view: View, entry: facts.Entry) -> bool:
    """Whether nothing ran before the kill, and nothing starts by itself."""
    return entry.replicas == 0 and not autoscalers.starts_by_itself(view.autoscaler, entry.autoscaler)


def _stay_idle(view: View, entry: facts.Entry) -> Decision:
    nothing = "nothing ran before the kill, so nothing is started"
    given_back = autoscalers.give_back(view.autoscaler, entry.autoscaler)
    if given_back:
        return Decision(Phase.IDLE, "Released", nothing, steps=given_back)
    return probation.tell_every_switch(view, None, Phase.IDLE, "Released", nothing)


def _start(view: View, entry: facts.Entry) -> Decision:
    target = _target(view, _requested_version(view))
    if isinstance(target, Decision):
        return target
    message = f"starting again with {target.version}"
    if view.facts.current is None or view.facts.current.digest != target.digest:
        activation = ledger.activation(view.facts, view.now, facts.Why.RESTORE)
        restored = records.Activate(target, activation)
        return Decision(Phase.PROBATION, "Starting", message, records=(restored,))
    earlier = entry.probation or facts.Probation()
    begun = dataclasses.replace(
        entry,
        ceiling=view.model.spec.kill_switch.recovery.probation.replicas.of(entry.replicas),
        probation=dataclasses.replace(earlier, since=view.now, start_at=None),
    )
    return probation.tell_every_switch(view, begun, Phase.PROBATION, "Starting", message)


def _requested_version(view: View) -> str:
    """Return the version that a person resumes with; empty while nobody does."""
    asked = requests.unanswered(view, names.ANNOTATION_RESUME)
    return "" if asked is None else asked.value


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
    found = ledger.called(view, requested)
    if found is not None and found.digest not in view.facts.by_digest:
        taken = records.TakeCheckpoint(found)
        return Decision(Phase.HELD, "Resuming", f"saving {requested}", records=(taken,))
    if found is None:
        return requests.refused(view, names.ANNOTATION_RESUME, requests.unknown(view, requested))
    if found.verdict.worth is facts.Worth.BAD:
        person = view.model.asked[names.ANNOTATION_RESUME].by or "a person"
        verdict = facts.VerdictFact(
            facts.Worth.UNPROVEN, "Resumed", since=condemned.said_at(view, found), by=person
        )
        given = records.GiveVerdict(found, verdict)
        return Decision(Phase.HELD, "Resuming", f"{person} resumes with {requested}", records=(given,))
    return found


def _waiting(view: View, why: str) -> Decision:
    message = (
        f"released, and at zero because {why}; to start: kubectl annotate mdep {view.model.name} "
        f"-n {view.model.namespace} --overwrite {names.ANNOTATION_RESUME}=VERSION"
    )
    return Decision(Phase.HELD, "WaitingForResume", message)


def _return(view: View, workload: world.Workload, entry: facts.Entry) -> Decision:
    replicas = autoscalers.returns_to(entry.replicas, view.autoscaler, entry.autoscaler)
    needed: list[steps.Step] = []
    if workload.replicas < replicas:
        needed.append(steps.Scale(workload, replicas))
    needed.extend(autoscalers.give_back(view.autoscaler, entry.autoscaler))
    if needed:
        return Decision(Phase.PROBATION, "Returning", f"back to {replicas} replicas", steps=tuple(needed))
    message = f"back at {replicas} replicas"
    return fallback.bring_traffic_back(view, workload) or probation.tell_every_switch(
        view, None, Phase.SERVING, "Recovered", message
    )
