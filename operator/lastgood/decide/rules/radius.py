"""Holding where one more automatic kill would be one too many (semantics.md, J9)."""

from lastgood.decide import blast
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import kill, rollback
from lastgood.decide.view import View


def hold_a_kill_too_many(view: View) -> Decision | None:
    """J9: past the limit a model is held and reported instead of killed, until there is room again.

    It stands behind the start of a wanted version, because a better version is what ends such a hold.
    """
    reason = kill.kill_breach(view) or rollback.kill_for_want_of_a_version(view)
    if not reason or view.room.left:
        return None
    minutes = blast.WINDOW.total_seconds() / 60
    message = f"{reason}; not killed: at most {view.room.limit} models are killed automatically in {minutes:g} minutes"
    return Decision(Phase.HELD, "BlastRadius", message, degraded="BlastRadius")
