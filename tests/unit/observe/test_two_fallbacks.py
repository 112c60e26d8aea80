"""Two models that fall back by one Service: it follows one of them, and the other says so (semantics.md, K1)."""

from typing import Any

import pytest

from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.store import Store

OLD, NEW = "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z"


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "1", **more}


def two(*, fraud: str = OLD, churn: str = NEW, service: str = "front") -> Store:
    """Models `fraud` and `churn`, created then, of which the second falls back by this Service."""
    store = Store()
    store.put(resources.SERVICES, {"metadata": named("front"), "spec": {"selector": {"app": "fraud"}}})
    store.put(resources.SERVICES, {"metadata": named("other"), "spec": {"selector": {"app": "churn"}}})
    for model, created, by in (("fraud", fraud, "front"), ("churn", churn, service)):
        fallback = {"workloadRef": {"name": f"{model}-rules"}, "service": by}
        spec = {"workloadRef": {"name": model}, "fallback": fallback}
        raw = {"metadata": named(model, creationTimestamp=created), "spec": spec}
        store.put(resources.MODEL_DEPLOYMENTS, raw)
    return store


def claimed_by(store: Store, model: str) -> str:
    seen = snapshot.cached(store, ("ml", model))
    assert seen is not None
    return seen.traffic.claimed_by


def rules_of(store: Store, model: str = "fraud") -> set[str]:
    """Return the fallback's pods that may be labelled."""
    seen = snapshot.cached(store, ("ml", model))
    assert seen is not None
    assert seen.traffic.stand_in is not None
    return {pod.name for pod in seen.traffic.stand_in.pods}


def with_rules(store: Store) -> Store:
    """Let the first model's fallback run."""
    template = {"metadata": {"labels": {"app": "rules"}}, "spec": {"containers": []}}
    spec = {"selector": {"matchLabels": {"app": "rules"}}, "template": template}
    owned = {"kind": "Deployment", "name": "fraud-rules", "uid": "fraud-rules", "controller": True}
    of_set = {"kind": "ReplicaSet", "name": "set", "uid": "set", "controller": True}
    store.put(resources.DEPLOYMENTS, {"metadata": named("fraud-rules"), "spec": spec})
    store.put(resources.REPLICA_SETS, {"metadata": named("set", ownerReferences=[owned]), "spec": spec})
    store.put(resources.PODS, {"metadata": named("rules-1", ownerReferences=[of_set]), "spec": {}})
    return store


def takes(store: Store, model: str, *, service: str = "front") -> None:
    entry = {
        "workload": model,
        "model": model,
        "replicas": 2,
        "ceiling": 0,
        "traffic": {"service": service, "selector": {"app": model}},
    }
    spec = {"engaged": True, "models": [model], "restore": [entry]}
    store.put(resources.KILL_SWITCHES, {"metadata": named(f"stop-{model}"), "spec": spec})


@pytest.mark.parametrize(
    ("created", "first", "second"),
    [
        ({"fraud": OLD, "churn": NEW}, "fraud", "churn"),
        ({"fraud": NEW, "churn": OLD}, "churn", "fraud"),
        ({"fraud": OLD, "churn": OLD}, "churn", "fraud"),
    ],
)
def test_the_service_is_the_older_ones(created: dict[str, str], first: str, second: str) -> None:
    store = two(**created)
    assert (claimed_by(store, first), claimed_by(store, second)) == ("", first)


def test_each_has_a_service_of_its_own() -> None:
    store = two(service="other")
    assert (claimed_by(store, "fraud"), claimed_by(store, "churn")) == ("", "")


def test_whose_traffic_was_taken_first_keeps_the_service_until_it_is_given_back() -> None:
    """K2: what is on record is not fought over, whoever is older."""
    store = two()
    takes(store, "churn")
    assert (claimed_by(store, "fraud"), claimed_by(store, "churn")) == ("churn", "")


def test_traffic_that_was_taken_from_another_service_is_no_claim() -> None:
    store = two()
    takes(store, "churn", service="other")
    assert claimed_by(store, "fraud") == ""


def test_a_model_without_fallback_claims_nothing() -> None:
    store = two()
    raw = {"metadata": named("fraud", creationTimestamp=OLD), "spec": {"workloadRef": {"name": "fraud"}}}
    store.put(resources.MODEL_DEPLOYMENTS, raw)
    assert claimed_by(store, "churn") == ""


def test_the_pods_of_a_fallback_are_known_and_those_of_one_that_is_a_model_itself_are_left_to_that() -> None:
    """O5, O7: its own model labels them."""
    store = with_rules(two())
    assert rules_of(store) == {"rules-1"}
    raw = {
        "metadata": named("smaller", creationTimestamp=NEW),
        "spec": {"workloadRef": {"name": "fraud-rules"}},
    }
    store.put(resources.MODEL_DEPLOYMENTS, raw)
    assert rules_of(store) == set()
