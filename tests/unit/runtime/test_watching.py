"""A full reading and the watches tell of the same objects at the same time; the newer word counts."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

import pytest

from lastgood.kube import client, errors, resources
from lastgood.observe.store import Key, Store
from lastgood.runtime.watching import FIRST_SWEEP, Watcher


class SlowLists:
    """An API server of which only lists are asked, and where something happens while they are under way."""

    def __init__(self, listed: dict[resources.Resource, list[client.Object]]) -> None:
        self.listed = listed
        self.meanwhile: Callable[[resources.Resource], None] = lambda _: None

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[client.Object]:
        found = list(self.listed.get(resource, ()))
        self.meanwhile(resource)
        return found


async def _nothing(resource: resources.Resource, raw: Mapping[str, Any]) -> None:
    pass


def watcher_of(lists: Any, store: Store) -> Watcher:
    return Watcher(cluster=lists, store=store, due=lambda *_: None, hold=lambda _: None, tell=_nothing)


def a_switch(name: str, *, engaged: bool) -> client.Object:
    return {"metadata": {"name": name, "namespace": "ml", "uid": name}, "spec": {"engaged": engaged}}


def a_deployment(*, replicas: int) -> client.Object:
    metadata = {"name": "m", "namespace": "ml", "uid": "deployment"}
    return {"metadata": metadata, "spec": {"replicas": replicas, "template": {}}}


async def test_a_kill_that_a_watch_tells_of_during_a_full_reading_is_not_forgotten() -> None:
    store = Store()
    lists = SlowLists({resources.KILL_SWITCHES: [a_switch("known", engaged=False)]})
    watcher = watcher_of(lists, store)

    def engage(resource: resources.Resource) -> None:
        if resource is resources.KILL_SWITCHES:
            for name, kind in (("known", "MODIFIED"), ("new", "ADDED")):
                watcher.take(resource, {"type": kind, "object": a_switch(name, engaged=True)})

    lists.meanwhile = engage
    await watcher.read_all()

    assert {name: raw["spec"]["engaged"] for (_, name), raw in store.switches.items()} == {
        "known": True,
        "new": True,
    }


async def test_a_switch_that_is_deleted_during_a_full_reading_stays_deleted_and_a_ghost_goes() -> None:
    store = Store()
    lists = SlowLists({resources.KILL_SWITCHES: [a_switch("deleted", engaged=True)]})
    watcher = watcher_of(lists, store)
    watcher.take(resources.KILL_SWITCHES, {"type": None, "object": a_switch("ghost", engaged=True)})

    def delete(resource: resources.Resource) -> None:
        if resource is resources.KILL_SWITCHES:
            watcher.take(resource, {"type": "DELETED", "object": a_switch("deleted", engaged=True)})

    lists.meanwhile = delete
    await watcher.read_all()

    assert not store.switches


@pytest.mark.parametrize("unseen", ["its model is deleted", "it is scaled up"])
async def test_a_held_workload_is_looked_at_after_what_no_watch_told_of(unseen: str) -> None:
    """K2, K5: nobody else would hold it until the next full reading."""
    store = Store()
    held: list[tuple[Key, int | None, bool]] = []
    model = {"metadata": {"name": "m", "namespace": "ml", "uid": "model"}, "spec": {}}
    switch = a_switch("incident", engaged=True)
    switch["spec"]["workloads"] = ["m"]
    before = [a_deployment(replicas=0)]
    lists = SlowLists({resources.KILL_SWITCHES: [switch], resources.DEPLOYMENTS: before})
    if unseen == "its model is deleted":
        lists.listed[resources.MODEL_DEPLOYMENTS] = [model]

    def hold(workloads: Collection[Key]) -> None:
        replicas = store.deployments["ml", "m"]["spec"]["replicas"] if store.deployments else None
        held.extend((workload, replicas, bool(store.models)) for workload in workloads)

    watcher = Watcher(cluster=cast("Any", lists), store=store, due=lambda *_: None, hold=hold, tell=_nothing)
    await watcher.read_all()
    held.clear()
    if unseen == "its model is deleted":
        del lists.listed[resources.MODEL_DEPLOYMENTS]
    else:
        lists.listed[resources.DEPLOYMENTS] = [a_deployment(replicas=2)]
    await watcher.read_all()

    replicas = store.deployments["ml", "m"]["spec"]["replicas"]
    assert (("ml", "m"), replicas, False) in held


@pytest.mark.looptime
async def test_what_is_deleted_between_the_first_reading_and_the_watches_is_no_ghost_for_long() -> None:
    """A start over a slow API server takes a while, and no watch tells of what was deleted in it."""
    store = Store()
    lists = SlowLists({resources.KILL_SWITCHES: [a_switch("gone", engaged=True)]})
    watcher = watcher_of(lists, store)
    await watcher.read_all()
    lists.listed.clear()

    sweeping = asyncio.create_task(watcher.sweep(300.0))
    await asyncio.sleep(FIRST_SWEEP + 0.1)

    assert not store.switches
    await cancelled(sweeping)


@pytest.mark.looptime
async def test_the_first_sweep_is_tried_again_soon_and_the_others_in_their_time() -> None:
    asked: list[float] = []

    class FailsOnce(SlowLists):
        async def list(self, *about: Any, **more: Any) -> Sequence[client.Object]:
            now = asyncio.get_running_loop().time()
            if now not in asked:
                asked.append(now)
            if len(asked) == 1:
                raise errors.Unavailable("later")
            return await super().list(*about, **more)

    sweeping = asyncio.create_task(watcher_of(FailsOnce({}), Store()).sweep(300.0))
    await asyncio.sleep(700.0)

    assert asked == [FIRST_SWEEP, 2 * FIRST_SWEEP, 2 * FIRST_SWEEP + 300.0, 2 * FIRST_SWEEP + 600.0]
    await cancelled(sweeping)


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Lanes:
    """Notes which changes are urgent."""

    def __init__(self) -> None:
        self.urgent: list[bool] = []
        self.store = Store()
        self.watcher = Watcher(
            cluster=cast("Any", None),
            store=self.store,
            due=lambda _, urgent: self.urgent.append(urgent),
            hold=lambda _: None,
            tell=_nothing,
        )

    def take(self, resource: resources.Resource, **fields: Any) -> bool:
        metadata = {"name": "fraud", "namespace": "ml", "uid": resource.kind, "resourceVersion": "1"}
        metadata |= fields.pop("metadata", {})
        self.watcher.take(resource, {"type": "MODIFIED", "object": {"metadata": metadata, **fields}})
        return self.urgent[-1]


def test_scaling_up_what_is_killed_is_urgent_and_being_at_zero_is_not() -> None:
    """K5, K6: what follows hundreds of kills must not stand in the way of hundreds more."""
    lanes = Lanes()
    assert not lanes.take(resources.DEPLOYMENTS, spec={"replicas": 3}), "nothing is killed yet"
    assert lanes.take(resources.KILL_SWITCHES, spec={"engaged": True, "restore": [{"workload": "fraud"}]})
    assert lanes.take(resources.DEPLOYMENTS, spec={"replicas": 3})
    assert not lanes.take(resources.DEPLOYMENTS, spec={"replicas": 0})


def test_a_model_that_is_killed_by_its_field_is_urgent_when_it_changes_and_not_when_it_is_told_of() -> None:
    """K6, K8."""
    lanes, killed = Lanes(), {"killSwitch": {"engaged": True}}
    assert lanes.take(resources.MODEL_DEPLOYMENTS, spec=killed, metadata={"generation": 2}), "just seen"
    assert not lanes.take(
        resources.MODEL_DEPLOYMENTS, spec=killed, metadata={"generation": 2}, status={"state": "Stopping"}
    )
    assert lanes.take(resources.MODEL_DEPLOYMENTS, spec=killed, metadata={"generation": 3})
    assert lanes.take(
        resources.MODEL_DEPLOYMENTS, spec=killed, metadata={"generation": 3, "labels": {"team": "payments"}}
    )
