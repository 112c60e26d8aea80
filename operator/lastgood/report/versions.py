"""What is known about each version: those that spec lists, in its order, then those that were saved earlier."""

from typing import Final

from lastgood.api.modeldeployment_status import VersionStatus
from lastgood.decide import candidate, facts, ledger
from lastgood.decide.rules import follow
from lastgood.decide.view import View

MOST: Final = 200
"""As many as the CRD admits."""
NOT_RUN: Final = "NotRun"
NOT_INTACT: Final = "NotIntact"


def versions(view: View) -> tuple[VersionStatus, ...]:
    """Return the verdict on every version, one entry for a name."""
    listed = {version.name: _listed(view, version.name) for version in view.model.spec.versions}
    newest_first = sorted(view.facts.own, key=lambda c: (c.intact, c.created_at, c.name), reverse=True)
    known = dict(listed)
    for checkpoint in newest_first:
        known.setdefault(checkpoint.version, _saved(checkpoint, checkpoint.version))
    return tuple(known.values())[:MOST]


def _listed(view: View, name: str) -> VersionStatus:
    """Return what is known of a listed name; verdicts key on the definition, so a new one starts anew (rule F6)."""
    defined = candidate.listed(view, name)
    saved = None if defined is None else view.facts.by_digest.get(defined.digest)
    if defined is None:
        saved = ledger.named(view.facts, name)
    if saved is None and defined is not None and defined.verdict.worth is facts.Worth.BAD:
        verdict = defined.verdict  # of the Deployment that the model named before
        return VersionStatus(
            name=name, verdict=verdict.worth, reason=verdict.reason[:128], since=verdict.since
        )
    if saved is None:
        return VersionStatus(name=name, verdict=facts.Worth.UNPROVEN, reason=NOT_RUN)
    return _saved(saved, name)


def _saved(checkpoint: facts.Checkpoint, name: str) -> VersionStatus:
    if not checkpoint.intact:
        return VersionStatus(name=name, reason=NOT_INTACT, checkpoint=checkpoint.name)
    verdict = checkpoint.verdict
    return VersionStatus(
        name=name,
        verdict=verdict.worth,
        reason=(
            verdict.reason if checkpoint.version == name else f"{candidate.SAME_AS}/{checkpoint.version}"
        )[:128],
        since=verdict.since,
        checkpoint=checkpoint.name,
    )


def is_wanted(view: View, checkpoint: facts.Checkpoint) -> bool:
    """Whether a saved version is what people ask for: by definition, not by name."""
    wanted = follow.asked_for(view)
    if wanted is None or wanted == checkpoint.version:
        return True
    defined = ledger.defined(view, wanted)
    return defined is not None and defined.digest == checkpoint.digest


def wanted_but_bad(view: View) -> facts.Checkpoint | None:
    """Return the saved version that spec asks for and that is Bad, unless it is the one to run anyway."""
    wanted, current = view.model.spec.wanted_version, view.facts.current
    if wanted is None or current is None:
        return None
    defined = ledger.defined(view, wanted)
    saved = None if defined is None else view.facts.by_digest.get(defined.digest, defined)
    if saved is None or saved.digest == current.digest or saved.verdict.worth is not facts.Worth.BAD:
        return None
    return saved
