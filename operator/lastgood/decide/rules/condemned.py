"""The verdict on a version that an automatic kill has stopped (semantics.md, K7).

The switch names the version from the moment when it is engaged, and the workload is stopped before the verdict is
written: a kill waits for nothing. Whoever releases the switch in between releases the model and says nothing of the
version, so that the switch goes on speaking for the verdict as long as it holds the workload. Nothing is started before
it is written. With the last that it holds the switch forgets the version: engaged again by hand, it speaks of another
kill.
"""

from datetime import datetime, timedelta

from lastgood.decide import facts, records
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import engaging
from lastgood.decide.view import View


def mark_the_killed_version_bad(view: View) -> Decision | None:
    """K7: the version that an automatic kill stopped is Bad, unless a person has said otherwise since."""
    for switch in _automatic(view):
        killed = view.facts.by_digest.get(switch.bad_digest)
        if killed is None or switch.engaged_at is None:
            continue
        overruled = killed.verdict.by != facts.OPERATOR and killed.verdict.since >= switch.engaged_at
        if overruled or killed.verdict.worth is facts.Worth.BAD:
            continue
        verdict = facts.VerdictFact(
            facts.Worth.BAD, "Killed", since=view.now, evidence=engaging.evidence(view, switch.reason)
        )
        given = records.GiveVerdict(killed, verdict)
        phase = Phase.STOPPING if view.engaged else Phase.HELD
        return Decision(phase, "AutomaticKill", switch.reason, records=(given,))
    return None


def said_at(view: View, checkpoint: facts.Checkpoint) -> datetime:
    """Return when a person speaks who speaks now: after all that they speak of, whatever the clock says.

    That is the kill of the version and the last switch to it, which a process whose clock was ahead may have recorded.
    """
    killed_at = [s.engaged_at for s in _automatic(view) if s.engaged_at and s.bad_digest == checkpoint.digest]
    last = checkpoint.last_activation
    switched_to = [] if last is None else [last.at + timedelta(microseconds=1)]
    return max([view.now, *killed_at, *switched_to])


def _automatic(view: View) -> list[facts.Switch]:
    """Return the switches by which the model was killed automatically, those that are released and not yet back too."""
    known = {switch.name: switch for switch in (*view.engaged, *view.holding)}
    return [switch for switch in known.values() if switch.cause is facts.Cause.AUTOMATIC]
