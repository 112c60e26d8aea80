"""Objects of other people, as odd as the API server lets them be: none of them hides the others (rule B2)."""

from typing import Any

from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.store import Store

KEY = ("ml", "fraud")


def named(name: str, **metadata: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "1", **metadata}


def owned_by(kind: str, uid: str, *, name: str) -> list[dict[str, Any]]:
    return [{"kind": kind, "name": name, "uid": uid, "controller": True}]


def a_replica_set(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": named(name, ownerReferences=owned_by("Deployment", "d", name="fraud")), "spec": spec}


def a_pod(name: str, replica_set: str) -> dict[str, Any]:
    return {
        "metadata": named(name, ownerReferences=owned_by("ReplicaSet", replica_set, name=replica_set)),
        "spec": {},
    }


def test_a_container_that_names_its_stop_signal_is_read_like_any_other() -> None:
    container = {"name": "model", "image": "fraud:1", "lifecycle": {"stopSignal": "SIGUSR1"}}
    store = Store()
    store.put(resources.REPLICA_SETS, a_replica_set("r", {"template": {"spec": {"containers": [container]}}}))
    store.put(resources.PODS, a_pod("p", "r"))

    assert [pod.name for pod in store.pods_of(KEY)] == ["p"]


def test_an_object_that_cannot_be_read_leaves_the_others_of_a_full_reading_alone() -> None:
    store = Store()
    store.put(resources.DEPLOYMENTS, {"metadata": named("fraud") | {"uid": "d"}, "spec": {}})
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": named("fraud"), "spec": {}})
    odd = a_replica_set("odd", {"template": {"spec": {"containers": ["not a container"]}}})
    plain = a_replica_set("r", {"template": {"spec": {"containers": []}}})

    concerned = store.sweep(resources.REPLICA_SETS, [odd, plain])
    store.sweep(resources.PODS, [a_pod("p", "r")])

    assert concerned == {KEY}
    assert [pod.name for pod in store.pods_of(KEY)] == ["p"]


def test_pods_of_a_replica_set_that_cannot_be_read_still_count_as_running() -> None:
    store = Store()
    store.sweep(resources.REPLICA_SETS, [a_replica_set("odd", {"template": {"spec": {"containers": [1]}}})])
    store.sweep(resources.PODS, [a_pod("p", "odd")])

    assert [(pod.name, pod.digest) for pod in store.pods_of(KEY)] == [("p", None)]


def test_a_full_reading_leaves_alone_what_a_watch_has_changed_since_it_was_asked_for() -> None:
    store = Store()
    newer = {"metadata": named("switch", resourceVersion="2"), "spec": {"engaged": True}}
    older = {"metadata": named("switch"), "spec": {"engaged": False}}
    created = {"metadata": named("created", resourceVersion="3"), "spec": {"engaged": True}}
    for raw in (newer, created):
        store.put(resources.KILL_SWITCHES, raw)

    store.sweep(resources.KILL_SWITCHES, [older], changed_since={"switch", "created"})

    assert store.switches == {("ml", "switch"): newer, ("ml", "created"): created}


def test_a_full_reading_does_not_bring_back_what_was_deleted_since_it_was_asked_for() -> None:
    store = Store()

    store.sweep(resources.PODS, [a_pod("p", "r")], changed_since={"p"})
    store.sweep(resources.REPLICA_SETS, [a_replica_set("r", {})])

    assert not store.pods_of(KEY)


def test_of_two_autoscalers_of_one_workload_always_the_same_is_seen() -> None:
    store = Store()
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "fraud"}, "maxReplicas": 3}
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": named("fraud"), "spec": {}})
    seen = []
    for name in ("a", "b", "a"):  # a change puts an object behind the others
        store.put(resources.HPAS, {"metadata": named(name), "spec": spec})
        found = snapshot.cached(store, KEY)
        assert found is not None
        assert found.autoscaler is not None
        seen.append(found.autoscaler.name)
    assert seen == ["a", "a", "a"]
