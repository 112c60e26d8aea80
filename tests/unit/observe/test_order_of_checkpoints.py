"""What is decided and told does not turn on the order in which the API server or a watch names objects (rule F3)."""

from lastgood.api import names
from lastgood.decide import template
from lastgood.kube import resources
from tests.unit.observe.test_half_readable import named, seen_with

VERSIONS = ("a", "b", "c")


def checkpoint(version: str) -> tuple[resources.Resource, dict[str, object]]:
    pod_template = {"spec": {"containers": [{"name": "model", "image": f"fraud:{version}"}]}}
    saved = {
        "model": "fraud",
        "version": version,
        "podTemplate": pod_template,
        "digest": template.digest(pod_template),
        "images": [{"name": "model", "image": f"fraud:{version}"}],
        "createdAt": "2026-03-01T12:00:00Z",
    }
    metadata = named(f"fraud-{version}", labels={names.LABEL_MODEL: "fraud"})
    return resources.MODEL_CHECKPOINTS, {"metadata": metadata, "spec": {"saved": saved}}


def test_checkpoints_of_the_same_moment_are_told_in_one_order_however_they_were_listed() -> None:
    """Found by a simulated world: of two answers of one moment each list told another, and the status changed."""
    found = [seen_with(*map(checkpoint, order)) for order in (VERSIONS, VERSIONS[::-1])]

    for seen in found:
        assert [each.version for each in seen.facts.checkpoints] == list(VERSIONS)
