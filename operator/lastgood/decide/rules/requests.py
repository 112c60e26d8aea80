"""What people ask for by annotation: `rollback-to`, `abort`, `checkpoint` and `promote` (semantics.md, P3).

Each request is met or refused when it is first seen, and the answer is kept: one that cannot be met now is never met
later, when nobody thinks of it any more. It stands before the rules of rollback and rollout, because what a person
names goes before what they would choose. `resume` is with the recovery, `verdict` with the verdicts.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from lastgood.api import names
from lastgood.decide import asking, candidate, facts, ledger, records, steps
from lastgood.decide.asking import Asked, Outcome
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import View


def refuse_what_cannot_be_done_now(view: View) -> Decision | None:
    """P3: nothing is switched on a killed or returning model, nor on one that is not understood or suspended."""
    for annotation in MET:
        if unanswered(view, annotation) is not None and (obstacle := _obstacle(view, annotation)):
            return refused(view, annotation, obstacle)
    return None


def meet(view: View) -> Decision | None:
    """P3: do what is asked for, or say why not."""
    for annotation, rule in MET.items():
        asked = unanswered(view, annotation)
        if asked is not None and (met := rule(view, asked)) is not None:
            return met
    return None


def take_down(view: View) -> Decision | None:
    """P3: a request by hand is removed once it is answered, so that it can be made again."""
    for annotation in names.REQUESTS:
        asked = view.model.asked.get(annotation)
        if asked is not None and asked.by_hand and unanswered(view, annotation) is None:
            step = steps.ForgetRequest(annotation, view.model.resource_version)
            return Decision(Phase.SERVING, "Answered", f"{annotation} is answered", steps=(step,))
    return None


def unanswered(view: View, annotation: str) -> Asked | None:
    """Return what an annotation asks for, if it was not asked and answered before."""
    asked = view.model.asked.get(annotation)
    if asked is None or view.facts.page is None:
        return None
    request = _request(annotation)
    answer = view.facts.answer(request, by_hand=asked.by_hand)
    return None if answer is not None and answer.settles(request, asked) else asked


def answer(view: View, annotation: str, outcome: Outcome, message: str) -> asking.Answer:
    """Return the answer to what an annotation asks for now; its time is later than any before, whatever the clock says.

    An answer that seems to be of the future would else stand for the newest, and this one be given again and again.
    """
    asked, request = view.model.asked[annotation], _request(annotation)
    before = view.facts.answer(request, by_hand=asked.by_hand)
    at = view.now if before is None else max(view.now, before.at + timedelta(microseconds=1))
    return asking.Answer(request, asked, at, outcome, message)


def refused(view: View, annotation: str, why: str) -> Decision:
    """Write down that nothing is done, and why."""
    return _noted(view, answer(view, annotation, Outcome.REFUSED, why))


def done(view: View, annotation: str, what: str) -> Decision:
    """Write down that it is done."""
    return _noted(view, answer(view, annotation, Outcome.DONE, what))


def _noted(view: View, given: asking.Answer) -> Decision:
    page = view.facts.page
    if page is None:
        raise ValueError("nothing is saved yet that an answer could be written down with")
    return Decision(Phase.HELD, given.outcome, given.message, records=(records.AnswerRequest(page, given),))


def _request(annotation: str) -> str:
    return annotation.removeprefix(names.GROUP + "/")


def _obstacle(view: View, annotation: str) -> str:
    if view.engaged:
        return f"the model is killed; release it, and resume it with {names.ANNOTATION_RESUME}=VERSION"
    if view.holding:
        return "the model is on its way back from a kill; ask again once it is back, or kill it again"
    if view.trouble is not None:
        return f"{view.trouble.reason}: {view.trouble.message}"
    if view.model.spec.suspend and annotation in (names.ANNOTATION_ROLLBACK_TO, names.ANNOTATION_ABORT):
        return "the model is suspended; set spec.suspend to false, and ask again"
    return ""


def _roll_back_to(view: View, asked: Asked) -> Decision | None:
    """Condemn what runs, so that it is not rolled out again at once (R4), and switch to the version that is named.

    No limit of automatic rollbacks applies (R5).
    """
    annotation, current = names.ANNOTATION_ROLLBACK_TO, view.facts.current
    goal = ledger.called(view, asked.value)
    if current is None:
        return None
    if goal is None:
        return refused(view, annotation, unknown(view, asked.value))
    if goal.digest == current.digest:
        return done(view, annotation, f"{current.version} is what the model runs")
    if goal.verdict.worth is facts.Worth.BAD:
        return refused(
            view, annotation, f"{goal.version} is Bad ({goal.verdict.reason}); {_how_to_clear(view, goal)}"
        )
    person = asked.by or "a person"
    message = f"{person} asks to go back from {current.version} to {goal.version}"
    if current.verdict.worth is not facts.Worth.BAD:
        condemned = facts.VerdictFact(
            facts.Worth.BAD,
            f"RollbackTo/{goal.version}",
            since=view.now,
            by=person,
            evidence={"time": view.now, "message": message},
        )
        given: records.Record = records.GiveVerdict(current, condemned)
        return Decision(Phase.ROLLED_BACK, "RollbackTo", message, records=(given,))
    switch = ledger.activation(view.facts, view.now, facts.Why.ORDERED)
    what = f"went back from {current.version}, which is Bad from now on, to {goal.version}"
    said = answer(view, annotation, Outcome.DONE, what)
    if goal.digest in view.facts.by_digest:
        given = records.Activate(goal, switch, said)
    else:
        given = records.TakeCheckpoint(
            candidate.answered(candidate.activated(goal, switch), said), _replicas(view)
        )
    return Decision(Phase.ROLLED_BACK, "RollbackTo", message, records=(given,))


def _abort(view: View, asked: Asked) -> Decision | None:
    """Condemn the version that comes in or bakes; what follows is a rollback that a person has ordered."""
    annotation, current = names.ANNOTATION_ABORT, view.facts.current
    named = ledger.called(view, asked.value)
    if current is None:
        return None
    if named is None or named.digest != current.digest:
        runs = f"{current.version} is what the model runs"
        return refused(view, annotation, f"{asked.value} is not being rolled out: {runs}")
    if current.verdict.worth is not facts.Worth.UNPROVEN:
        over = f"the rollout of {current.version} is over, it is {current.verdict.worth}"
        return refused(
            view, annotation, f"{over}; to leave it, ask for {names.ANNOTATION_ROLLBACK_TO}=VERSION"
        )
    goal = ledger.target(view.facts, spec=view.model.spec, but=current.digest)
    if goal is None:
        return refused(view, annotation, f"there is no version to go back to from {current.version}")
    person = asked.by or "a person"
    what = f"{person} gives up the rollout of {current.version}, which is Bad from now on"
    condemned = facts.VerdictFact(
        facts.Worth.BAD, "Aborted", since=view.now, by=person, evidence={"time": view.now, "message": what}
    )
    given = records.GiveVerdict(current, condemned, answer(view, annotation, Outcome.DONE, what))
    return Decision(Phase.ROLLED_BACK, "Aborted", what, records=(given,))


def _checkpoint(view: View, asked: Asked) -> Decision | None:  # noqa: ARG001  (any new value asks for it)
    """V1: save what runs; what is saved already needs no second copy, its digest names it."""
    annotation, workload = names.ANNOTATION_TAKE_CHECKPOINT, view.workload
    if workload is None:
        return None
    known = view.facts.by_digest.get(workload.digest)
    if known is not None:
        return done(view, annotation, f"what runs is saved, as ModelCheckpoint {known.name}")
    seen = candidate.observed(view, workload, unlisted=lambda _: "")
    if seen is None or seen.base is None:
        return refused(view, annotation, f"Deployment {workload.name} has no container to save")
    # Under the name of the listed version that it was made from, it would be that version from now on.
    saved = candidate.checkpoint(
        view,
        version=f"saved-{workload.digest[:8]}",
        pod_template=seen.template,
        base=seen.base,
        verdict=seen.verdict,
    )
    what = f"saved what runs as ModelCheckpoint {saved.name}"
    taken = candidate.answered(saved, answer(view, annotation, Outcome.DONE, what))
    record = records.TakeCheckpoint(taken, replicas=workload.replicas)
    return Decision(Phase.HELD, "Checkpoint", what, records=(record,))


def _promote(view: View, asked: Asked) -> Decision:
    """Refuse it: a Direct rollout has no steps."""
    why = f"a Direct rollout has no step that {asked.value} could pass; spec.rollout.paused holds and lets go of one"
    return refused(view, names.ANNOTATION_PROMOTE, why)


def unknown(view: View, version: str) -> str:
    """Say that there is no such version, and which there are."""
    saved = (checkpoint.version for checkpoint in view.facts.own if checkpoint.intact)
    there = sorted({*(listed.name for listed in view.model.spec.versions), *saved})
    shown = [*there[:5], f"{len(there) - 5} more"] if len(there) > 5 else there
    known = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
    why = ledger.unknown(view, version)
    return f"version {version!r} {why}; there {'is' if len(there) == 1 else 'are'} {known}"


def _how_to_clear(view: View, goal: facts.Checkpoint) -> str:
    found = goal.verdict.reason.removeprefix(f"{candidate.SAME_AS}/") if not goal.activations else goal.name
    return (
        f"to allow it again: kubectl annotate mckpt {found} -n {view.model.namespace} --overwrite "
        f"{names.ANNOTATION_VERDICT}=Unproven"
    )


def _replicas(view: View) -> int:
    return 0 if view.workload is None else view.workload.replicas


MET: Final[Mapping[str, Callable[[View, Asked], Decision | None]]] = {
    names.ANNOTATION_ROLLBACK_TO: _roll_back_to,
    names.ANNOTATION_ABORT: _abort,
    names.ANNOTATION_TAKE_CHECKPOINT: _checkpoint,
    names.ANNOTATION_PROMOTE: _promote,
}
"""By annotation, in their order where several are asked for at once."""
