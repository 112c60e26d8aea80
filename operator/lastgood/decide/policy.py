"""The order of the rules: the first that has something to say decides (semantics.md, K6: kill > rollback > rollout).

A rule answers with facts to record, or with steps that rest on facts recorded already, or only with what to tell
people; None passes the model on to the next rule.

The first rules are a kill: they are asked without any saved version, so that who drives a kill need not wait for those.
"""

import dataclasses
from collections.abc import Callable
from typing import Final

from lastgood.decide import ledger
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.facts import Facts, Worth
from lastgood.decide.rules import (
    adopt,
    autoscaling,
    bake,
    condemned,
    engaging,
    fallback,
    follow,
    kill,
    ownership,
    radius,
    recovery,
    requests,
    rollback,
    rollout,
    verdicts,
)
from lastgood.decide.view import View

Rule = Callable[[View], Decision | None]


def stop_at_trouble(view: View) -> Decision | None:
    """B1: nothing automatic is done to a model that cannot be understood; a kill above has had its turn."""
    if view.trouble is None:
        return None
    message, left = view.trouble.message, view.facts.left
    if left:
        message += f"; Deployment {left}, which it was about before, is not guarded meanwhile"
    return Decision(Phase.INVALID, view.trouble.reason, message)


KILL: Final[tuple[Rule, ...]] = (
    kill.enter_the_workload,  # what has to come back, before anything is scaled
    kill.scale_to_zero,  # the act of every kill, and the undoing of others' scaling up; it waits for no rule below
    fallback.note_where_traffic_went,  # of a model that is at zero already: nothing above waits for it
    engaging.mirror_the_engaged_field,  # a person's kill, on the model itself
)
"""What rests on no saved version, and goes before everything else."""

CHAIN: Final[tuple[Rule, ...]] = (
    engaging.mirror_the_released_field,  # and its release
    kill.end_the_recovery,  # what was coming back starts anew after this kill
    autoscaling.note_the_autoscaler,  # before it is held, below
    condemned.mark_the_killed_version_bad,  # what an automatic kill stopped is Bad, released or not
    verdicts.take_over_the_verdict,  # a person's word on a version, whatever becomes of the model
    recovery.forget_the_resume,  # what a person asked for before this kill does not count after it
    requests.refuse_what_cannot_be_done_now,  # nor does anything else sleep until it can be done
    requests.take_down,
    ownership.own_the_checkpoints,  # for a deletion that may come at any time
    fallback.keep_traffic_of_the_killed,
    kill.stay_at_zero,  # a killed model ends here
    recovery.recover,  # a released one until it is back
    stop_at_trouble,  # from here on nothing is done to a model that is not understood
    engaging.engage_on_a_kill_breach,  # an automatic kill
    adopt.stop_at_a_broken_checkpoint,  # nor to one whose facts were tampered with
    adopt.adopt,  # the first checkpoint
    follow.follow_the_workload,  # before any rollback: what others have put on is what would be gone back from
    requests.meet,  # what a person names goes before what the rules below would choose
    rollback.go_back_from_a_bad_version,
    rollback.condemn_the_version_that_breaches,
    rollback.note_the_breach,  # by a version that may not be left now: it is none to go back to later
    rollout.start_the_wanted_version,  # also the way out of every hold below
    follow.switch_to_what_was_put_on_meanwhile,  # the wanted version of a model that follows, after a kill
    rollout.drive_to_the_current_version,  # the act of every switch, and the undoing of others' changes
    rollback.clear_the_way,  # for the pods to go back to, where nothing is available
    adopt.label_pods,
    fallback.label_its_pods,
    bake.note_other_content,  # of ConfigMaps: before anything that counts the time since
    adopt.rest_at_zero,
    radius.hold_a_suspended_kill,
    radius.hold_a_kill_too_many,  # by a breach, or because no good version is left
    rollback.hold_a_version_that_should_go,  # what cannot be gone back from, and why
    bake.note_that_it_served,
    bake.wait_for_pods,
    rollback.hold_on_a_hold_breach,
    bake.make_good,
    rollout.wait_with_the_wanted_version,  # suspended or paused
    bake.bake_on,
)


def decide(view: View) -> Decision:
    """Return what the first rule with something to say decides, or that the model serves."""
    return decide_a_kill(view) or _first(CHAIN, view) or _serving(view)


def decide_a_kill(view: View) -> Decision | None:
    """Return what a kill demands now, whatever is saved of versions: none is shown to its rules (rule K6)."""
    if not view.engaged and view.model.kill_asked is not True:
        return None  # nobody asks for one, so that none of the rules has anything to say
    return _first(KILL, dataclasses.replace(view, facts=Facts(switches=view.facts.switches)))


def _first(rules: tuple[Rule, ...], view: View) -> Decision | None:
    for rule in rules:
        decision = rule(view)
        if decision is not None:
            return decision
    return None


def _serving(view: View) -> Decision:
    current = view.facts.current
    wanted = follow.asked_for(view)
    version = "the model" if current is None else current.version
    last = None if current is None else current.last_activation
    if (
        last is not None
        and last.why.goes_back
        and wanted is not None
        and current is not None
        and wanted != version
    ):
        left = ledger.named(view.facts, wanted)
        way_out = f"{wanted} is Bad"
        if left is not None and left.verdict.worth is not Worth.BAD and follow.unpinned(view):
            way_out = f"{wanted} was gone back from: put it on {view.model.workload_name} again to run it"
        return Decision(Phase.ROLLED_BACK, "RolledBack", f"{version} serves; {way_out}")
    return Decision(Phase.SERVING, "Serving", f"{version} serves")
