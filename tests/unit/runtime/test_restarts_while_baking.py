"""Bake time that Prometheus and the pods vouch for survives a restart, and no other (rules J6, O3)."""

from datetime import datetime, timedelta

from lastgood.api.timestamps import written
from lastgood.kube import resources
from tests.unit.runtime.lives import BEGIN, KEY, MINUTE, Kept, Life, always_fine


def baking(life: Life, *ready_since: datetime) -> None:
    """Make the version Unproven, with pods of its own that are ready since then."""
    raw = life.store.checkpoints[KEY]
    metadata = {**raw["metadata"], "resourceVersion": "9"}
    spec = {**raw["spec"], "verdict": {"value": "Unproven", "reason": "Served"}}
    life.store.put(resources.MODEL_CHECKPOINTS, {"metadata": metadata, "spec": spec})
    deployment = life.store.deployments[KEY]
    metadata = deployment["metadata"]
    owner = {"kind": "Deployment", "name": metadata["name"], "controller": True, "uid": metadata["uid"]}
    template = deployment["spec"]["template"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), len(ready_since))
    life.store.put(
        resources.DEPLOYMENTS,
        {
            "metadata": {**deployment["metadata"], "resourceVersion": "9"},
            "spec": {**deployment["spec"], "replicas": len(ready_since)},
            "status": {**deployment["status"], **counts},
        },
    )
    life.store.put(
        resources.REPLICA_SETS,
        {
            "metadata": {
                "name": "rs",
                "namespace": "ml",
                "uid": "rs",
                "resourceVersion": "1",
                "ownerReferences": [owner],
            },
            "spec": {"template": template},
        },
    )
    owner = {"kind": "ReplicaSet", "name": "rs", "controller": True, "uid": "rs"}
    for number, since in enumerate(ready_since):
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": written(since)}
        pod = {
            "name": f"pod-{number}",
            "namespace": "ml",
            "uid": f"pod-{number}",
            "resourceVersion": "1",
            "ownerReferences": [owner],
        }
        status = {"phase": "Running", "conditions": [ready]}
        life.store.put(resources.PODS, {"metadata": pod, "spec": {}, "status": status})


async def bakes(life: Life, *, restart_every: int, looks: int) -> timedelta:
    for count in range(1, looks):
        await life.look()
        if count % restart_every == 0 and count < looks - 1:
            life.restart()
    assert life.memory.fine is not None
    return life.memory.fine.lasted


async def test_an_operator_that_is_restarted_every_hour_ends_a_bake_of_two_hours() -> None:
    life = Life(Kept(always_fine), bake="2h", **{"for": "1m"})
    baking(life, BEGIN - timedelta(hours=1))
    steady = await bakes(life, restart_every=240, looks=490)

    assert steady >= timedelta(hours=2)
    # An hour before the first look the pod was ready already; more than that nobody can know of.
    assert steady <= timedelta(hours=1) + (life.now - BEGIN)


async def test_only_time_that_the_data_calls_ok_bakes() -> None:
    def half(query: str, at: datetime) -> float | None:
        minute = (at - BEGIN) // MINUTE
        return 0.0 if minute % 2 == 0 else None if minute % 4 == 1 else 0.9

    life = Life(Kept(half), bake="2h", onNoData="Ignore", onBreach="Hold", clearFor="0s")
    baking(life, BEGIN)
    await life.look(after=timedelta(hours=1))

    assert life.memory.fine is not None
    assert timedelta(minutes=20) <= life.memory.fine.lasted <= timedelta(minutes=30)


async def test_time_before_the_youngest_pod_was_ready_bakes_nothing() -> None:
    life = Life(Kept(always_fine), bake="2h")
    baking(life, BEGIN - timedelta(hours=1), BEGIN + timedelta(minutes=50))
    await life.look(after=timedelta(hours=1))

    assert life.memory.fine is not None
    assert timedelta(minutes=9) <= life.memory.fine.lasted <= timedelta(minutes=10)


async def test_time_before_its_config_maps_held_something_else_bakes_nothing() -> None:
    """O7."""
    life = Life(Kept(always_fine), bake="2h")
    baking(life, BEGIN)
    raw = life.store.checkpoints[KEY]
    refs = [{"kind": "ConfigMap", "name": "settings", "hash": "1"}]
    config = {"refs": refs, "changedAt": written(BEGIN + timedelta(minutes=50))}
    metadata = {**raw["metadata"], "resourceVersion": "10"}
    life.store.put(
        resources.MODEL_CHECKPOINTS, {"metadata": metadata, "spec": {**raw["spec"], "config": config}}
    )
    await life.look(after=timedelta(hours=1))

    assert life.memory.fine is not None
    assert timedelta(minutes=9) <= life.memory.fine.lasted <= timedelta(minutes=10)


async def test_time_in_which_prometheus_did_not_answer_bakes_nothing_whatever_it_kept_of_it() -> None:
    """O3, K9: Blind pauses a bake, with the first look at a version as with any other."""
    life = Life(Kept(always_fine), bake="2h")
    baking(life, BEGIN)
    life.kept.away = True
    for _ in range(40):
        assert await life.look() == "Blind"
    life.kept.away = False
    await life.look()
    assert life.memory.fine is not None
    assert life.memory.fine.lasted == timedelta(0)
    await life.look(after=MINUTE / 2)
    assert life.memory.fine.lasted == MINUTE / 2


async def test_time_before_an_outage_that_a_restart_falls_into_is_recalled_after_it() -> None:
    """O3, J6."""
    life = Life(Kept(always_fine), bake="2h")
    baking(life, BEGIN)
    life.kept.away = True
    await life.look(after=timedelta(minutes=50))
    for _ in range(40):
        await life.look()
    life.kept.away = False
    await life.look()
    assert life.memory.fine is not None
    assert timedelta(minutes=48) <= life.memory.fine.lasted <= timedelta(minutes=50)
