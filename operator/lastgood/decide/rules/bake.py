"""Making a version Good: only time with every acting threshold OK counts (semantics.md, O3)."""

import dataclasses
from datetime import timedelta
from typing import Final

from lastgood.api.thresholds import OnNoData, Verdict
from lastgood.decide import config, facts, leftovers, records, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import Judged, View

PATIENCE: Final = 4
"""After this many times its bake without an end, a version's missing data is named."""


def wait_for_pods(view: View) -> Decision | None:
    """Wait until only available pods of the new template are left."""
    workload = view.workload
    if workload is None or workload.settled:
        return None
    phase, current = Phase.ROLLING_OUT, view.facts.current
    last = None if current is None else current.last_activation
    if last is not None and last.why.goes_back:
        phase = Phase.ROLLED_BACK
    if view.model.spec.suspend and current is not None and workload.digest != current.digest:
        return None  # pods of it do not come: others have put something else there, and it stays (rule J11)
    if current is not None and current.served and _serves(workload):
        return None  # its pods come and go without a switch
    left = leftovers.told(view)
    if left:
        unjudged = f"nothing is judged as long as other pods run: {left}"
        return Decision(phase, leftovers.PODS_LEFT, unjudged, degraded=leftovers.PODS_LEFT)
    paused = "; the Deployment is paused" if workload.paused else ""
    name = "the version" if current is None else current.version
    return Decision(phase, "WaitingForPods", f"waiting for the pods of {name} to be available{paused}")


def _serves(workload: world.Workload) -> bool:
    """Whether a version that served once still does, or does again: with some pod, and none of another version."""
    staying = [pod for pod in workload.pods if not pod.terminating]
    return any(pod.ready for pod in staying) and all(pod.digest == workload.digest for pod in staying)


def note_that_it_served(view: View) -> Decision | None:
    """R1: a version whose pods were all available once may be gone back to when nothing better is left."""
    current, workload = view.facts.current, view.workload
    if current is None or workload is None or not workload.settled or current.digest != workload.digest:
        return None
    if current.verdict.worth is not facts.Worth.UNPROVEN or current.served:
        return None
    if current.verdict.reason == facts.BREACHED:
        return None  # only a whole bake makes up for a breach
    verdict = facts.VerdictFact(facts.Worth.UNPROVEN, facts.SERVED, since=view.now)
    if current.verdict.by != facts.OPERATOR:  # a person's word stays theirs, and of its time
        verdict = dataclasses.replace(current.verdict, reason=facts.SERVED)
    return Decision(
        Phase.BAKING, "Served", "all pods are available", records=(records.GiveVerdict(current, verdict),)
    )


def note_other_content(view: View) -> Decision | None:
    """O7: other content of its ConfigMaps is no new version: it is noted, and what is baked starts again.

    A Good version stays Good: it is what the model goes back to, and going back would not bring the old content back.
    """
    current, workload = view.facts.current, view.workload
    if current is None or workload is None or current.digest != workload.digest:
        return None
    held = config.seen(view.contents, workload.template)
    if held is None or (current.content is not None and current.content.hashes == held):
        return None
    if current.content is None:
        noted, message = facts.Content(held), "noting what its ConfigMaps hold"
    else:
        before = current.content.hashes
        noted = facts.Content(held, changed_at=view.now)
        others = ", ".join(name for name in held if before.get(name) != held[name])
        message = f"ConfigMap {others} holds something else than before"
    return Decision(Phase.BAKING, "OtherContent", message, records=(records.NoteContent(current, noted),))


def make_good(view: View) -> Decision | None:
    """O3: after a bake with all acting thresholds OK the version is Good."""
    current, workload = view.facts.current, view.workload
    if current is None or workload is None or current.digest != workload.digest:
        return None
    if current.verdict.worth is not facts.Worth.UNPROVEN:
        return None
    if _baked_for(view, current.verdict) < view.model.spec.rollout.bake or not workload.settled:
        return None
    if view.blinded or _unjudged(view) or not counts(view.judged):
        return None
    verdict = facts.VerdictFact(facts.Worth.GOOD, facts.BAKED, since=view.now)
    given = records.GiveVerdict(current, verdict)
    return Decision(Phase.SERVING, "Baked", f"{current.version} is Good", records=(given,))


def _baked_for(view: View, verdict: facts.VerdictFact) -> timedelta:
    """Return how long the version was fine; time from before a person called it Unproven makes it no better (P3)."""
    if verdict.by == facts.OPERATOR:
        return view.good_for
    return min(view.good_for, max(view.now - verdict.since, timedelta(0)))


def _unjudged(view: View) -> bool:
    """Whether a threshold was not judged yet: nobody has looked is not the same as all is well."""
    return not {each.name for each in view.model.spec.thresholds} <= {j.threshold.name for j in view.judged}


def bake_on(view: View) -> Decision | None:
    """O3: say how far the bake is, and after a while what is missing."""
    current = view.facts.current
    if current is None or current.verdict.worth is not facts.Worth.UNPROVEN:
        return None
    needed = view.model.spec.rollout.bake
    last = current.last_activation
    late = last is not None and view.now - last.at > PATIENCE * needed
    baked = (
        f"OK for {_baked_for(view, current.verdict).total_seconds():.0f} s of {needed.total_seconds():.0f} s"
    )
    if late and (missing := _missing(view)):
        return Decision(Phase.BAKING, "BakeStalled", f"{baked}: {missing}")
    return Decision(Phase.BAKING, "Baking", baked)


def counts(judged: tuple[Judged, ...]) -> bool:
    """Whether this moment counts for bake and probation: every acting threshold OK, or told to ignore missing data."""
    return all(_counts(j) for j in judged if j.acting)


def _counts(judged: Judged) -> bool:
    verdict = judged.judgement.verdict
    if verdict is Verdict.OK:
        return True
    no_data = verdict in (Verdict.INSUFFICIENT, Verdict.BLIND)
    return no_data and judged.threshold.on_no_data is OnNoData.IGNORE


def _missing(view: View) -> str:
    waiting = [j for j in view.judged if j.acting and not _counts(j)]
    return ", ".join(f"{j.threshold.name} is {j.judgement.verdict}: {j.judgement.message}" for j in waiting)
