"""KEDA may be missing, come later, and go again, without an error and without a word (semantics.md, K3)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, cast

import pytest

from lastgood.kube import client, errors, resources
from lastgood.observe.store import Store
from lastgood.runtime.watching import Watcher
from tests.unit.runtime.scaling_server import scaled_object

WORKLOAD = ("ml", "fraud")


class Api:
    """An API server that knows ScaledObjects, or not."""

    def __init__(self) -> None:
        self.fails: errors.ClusterError | None = errors.NotFound("the server could not find the resource")
        self.present: list[client.Object] = []
        self.events: asyncio.Queue[Mapping[str, Any] | errors.ClusterError] = asyncio.Queue()
        self.watches = 0

    async def list(
        self, resource: resources.Resource, namespace: str | None, **_: Any
    ) -> Sequence[client.Object]:
        if resource is not resources.SCALED_OBJECTS:
            return []
        if self.fails is not None:
            raise self.fails
        return self.present

    async def watch(
        self, resource: resources.Resource, namespace: str | None, *, seconds: int
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        self.watches += 1
        if self.fails is not None:
            raise self.fails
        while True:
            event = await self.events.get()
            if isinstance(event, errors.ClusterError):
                raise event
            yield event


class Watching:
    """A watcher of such an API server, with its store."""

    def __init__(self, api: Api) -> None:
        async def tell(resource: resources.Resource, raw: Mapping[str, Any]) -> None:
            pass

        self.store = Store()
        self.watcher = Watcher(
            cluster=cast("client.Cluster", api),
            store=self.store,
            due=lambda *_: None,
            hold=lambda _: None,
            tell=tell,
        )
        self.task = asyncio.create_task(self.watcher.optional.watch(api))

    @property
    def found(self) -> int:
        return len(self.store.autoscalers_of(WORKLOAD))

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def turn() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_without_keda_there_is_no_watch_and_not_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """K3."""
    caplog.set_level(logging.INFO)
    api = Api()
    watching = Watching(api)
    for _ in range(3):
        await watching.watcher.read_all()
        await turn()

    assert (api.watches, caplog.records) == (0, [])
    await watching.end()


async def test_keda_that_is_installed_later_is_seen_with_the_next_full_reading_and_watched_from_then_on() -> (
    None
):
    """K3."""
    api = Api()
    watching = Watching(api)
    await watching.watcher.read_all()
    api.fails = None
    await watching.watcher.read_all()
    await turn()
    assert (watching.found, api.watches) == (0, 1)
    api.events.put_nowait({"type": "ADDED", "object": scaled_object()})
    await turn()
    assert watching.found == 1
    api.events.put_nowait({"type": "DELETED", "object": scaled_object()})
    await turn()
    assert watching.found == 0
    await watching.end()


async def test_keda_that_is_taken_away_is_forgotten_and_asked_for_no_more_than_before() -> None:
    """K3."""
    api = Api()
    api.fails, api.present = None, [scaled_object()]
    watching = Watching(api)
    await watching.watcher.read_all()
    await turn()
    assert watching.found == 1
    api.fails = errors.NotFound("the server could not find the resource")
    api.events.put_nowait(api.fails)
    await turn()
    await watching.watcher.read_all()
    await turn()

    assert (watching.found, api.watches) == (0, 1)
    await watching.end()


async def test_missing_rights_are_told_once_and_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """K3, B2: as with the ClusterRole of an earlier release."""
    api = Api()
    api.fails = errors.Forbidden("scaledobjects.keda.sh is forbidden")
    watching = Watching(api)
    for _ in range(3):
        await watching.watcher.read_all()

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "docs/operations.md" in caplog.text
    await watching.end()


@pytest.mark.looptime
async def test_a_watch_that_breaks_is_begun_anew(looptime: float) -> None:
    api = Api()
    api.fails = None
    watching = Watching(api)
    await watching.watcher.read_all()
    api.events.put_nowait(errors.Unavailable("the connection is gone"))
    api.events.put_nowait({"type": "ADDED", "object": scaled_object()})
    await asyncio.sleep(6)

    assert (watching.found, api.watches) == (1, 2)
    await watching.end()


async def test_an_event_that_cannot_be_read_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """B2."""
    api = Api()
    api.fails = None
    watching = Watching(api)
    await watching.watcher.read_all()
    api.events.put_nowait({"type": "ADDED", "object": {"metadata": {}}})
    api.events.put_nowait({"type": "ADDED", "object": scaled_object()})
    await turn()

    assert watching.found == 1
    assert "cannot be read" in caplog.text
    await watching.end()
