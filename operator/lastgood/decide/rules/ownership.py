"""Whose the checkpoints are when their model is deleted (semantics.md, P2).

They stay, and a model that is created again finds them. Only while the model is annotated for it do they carry an
owner reference: then the API server's garbage collector deletes them with the model, also while no operator runs.
"""

from collections.abc import Mapping
from typing import Any

from lastgood.api import kinds, names
from lastgood.decide import facts, records
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import View


def own_the_checkpoints(view: View) -> Decision | None:
    """P2: give checkpoints to the model, or take them back, as its annotation says."""
    wanted = [(each, _owners(view, each)) for each in view.facts.checkpoints]
    written = tuple(records.SetOwners(each, owners) for each, owners in wanted if owners != each.owners)
    if not written:
        return None
    return Decision(Phase.HELD, "Owning", "whether checkpoints go with the model", records=written)


def _owners(view: View, checkpoint: facts.Checkpoint) -> tuple[Mapping[str, Any], ...]:
    """Return the owner references that a checkpoint shall have; those of others stay."""
    others = tuple(each for each in checkpoint.owners if each.get("kind") != kinds.MODEL_DEPLOYMENT.kind)
    if view.model.annotations.get(names.ANNOTATION_DELETE_CHECKPOINTS) != "true":
        return others
    own = {
        "apiVersion": names.API_VERSION,
        "kind": kinds.MODEL_DEPLOYMENT.kind,
        "name": view.model.name,
        "uid": view.model.uid,
    }
    return (*others, own)
