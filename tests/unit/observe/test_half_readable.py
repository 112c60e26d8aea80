"""What does not parse stops what it may concern and nothing else, and never lets go of anything (rules B1, B2, K6)."""

from typing import Any

import pytest

from lastgood.decide import policy
from lastgood.decide.decision import Phase
from lastgood.decide.view import View
from lastgood.kube import resources
from lastgood.observe import snapshot, written
from lastgood.observe.store import Store
from tests.unit.decide.sight import START

ENTRY = {"workload": "fraud", "model": "fraud", "replicas": 3, "ceiling": 0}


def named(name: str, **metadata: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "1", **metadata}


def a_model(name: str, **spec: Any) -> dict[str, Any]:
    whole = {
        "workloadRef": {"name": name},
        "version": "1",
        "versions": [{"name": "1", "image": f"{name}:1"}],
        **spec,
    }
    return {"metadata": named(name, labels={"team": "a"}), "spec": whole}


def a_deployment(name: str) -> dict[str, Any]:
    containers = [{"name": "model", "image": f"{name}:1"}]
    return {
        "metadata": named(name) | {"uid": f"d-{name}"},
        "spec": {"replicas": 3, "template": {"metadata": {}, "spec": {"containers": containers}}},
    }


def a_switch(**spec: Any) -> dict[str, Any]:
    return {"metadata": named("stop"), "spec": {"engaged": True, "reason": "drift", **spec}}


def seen_with(*objects: tuple[resources.Resource, dict[str, Any]], model: str = "fraud") -> snapshot.Snapshot:
    store = Store()
    for name in ("fraud", "churn"):
        store.put(resources.DEPLOYMENTS, a_deployment(name))
        store.put(resources.MODEL_DEPLOYMENTS, a_model(name))
    for resource, raw in objects:
        store.put(resource, raw)
    found = snapshot.cached(store, ("ml", model))
    assert found is not None
    return found


def view_of(seen: snapshot.Snapshot) -> View:
    return View(model=seen.model, now=START, facts=seen.facts, workload=seen.workload, trouble=seen.trouble)


def reason(seen: snapshot.Snapshot) -> str:
    return "" if seen.trouble is None else seen.trouble.reason


def test_a_model_that_does_not_parse_says_where_and_nothing_automatic_is_done_to_it() -> None:
    """B1."""
    seen = seen_with((resources.MODEL_DEPLOYMENTS, a_model("fraud", interval="soon")))
    decision = policy.decide(view_of(seen))

    assert (decision.phase, decision.reason) == (Phase.INVALID, "InvalidSpec")
    assert decision.message.startswith("spec.interval: ")
    assert (decision.records, decision.steps) == ((), ())


def test_a_model_that_does_not_parse_is_killed_all_the_same() -> None:
    """K6."""
    spec = {"interval": "soon", "killSwitch": {"engaged": True, "reason": "INC-1"}}
    seen = seen_with((resources.MODEL_DEPLOYMENTS, a_model("fraud", **spec)))

    engaged = policy.decide(view_of(seen)).records

    assert [record.switch.name for record in engaged if hasattr(record, "switch")] == ["fraud-spec"]


def test_a_model_whose_deployment_is_not_known_is_not_guessed_at() -> None:
    with pytest.raises(written.Unreadable):
        written.model(a_model("fraud", workloadRef={"kind": "Deployment"}))


@pytest.mark.parametrize(
    ("spec", "held"),
    [
        ({"models": ["fraud"], "action": "Vaporize"}, True),
        ({"models": ["fraud", {"name": "churn"}]}, True),
        ({"models": 7, "workloads": ["fraud"]}, True),
        ({"models": 7, "restore": [ENTRY]}, True),
        ({"restore": [ENTRY | {"autoscaler": {"kind": "Newer", "name": "x"}}], "models": ["x"]}, True),
        ({"restore": [ENTRY, {"workload": 5}], "models": ["x"]}, True),
        ({"selector": {"matchLabels": {"team": 5}}}, False),
        ({"models": 7}, False),
        ({"engaged": "perhaps", "restore": [ENTRY]}, True),
        ({"engaged": "perhaps", "models": ["fraud"]}, False),
        ({"engaged": None}, False),
    ],
)
def test_a_switch_that_does_not_parse_kills_what_it_names_and_nothing_else(
    spec: dict[str, Any], held: bool
) -> None:
    """K6, B2: neither does it let go, nor does it stop a model that it does not name."""
    seen = seen_with((resources.KILL_SWITCHES, a_switch(**spec)))

    assert bool(view_of(seen).engaged) is held
    assert reason(seen) == "UnreadableFacts"
    assert seen.trouble is not None
    assert "KillSwitch stop (spec." in seen.trouble.message
    assert not view_of(seen_with((resources.KILL_SWITCHES, a_switch(**spec)), model="churn")).engaged


@pytest.mark.parametrize(
    "spec",
    [
        {"models": ["fraud"], "action": "Vaporize"},
        {"workloads": ["fraud"], "requestedBy": 7},
        {"models": ["fraud"], "restore": [ENTRY | {"autoscaler": {"kind": "Newer", "name": "x"}}]},
    ],
)
def test_a_switch_that_does_not_parse_leaves_the_models_alone_that_it_does_not_concern(
    spec: dict[str, Any],
) -> None:
    """B2."""
    assert reason(seen_with((resources.KILL_SWITCHES, a_switch(**spec)), model="churn")) == ""


def test_a_released_switch_that_does_not_parse_brings_nothing_back() -> None:
    """K9: what has to come back is not known whole."""
    entry = ENTRY | {"autoscaler": {"kind": "Newer", "name": "x"}}
    seen = seen_with((resources.KILL_SWITCHES, a_switch(engaged=False, restore=[entry])))
    decision = policy.decide(view_of(seen))
    held = policy.decide(view_of(seen_with((resources.KILL_SWITCHES, a_switch(restore=[entry])))))

    assert decision.reason in {"HeldAtZero", "UnreadableFacts"}
    assert not decision.records
    assert held.phase is Phase.STOPPING


def test_a_checkpoint_that_does_not_parse_stops_its_own_model_alone() -> None:
    """B2."""
    raw = {
        "metadata": named("broken", labels={"lastgood.dev/model": "fraud"}),
        "spec": {"saved": {"model": "fraud"}},
    }

    assert reason(seen_with((resources.MODEL_CHECKPOINTS, raw))) == "UnreadableFacts"
    assert reason(seen_with((resources.MODEL_CHECKPOINTS, raw), model="churn")) == ""
