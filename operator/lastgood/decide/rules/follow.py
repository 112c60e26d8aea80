"""Following: what people and CI put on the workload is the version to run (semantics.md, O6, `spec.follow`).

The workload's own template says what is wanted, so everything here turns on who has put it there. A template that is
Bad, or that an automatic rollback has just left, is not followed: it is there because we have not yet taken it away, or
because somebody applies it again. `spec.version`, where it is given, is a person's word and stands above the template.
"""

import re
from typing import Final

from lastgood.decide import candidate, facts, ledger, records
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.facts import Why, Worth
from lastgood.decide.view import View

LONGEST_NAME: Final = 63
"""Characters of a label's value, which a version's name becomes."""
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_ASKED: Final = (Why.ADOPTED, Why.FOLLOWED, Why.ROLLOUT)
"""Switches that people have asked for, in one way or another."""


def follow_the_workload(view: View) -> Decision | None:
    """O6: a template that is neither Bad nor just left becomes the version that runs, to be baked and guarded.

    It is recorded and nothing else is done, so that a suspended or paused model is followed too: its pods run already.
    """
    workload, current = view.workload, view.facts.current
    found = _found(view)
    if workload is None or current is None or found is None:
        return None
    activation = ledger.activation(view.facts, view.now, Why.FOLLOWED)
    if found.digest in view.facts.by_digest:
        taken: records.Record = records.Activate(found, activation)
    else:
        taken = records.TakeCheckpoint(candidate.activated(found, activation), replicas=workload.replicas)
    message = (
        f"{workload.templated_by or 'somebody'} has put {found.version} in the place of {current.version}"
    )
    return Decision(Phase.ROLLING_OUT, "Following", message, records=(taken,))


def save_what_was_put_on(view: View, phase: Phase) -> Decision | None:
    """K9, O6: a new template that was put on a killed model is saved, before another one takes its place there."""
    found = _found(view)
    if view.workload is None or found is None or found.digest in view.facts.by_digest:
        return None
    message = f"saving {found.version}, which was put on {view.workload.name} meanwhile"
    return Decision(phase, "Following", message, records=(records.TakeCheckpoint(found),))


def switch_to_what_was_put_on_meanwhile(view: View) -> Decision | None:
    """K9: what was saved while the model was killed is what people want to run once it is back."""
    spec, waiting = view.model.spec, _waiting(view)
    if waiting is None or not unpinned(view) or spec.suspend or spec.rollout.paused:
        return None
    activation = ledger.activation(view.facts, view.now, Why.ROLLOUT)
    message = f"switching from {activation.came_from} to {waiting.version}, which was put on before"
    switched = records.Activate(waiting, activation)
    return Decision(Phase.ROLLING_OUT, "SwitchingVersion", message, records=(switched,))


def asked_for(view: View) -> str | None:
    """Return the name of the version that people ask for: by spec, or with `follow` by what they put on last."""
    if not unpinned(view):
        return view.model.spec.wanted_version
    waiting = _waiting(view)
    if waiting is not None:
        return waiting.version
    asked = [(a.at, c.version) for c in view.facts.checkpoints for a in c.activations if a.why in _ASKED]
    return max(asked, default=(None, None))[1]


def unpinned(view: View) -> bool:
    """Whether the workload's template says what is wanted, and no `spec.version` stands above it."""
    return view.model.spec.follow and view.model.spec.wanted_version is None


def _found(view: View) -> facts.Checkpoint | None:
    """Return the version to follow, saved or not yet, if the workload has another template than it was given."""
    workload, current, spec = view.workload, view.facts.current, view.model.spec
    if not spec.follow or workload is None or current is None or workload.digest == current.digest:
        return None
    known = view.facts.by_digest.get(workload.digest)
    if known is not None and (known.verdict.worth is Worth.BAD or _just_left(current, known)):
        return None
    found = known or candidate.observed(view, workload, unlisted=lambda image: _name(view, image))
    if found is None or spec.wanted_version not in (None, found.version):
        return None
    return found


def _just_left(current: facts.Checkpoint, known: facts.Checkpoint) -> bool:
    """Whether the switch to the current version has left this one: it runs for want of the act, or is applied again.

    After a rollback it stays left, unless a person has cleared it; after a rollout only until the new version was
    available, so that who goes back to the earlier one then is followed.
    """
    last = current.last_activation
    if last is None or last.came_from != known.version:
        return False
    if last.why.goes_back:
        # It was Bad then, and only people make it anything else; when that was is not asked of clocks that were set.
        return known.verdict.by == facts.OPERATOR
    return last.why is Why.ROLLOUT and _unseen(current, last)


def _unseen(current: facts.Checkpoint, last: facts.Activation) -> bool:
    """Whether nobody has seen a version since it was switched to: what a person said of it before tells nothing."""
    verdict = current.verdict
    said = verdict.by != facts.OPERATOR and verdict.since <= last.at
    return verdict.reason == facts.CREATED or (said and verdict.reason not in (facts.SERVED, facts.BREACHED))


def _waiting(view: View) -> facts.Checkpoint | None:
    """Return the newest version that was put on and never switched to, if nothing was asked for since."""
    asked = [a.at for c in view.facts.checkpoints for a in c.activations if a.why in _ASKED]
    waiting = (
        c
        for c in view.facts.by_digest.values()
        if not c.activations
        and c.verdict.worth is not Worth.BAD
        and c.fits(view.facts.workload)
        and all(c.created_at > at for at in asked)
    )
    return max(waiting, key=lambda c: c.created_at, default=None)


def _name(view: View, image: str) -> str:
    """Return a free name for what runs: its image's tag, or the beginning of its digest, or either with our digest."""
    workload = view.workload
    plain = _NOT_IN_A_NAME.sub("-", _tag(image))[:LONGEST_NAME].strip("-_.") or "image"
    own = "" if workload is None else workload.digest
    further = (f"{plain[: LONGEST_NAME - digits - 1].rstrip('-_.')}-{own[:digits]}" for digits in (8, 16, 32))
    taken = {c.version for c in view.facts.checkpoints} | {v.name for v in view.model.spec.versions}
    return next((name for name in (plain, *further) if name not in taken), own[:LONGEST_NAME])


def _tag(image: str) -> str:
    """Return what tells an image from others of its repository: `1.5.0`, `sha256-0123456789ab`, or `latest`."""
    name, _, content = image.rsplit("/", 1)[-1].partition("@")
    algorithm, _, digest = content.partition(":")
    return name.partition(":")[2] or (f"{algorithm}-{digest[:12]}" if content else "latest")
