"""Looking at the ConfigMaps that models use: seldom, only those, and only what is new (semantics.md, O7)."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from lastgood.kube import client, errors, resources
from lastgood.observe.contents import Contents
from lastgood.observe.store import Key, Store

MODEL = ("ml", "fraud")


class ApiServer:
    """ConfigMaps of one namespace, and what was asked."""

    def __init__(self, **data: dict[str, str]) -> None:
        self.data = data
        self.versions = dict.fromkeys(data, 1)
        self.asked: list[str] = []
        self.down: errors.ClusterError | None = None

    def write(self, name: str, **data: str) -> None:
        self.data[name] = data
        self.versions[name] = self.versions.get(name, 0) + 1

    def delete(self, name: str) -> None:
        del self.data[name], self.versions[name]

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        assert (resource, namespace) == (resources.CONFIG_MAPS, "ml")
        self.asked.append(f"get {name}")
        if name not in self.data:
            raise errors.NotFound(name)
        return {"metadata": self._metadata(name), "data": self.data[name]}

    async def list_metadata(self, resource: resources.Resource, namespace: str) -> Sequence[client.Object]:
        assert (resource, namespace) == (resources.CONFIG_MAPS, "ml")
        self.asked.append("list")
        if self.down is not None:
            raise self.down
        return [{"metadata": self._metadata(name)} for name in self.data]

    def _metadata(self, name: str) -> dict[str, str]:
        return {"name": name, "resourceVersion": str(self.versions[name])}


def deployment(*config_maps: str, template: Any = None) -> dict[str, Any]:
    sources = [{"configMapRef": {"name": name}} for name in config_maps]
    spec = {"containers": [{"name": "model", "image": "fraud:1", "envFrom": sources}]}
    return {
        "metadata": {"namespace": "ml", "name": "fraud", "uid": "d", "resourceVersion": "1"},
        "spec": {"template": {"spec": spec} if template is None else template},
    }


def looking(server: ApiServer, *config_maps: str) -> tuple[Contents, Store, list[set[Key]]]:
    store, due = Store(), list[set[Key]]()
    metadata = {"namespace": "ml", "name": "fraud", "uid": "m", "resourceVersion": "1"}
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": {}})
    store.put(resources.DEPLOYMENTS, deployment(*config_maps))

    def note(keys: Collection[Key]) -> None:
        due.append(set(keys))

    return Contents(cluster=server, store=store, due=note), store, due


async def test_what_a_model_uses_is_read_once_and_again_only_when_it_has_changed() -> None:
    server = ApiServer(settings={"a": "1"}, others={"b": "2"})
    contents, store, due = looking(server, "settings")
    await contents.look()
    first = dict(store.contents["ml"])
    assert (list(first), due) == (["settings"], [{MODEL}])
    assert server.asked == ["list", "get settings"]

    await contents.look()
    assert server.asked[2:] == ["list"]
    server.write("settings", a="2")
    await contents.look()
    assert server.asked[3:] == ["list", "get settings"]
    assert store.contents["ml"] != first
    assert due == [{MODEL}, {MODEL}]


async def test_a_change_that_leaves_the_content_as_it_was_is_none() -> None:
    server = ApiServer(settings={"a": "1"})
    contents, _, due = looking(server, "settings")
    await contents.look()
    server.write("settings", a="1")
    await contents.look()

    assert len(due) == 1


async def test_one_that_is_missing_or_deleted_is_empty_and_comes_back_as_it_was() -> None:
    server = ApiServer(settings={"a": "1"})
    contents, store, due = looking(server, "settings", "missing")
    await contents.look()
    before = store.contents["ml"]
    assert before["missing"] == ""
    server.delete("settings")
    await contents.look()
    assert store.contents["ml"] == {"settings": "", "missing": ""}
    server.write("settings", a="1")
    await contents.look()

    assert store.contents["ml"] == before
    assert len(due) == 3


async def test_a_namespace_where_no_model_uses_any_is_not_asked_for_and_forgotten() -> None:
    server = ApiServer(settings={"a": "1"})
    contents, store, _ = looking(server, "settings")
    await contents.look()
    store.put(resources.DEPLOYMENTS, deployment())
    server.asked.clear()
    await contents.look()

    assert (server.asked, store.contents) == ([], {})


async def test_an_api_server_that_refuses_is_told_of_once_and_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = ApiServer(settings={"a": "1"})
    contents, store, due = looking(server, "settings")
    await contents.look()
    before = store.contents["ml"]
    server.down = errors.Forbidden("configmaps is forbidden")
    with caplog.at_level(logging.WARNING):
        await contents.look()
        await contents.look()

    assert (store.contents["ml"], len(due)) == (before, 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_deployment_that_cannot_be_read_hides_no_other() -> None:
    """B2."""
    server = ApiServer(settings={"a": "1"})
    contents, store, _ = looking(server, "settings")
    odd = deployment(template={"spec": {"containers": "none"}})
    odd["metadata"] |= {"name": "odd", "uid": "o"}
    metadata = {"namespace": "ml", "name": "odd", "uid": "n", "resourceVersion": "1"}
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": {}})
    store.put(resources.DEPLOYMENTS, odd)
    await contents.look()

    assert list(store.contents["ml"]) == ["settings"]
