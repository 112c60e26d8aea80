"""The policy `saved` (B4): who could write a checkpoint could make the operator deploy any pod."""

import pytest

from tests.cluster.api import objects
from tests.cluster.guarding import ENGAGER, GITOPS, OPERATOR
from tests.cluster.interlock.asking import Namespace

pytestmark = pytest.mark.cluster


def test_a_checkpoint_is_created_and_its_content_written_by_the_operator_alone(here: Namespace) -> None:
    """B4, P3: people pin, and ask for a verdict by annotation, so that who and when are recorded."""
    checkpoint = objects.checkpoint()
    name = checkpoint["metadata"]["name"]
    for user in (None, *GITOPS):
        said = here.refused("create", "-f", "-", given=checkpoint, user=user)
        assert "spec.saved is written by the operator alone" in said
    here.create(checkpoint, user=OPERATOR)
    activation = {"at": "2026-01-01T00:00:00Z", "reason": "Rollout"}
    said = here.refused("patch", "mckpt", name, *here.patch({"activations": [activation]}), user=ENGAGER)
    assert "spec.activations is written by the operator alone" in said
    here.allowed("patch", "mckpt", name, *here.patch({"activations": [activation]}), user=OPERATOR)
    verdict = {"value": "Bad", "by": "ben", "since": "2026-01-01T00:00:00Z"}
    said = here.refused("patch", "mckpt", name, *here.patch({"verdict": verdict}), user=ENGAGER)
    assert f"kubectl annotate mckpt {name} lastgood.dev/verdict=Good" in said
    here.allowed("patch", "mckpt", name, *here.patch({"verdict": verdict}), user=OPERATOR)
    here.allowed("patch", "mckpt", name, *here.patch({"pinned": True}), user=ENGAGER)
    here.allowed("annotate", "mckpt", name, "lastgood.dev/verdict=Good", user=ENGAGER)


def test_the_label_by_which_a_checkpoint_is_found_stays(here: Namespace) -> None:
    """B4: without it a version that was found Bad would be tried again."""
    checkpoint = objects.checkpoint()
    name = checkpoint["metadata"]["name"]
    model = checkpoint["spec"]["saved"]["model"]
    checkpoint["metadata"]["labels"] = {"lastgood.dev/model": model}
    here.create(checkpoint, user=OPERATOR)
    for user in (None, *GITOPS):
        for label in ("lastgood.dev/model-", "lastgood.dev/model=other"):
            said = here.refused("label", "mckpt", name, label, "--overwrite", user=user)
            assert f"its label lastgood.dev/model names the model that it was saved for: {model}" in said
    here.allowed("label", "mckpt", name, "team=risk", user=ENGAGER)
    here.allowed("label", "mckpt", name, "lastgood.dev/model-", user=OPERATOR)
    here.allowed("label", "mckpt", name, f"lastgood.dev/model={model}", user=ENGAGER)
