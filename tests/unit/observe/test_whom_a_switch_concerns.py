"""What a change of a switch is about: one that holds hundreds of models is written often, and seldom about all."""

from typing import Any

from lastgood.kube import resources
from lastgood.observe.store import Store

MODELS = ("fraud", "churn", "spam")


def named(name: str, namespace: str = "ml", **metadata: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": namespace,
        "uid": f"{namespace}-{name}",
        "resourceVersion": "1",
        **metadata,
    }


def a_switch(*held: str, generation: int = 1, status: Any = None, **spec: Any) -> dict[str, Any]:
    restore = [{"workload": name, "replicas": 1, "ceiling": 0} for name in held]
    metadata = named("stop", generation=generation)
    return {
        "metadata": metadata,
        "spec": {"engaged": True, "restore": restore, **spec},
        "status": status or {},
    }


def a_store() -> Store:
    store = Store()
    for name in MODELS:
        for namespace in ("ml", "other"):
            store.put(resources.MODEL_DEPLOYMENTS, {"metadata": named(name, namespace), "spec": {}})
    return store


def test_a_new_switch_concerns_what_it_may_select_in_its_namespace() -> None:
    assert a_store().put(resources.KILL_SWITCHES, a_switch()) == {("ml", name) for name in MODELS}


def test_an_entry_concerns_its_own_model_alone() -> None:
    store = a_store()
    store.put(resources.KILL_SWITCHES, a_switch())

    assert store.put(resources.KILL_SWITCHES, a_switch("fraud")) == {("ml", "fraud")}
    assert store.put(resources.KILL_SWITCHES, a_switch()) == {("ml", "fraud")}


def test_the_status_of_a_switch_concerns_nobody() -> None:
    store = a_store()
    store.put(resources.KILL_SWITCHES, a_switch("fraud"))

    assert store.put(resources.KILL_SWITCHES, a_switch("fraud", status={"targets": []})) == set()


def test_a_release_concerns_all() -> None:
    store = a_store()
    store.put(resources.KILL_SWITCHES, a_switch("fraud"))

    assert store.put(resources.KILL_SWITCHES, a_switch("fraud", engaged=False)) == {("ml", n) for n in MODELS}


def test_the_answer_to_a_write_is_kept_unless_a_watch_has_brought_something_newer() -> None:
    store = a_store()
    store.put(resources.KILL_SWITCHES, a_switch(generation=2))
    store.learn(resources.KILL_SWITCHES, a_switch("fraud", generation=3))
    store.put(resources.KILL_SWITCHES, a_switch("fraud", generation=4, engaged=False))
    store.learn(resources.KILL_SWITCHES, a_switch("fraud", "churn", generation=3))

    assert store.switches["ml", "stop"]["spec"]["engaged"] is False
    assert store.switches_on(("ml", "churn")) == set()
    assert store.switches_on(("ml", "fraud")) == {("ml", "stop")}


def test_what_watches_brought_is_found_without_a_search_and_forgotten_with_its_object() -> None:
    store = a_store()
    store.put(resources.KILL_SWITCHES, a_switch("fraud"))
    store.remove(resources.KILL_SWITCHES, a_switch("fraud"))

    assert store.switches_in("ml") == []
    assert store.switches_on(("ml", "fraud")) == set()


def test_a_selector_beside_named_workloads_may_concern_every_model() -> None:
    selector = {"matchLabels": {"team": "payments"}}
    concerned = a_store().put(resources.KILL_SWITCHES, a_switch(selector=selector, workloads=["a"]))

    assert concerned == {("ml", name) for name in MODELS}
    assert a_store().put(resources.KILL_SWITCHES, a_switch(workloads=["fraud"])) == {("ml", "fraud")}
