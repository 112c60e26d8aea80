"""The verdict that a person gives a version by annotation of its checkpoint (semantics.md, P3).

It overrules the operator's, in whatever state the model is: who finds the cause elsewhere while it is killed says so
then. What the operator knew when the person spoke does not overrule them back (`rollback.overruled`).
"""

from lastgood.api import names
from lastgood.decide import asking, facts, records
from lastgood.decide.asking import Asked, Outcome
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import condemned
from lastgood.decide.view import View

REQUEST = names.ANNOTATION_VERDICT.removeprefix(names.GROUP + "/")
OVERRULED = "Overruled"
"""Reason of a verdict that a person has given."""


def take_over_the_verdict(view: View) -> Decision | None:
    """P3: record it as the lasting verdict, on the word of whoever wrote it, and take it down if it came by hand."""
    for checkpoint in view.facts.checkpoints:
        asked = checkpoint.asked
        if asked is None or _answered(checkpoint, asked):
            continue
        return _unreadable(view, checkpoint, asked) or _taken(view, checkpoint, asked)
    return None


def _answered(checkpoint: facts.Checkpoint, asked: Asked) -> bool:
    # By hand it goes with its answer, so one that is there was asked since.
    return not asked.by_hand and any(
        each.settles(REQUEST, asked) for each in checkpoint.answers if not each.asked.by_hand
    )


def _unreadable(view: View, checkpoint: facts.Checkpoint, asked: Asked) -> Decision | None:
    if asked.value in list(facts.Worth):
        return None
    why = f"{checkpoint.version}: the verdict must be Good, Bad or Unproven, not {asked.value[:80]!r}"
    said = asking.Answer(REQUEST, asked, view.now, Outcome.REFUSED, why)
    return Decision(Phase.HELD, said.outcome, why, records=(records.AnswerRequest(checkpoint, said),))


def _taken(view: View, checkpoint: facts.Checkpoint, asked: Asked) -> Decision:
    person = asked.by or "a person"
    what = f"{person} has called {checkpoint.version} {asked.value}; before it was {checkpoint.verdict.worth}"
    said = asking.Answer(REQUEST, asked, view.now, Outcome.DONE, what)
    verdict = facts.VerdictFact(
        facts.Worth(asked.value),
        OVERRULED,
        since=condemned.said_at(view, checkpoint),
        by=person,
        evidence={"time": view.now, "message": what},
    )
    return Decision(Phase.HELD, OVERRULED, what, records=(records.GiveVerdict(checkpoint, verdict, said),))
