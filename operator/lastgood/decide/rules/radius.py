"""Holding where an automatic kill would be one too many, or the model is suspended (semantics.md, J9, J11)."""

import dataclasses

from lastgood.decide import blast
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import engaging, rollback
from lastgood.decide.view import View


def hold_a_kill_too_many(view: View) -> Decision | None:
    """J9: past the limit a model is held and reported instead of killed, until there is room again.

    It stands behind the start of a wanted version, because a better version is what ends such a hold.
    """
    reason = engaging.kill_breach(view) or rollback.kill_for_want_of_a_version(view)
    if not reason or view.room.left:
        return None
    minutes = blast.WINDOW.total_seconds() / 60
    message = f"{reason}; not killed: at most {view.room.limit} models are killed automatically in {minutes:g} minutes"
    return Decision(Phase.HELD, "BlastRadius", message, degraded="BlastRadius")


def hold_a_suspended_kill(view: View) -> Decision | None:
    """J11: a suspended model says what would kill it."""
    if not view.model.spec.suspend:
        return None
    model = dataclasses.replace(view.model, spec=view.model.spec.model_copy(update={"suspend": False}))
    reason = engaging.kill_breach(dataclasses.replace(view, model=model))
    return (
        Decision(Phase.HELD, "Suspended", f"{reason}; not killed: the model is suspended") if reason else None
    )
