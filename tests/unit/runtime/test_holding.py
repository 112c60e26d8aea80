"""What a switch holds stays held whatever becomes of its model, and what has to come back is not dropped lightly."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from lastgood.kube import client, errors, resources
from lastgood.observe.store import Store
from lastgood.runtime.holding import Holder

WORKLOAD = ("ml", "fraud")


class Api:
    """An API server with a handful of objects, which takes merge patches and keeps what it was told to scale."""

    def __init__(self, *objects: tuple[resources.Resource, client.Object]) -> None:
        self.objects = {(resource, raw["metadata"]["name"]): raw for resource, raw in objects}
        self.patched: list[str] = []

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
        return raw


def named(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "1"}


def a_deployment() -> client.Object:
    return {"metadata": named("fraud") | {"uid": "d"}, "spec": {"replicas": 2, "template": {}}}


def a_switch(*, engaged: bool) -> client.Object:
    entry = {"workload": "fraud", "model": "fraud", "replicas": 2, "ceiling": 0}
    return {"metadata": named("stop"), "spec": {"engaged": engaged, "reason": "drift", "restore": [entry]}}


def holder_of(api: Api, store: Store) -> Holder:
    return Holder(cluster=cast("Any", api), store=store, may_act=lambda: True)


async def test_a_killed_model_that_does_not_parse_any_more_is_held_all_the_same() -> None:
    deployment = a_deployment()
    api, store = (
        Api((resources.DEPLOYMENTS, deployment), (resources.KILL_SWITCHES, a_switch(engaged=True))),
        Store(),
    )
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": named("fraud"), "spec": {"interval": "soon"}})

    assert await holder_of(api, store).hold(WORKLOAD) is None

    assert deployment["spec"]["replicas"] == 0


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


async def test_a_switch_lets_go_of_a_workload_that_no_model_names() -> None:
    switch = a_switch(engaged=False)
    api = Api((resources.DEPLOYMENTS, a_deployment()), (resources.KILL_SWITCHES, switch))

    assert await holder_of(api, Store()).hold(WORKLOAD) is None

    assert switch["spec"]["restore"] == []
