"""What a switch holds stays held whatever becomes of its model, and what has to come back is not dropped lightly."""

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from lastgood.kube import client, errors, resources
from lastgood.observe.store import Store
from lastgood.runtime.holding import Holder

WORKLOAD = ("ml", "fraud")


class Api:
    """An API server with a handful of objects, which takes merge patches and keeps what it was told to scale."""

    def __init__(self, *objects: tuple[resources.Resource, client.Object]) -> None:
        self.objects = {(resource, raw["metadata"]["name"]): raw for resource, raw in objects}
        self.patched: list[str] = []
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        try:
            return self.objects[resource, name]
        except KeyError:
            raise errors.NotFound(f"{name} not found") from None

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[client.Object]:
        return [raw for (kind, _), raw in self.objects.items() if kind is resource]

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: client.Object,
        *,
        subresource: str | None = None,
    ) -> client.Object:
        self.patched.append(f"{resource.kind} {name}")
        raw = self.objects[resource, name]
        raw["spec"] = {**raw["spec"], **body["spec"]}
        noted = body.get("metadata", {}).get("annotations")
        raw["metadata"] = {**raw["metadata"], "resourceVersion": str(len(self.patched) + 1)} | (
            {"annotations": noted} if noted else {}
        )
        return raw


def named(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "1"}


def a_deployment() -> client.Object:
    return {"metadata": named("fraud") | {"uid": "d"}, "spec": {"replicas": 2, "template": {}}}


def a_model() -> client.Object:
    return {"metadata": named("fraud") | {"uid": "m"}, "spec": {"workloadRef": {"name": "fraud"}}}


def a_switch(*, engaged: bool) -> client.Object:
    entry = {"workload": "fraud", "model": "fraud", "replicas": 2, "ceiling": 0}
    return {"metadata": named("stop"), "spec": {"engaged": engaged, "reason": "drift", "restore": [entry]}}


def holder_of(api: Api, store: Store) -> Holder:
    for (resource, _), raw in api.objects.items():
        if resource is not resources.MODEL_DEPLOYMENTS:
            store.put(resource, copy.deepcopy(raw))
    return Holder(cluster=cast("Any", api), store=store, may_act=lambda: True, clock=lambda: api.now)


async def test_a_killed_model_that_does_not_parse_any_more_is_held_all_the_same() -> None:
    deployment = a_deployment()
    api, store = (
        Api((resources.DEPLOYMENTS, deployment), (resources.KILL_SWITCHES, a_switch(engaged=True))),
        Store(),
    )
    store.put(
        resources.MODEL_DEPLOYMENTS,
        {"metadata": named("fraud"), "spec": {"workloadRef": {"kind": "Deployment"}}},
    )

    assert await holder_of(api, store).hold(WORKLOAD) is None

    assert deployment["spec"]["replicas"] == 0


async def test_a_killed_workload_whose_model_was_deleted_unseen_is_held_at_once() -> None:
    """K2: no watch has told that the model is gone; who looks asks the API server."""
    deployment = a_deployment()
    api, store = (
        Api((resources.DEPLOYMENTS, deployment), (resources.KILL_SWITCHES, a_switch(engaged=True))),
        Store(),
    )
    store.put(resources.MODEL_DEPLOYMENTS, a_model())

    assert await holder_of(api, store).hold(WORKLOAD) is None

    assert deployment["spec"]["replicas"] == 0


async def test_a_killed_workload_whose_model_is_there_is_left_to_what_that_decides() -> None:
    api = Api(
        (resources.DEPLOYMENTS, a_deployment()),
        (resources.KILL_SWITCHES, a_switch(engaged=True)),
        (resources.MODEL_DEPLOYMENTS, a_model()),
    )
    store = Store()
    store.put(resources.MODEL_DEPLOYMENTS, a_model())

    assert await holder_of(api, store).hold(WORKLOAD) is None

    assert api.patched == []


async def test_a_model_that_the_watch_has_not_brought_yet_keeps_what_has_to_come_back() -> None:
    switch = a_switch(engaged=False)
    api = Api(
        (resources.DEPLOYMENTS, a_deployment()),
        (resources.KILL_SWITCHES, switch),
        (resources.MODEL_DEPLOYMENTS, {"metadata": named("fraud"), "spec": {}}),
    )

    assert await holder_of(api, Store()).hold(WORKLOAD) is None

    assert api.patched == []
    assert switch["spec"]["restore"]


async def test_a_model_that_is_created_while_switches_let_go_keeps_what_the_next_one_holds() -> None:
    """K2: what comes back is dropped switch by switch, and only as long as no model speaks for it."""
    first, second = a_switch(engaged=False), a_switch(engaged=False)
    second["metadata"] = named("stop-too")

    class Busy(Api):
        async def patch(self, *args: Any, **how: Any) -> client.Object:
            model = {"metadata": named("fraud"), "spec": {}}
            self.objects[resources.MODEL_DEPLOYMENTS, "fraud"] = model
            store.put(resources.MODEL_DEPLOYMENTS, model)
            return await super().patch(*args, **how)

    store = Store()
    api = Busy(
        (resources.DEPLOYMENTS, a_deployment()),
        (resources.KILL_SWITCHES, first),
        (resources.KILL_SWITCHES, second),
    )

    assert await holder_of(api, store).hold(WORKLOAD) is None

    assert first["spec"]["restore"] == []
    assert second["spec"]["restore"]


async def test_a_model_that_is_created_while_the_switch_is_read_again_keeps_what_it_holds() -> None:
    """K2, K9: found by seed 30612: the write met a status that had just been written, and was made seconds later.

    The model was on its way back by then, and stayed at one replica, with its autoscaler held at one, for ever.
    """
    switch = a_switch(engaged=False)

    class Busy(Api):
        async def patch(self, *args: Any, **how: Any) -> client.Object:
            if self.patched:
                return await super().patch(*args, **how)
            self.patched.append("refused")
            self.objects[resources.MODEL_DEPLOYMENTS, "fraud"] = {"metadata": named("fraud"), "spec": {}}
            raise errors.Conflict("its status was written meanwhile")

    api = Busy((resources.DEPLOYMENTS, a_deployment()), (resources.KILL_SWITCHES, switch))

    assert await holder_of(api, Store()).hold(WORKLOAD) is None

    assert switch["spec"]["restore"]


async def test_a_switch_lets_go_of_a_workload_that_no_model_names() -> None:
    switch = a_switch(engaged=False)
    api = Api((resources.DEPLOYMENTS, a_deployment()), (resources.KILL_SWITCHES, switch))

    assert await holder_of(api, Store()).hold(WORKLOAD) is None

    assert switch["spec"]["restore"] == []


async def test_a_workload_that_is_left_with_fewer_replicas_than_before_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P2: its model was deleted in probation, so that nobody knows whether more would do well."""
    switch = a_switch(engaged=False)
    switch["spec"]["restore"][0] |= {"replicas": 5, "ceiling": 2}
    deployment = a_deployment()
    deployment["spec"]["replicas"] = 2
    api = Api((resources.DEPLOYMENTS, deployment), (resources.KILL_SWITCHES, switch))

    assert await holder_of(api, Store()).hold(WORKLOAD) is None

    assert deployment["spec"]["replicas"] == 2
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [
        (
            "Deployment ml/fraud is left at 2 of 5 replicas, for no ModelDeployment speaks for it: scale it up when "
            "you think it right"
        )
    ]


async def test_what_a_service_selected_is_noted_where_its_traffic_is_left_with_a_fallback() -> None:
    """P2, K2: the model is gone and at zero, so the fallback serves on; how to put it back is not lost."""
    switch = a_switch(engaged=False)
    switch["spec"]["restore"][0]["traffic"] = {"service": "front", "selector": {"app": "fraud"}}
    api = Api((resources.DEPLOYMENTS, a_deployment()), (resources.KILL_SWITCHES, switch))

    assert await holder_of(api, Store()).hold(WORKLOAD) is None

    assert switch["spec"]["restore"] == []
    ((name, note),) = switch["metadata"]["annotations"].items()
    assert name.startswith("lastgood.dev/left.")
    assert json.loads(note) == {"workload": "fraud", "service": "front", "selector": {"app": "fraud"}}
    assert api.patched == ["KillSwitch stop"], "one write: the note is there when the entry goes"


async def test_who_scales_up_what_no_model_speaks_for_is_undone_ten_times_at_once_then_once_a_second() -> (
    None
):
    """K5: held is held, whether a model speaks for a workload or not."""
    deployment = a_deployment()
    api = Api((resources.DEPLOYMENTS, deployment), (resources.KILL_SWITCHES, a_switch(engaged=True)))
    holder = holder_of(api, Store())
    waits = []
    for _ in range(13):
        deployment["spec"]["replicas"] = 2
        waits.append(await holder.hold(WORKLOAD))
        undone = deployment["spec"]["replicas"] == 0
        assert undone is (waits[-1] is None)
        api.now += waits[-1] or timedelta(0)

    assert waits[:11] == [None] * 11
    assert waits[11] == timedelta(seconds=1)
    assert waits[12] is None


async def test_what_is_at_rest_is_not_read_again() -> None:
    """F4: the watches say whether there may be something to do; nothing is asked while there is not."""
    deployment = a_deployment()
    deployment["spec"]["replicas"] = 0
    api = Api((resources.DEPLOYMENTS, deployment), (resources.KILL_SWITCHES, a_switch(engaged=True)))
    holder = holder_of(api, Store())
    api.objects.clear()

    assert await holder.hold(WORKLOAD) is None
