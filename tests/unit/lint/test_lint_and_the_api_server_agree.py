"""What the API server refuses (tests/cluster/api asks it the same), lint finds at the same field (rule B1)."""

import json

import pytest

from lastgood.lint import checks
from lastgood.lint.finding import dotted
from lastgood.lint.manifests import Manifest, read
from tests.cluster.api import objects, refused_facts, refused_models, refused_thresholds
from tests.cluster.api.refusal import Refusal

REFUSALS = (*refused_models.ALL, *refused_thresholds.ALL, *refused_facts.ALL)


def manifest_of(value: objects.Object) -> Manifest:
    (found,) = read("test.json", json.dumps(value))
    return found


@pytest.mark.parametrize(
    "refusal", REFUSALS, ids=lambda refusal: f"{refusal.manifest['kind']}: {refusal.sentence}"
)
def test_what_the_api_server_refuses_is_found_at_the_same_field(refusal: Refusal) -> None:
    """B1."""
    found = {dotted(each.path) for each in checks.check(manifest_of(refusal.manifest))}
    assert refusal.path in found


@pytest.mark.parametrize(
    "manifest",
    [
        objects.model(),
        objects.threshold(),
        objects.policy(),
        objects.cluster_policy(),
        objects.switch(),
        objects.cluster_switch(),
        objects.named("f" * 240, objects.cluster_switch()),
        objects.checkpoint(),
        objects.drill(),
        objects.example("minimal.yaml"),
    ],
    ids=lambda manifest: str(manifest["kind"]),
)
def test_nothing_is_found_in_what_it_takes(manifest: objects.Object) -> None:
    """B1."""
    assert checks.check(manifest_of(manifest)) == []
