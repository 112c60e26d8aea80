"""A Deployment that was created again with a selector that no saved version fits (semantics.md, O5, O6, B1)."""

from typing import Any

import pytest

from lastgood.decide import policy, view
from lastgood.decide.decision import Decision, Phase
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.store import Store
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_without_prometheus import BEGIN, INTERVAL, KEY, a_version_serves

SELECTED = {"app": "fraud", "tier": "b"}


def created_again(*, image: str, labels: dict[str, str], **spec: Any) -> Store:
    """Return a store with the model on a Deployment that selects other pods than the one that its versions ran on."""
    store = a_version_serves(on_breach="Rollback", on_no_data="Hold")
    raw = store.deployments[KEY]
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "model", "image": image}]},
    }
    store.put(
        resources.DEPLOYMENTS,
        {
            **raw,
            "metadata": {**raw["metadata"], "uid": "d2", "resourceVersion": "9"},
            "spec": {**raw["spec"], "selector": {"matchLabels": labels}, "template": template},
        },
    )
    model = store.models[KEY]
    changed = {**model["spec"], **spec}
    metadata = {**model["metadata"], "resourceVersion": "9"}
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": changed})
    return store


def decide(store: Store) -> Decision:
    seen = snapshot.cached(store, KEY)
    assert seen is not None
    viewed = Memory().view(seen, BEGIN, settings=view.Settings(), fresh_for=3 * INTERVAL)
    return policy.decide(viewed)


@pytest.mark.parametrize("image", ["fraud:1.5.0", "fraud:other"])
def test_a_deployment_that_no_saved_version_fits_is_left_alone_and_told_of(image: str) -> None:
    """The API server would refuse its template at each try."""
    decision = decide(created_again(image=image, labels=SELECTED))

    assert (decision.phase, decision.reason) == (Phase.INVALID, "SelectorChanged")
    assert (decision.records, decision.steps) == ((), ())
    assert "set spec.follow to true" in decision.message


def test_a_model_that_follows_takes_over_what_runs_there() -> None:
    """O6: the way out that people are told."""
    decision = decide(created_again(image="fraud:other", labels=SELECTED, follow=True, version=None))

    assert decision.phase is not Phase.INVALID
    assert decision.records


def test_a_selector_that_saved_versions_fit_changes_nothing() -> None:
    decision = decide(created_again(image="fraud:other", labels={}))

    assert decision.reason == "SwitchingVersion"
