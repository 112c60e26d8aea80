"""What becomes of a ClusterKillSwitch is told on its KillSwitches: it changes where they are released (K2, K9)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from lastgood.api import names
from lastgood.kube import client, errors, resources
from lastgood.observe.store import Key, Store
from lastgood.report.reporter import Reporter
from lastgood.runtime.clusterwide import ClusterSwitches

PARENT = {"metadata": {"name": "pii", "uid": "u"}, "spec": {"engaged": True, "reason": "leak"}}
CHILD = ("ml", "cluster-pii")


class Api:
    """An API server that has one ClusterKillSwitch and no namespace, or none of these kinds for us."""

    def __init__(self, fails: errors.ClusterError | None = None) -> None:
        self.fails = fails
        self.events: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    async def list(self, resource: resources.Resource, *_: Any, **__: Any) -> Sequence[client.Object]:
        if self.fails is not None:
            raise self.fails
        return [PARENT] if resource is resources.CLUSTER_KILL_SWITCHES else []

    async def watch(
        self, resource: resources.Resource, *_: Any, **__: Any
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        while True:
            if resource is not resources.CLUSTER_KILL_SWITCHES:
                await asyncio.Event().wait()
            yield await self.events.get()


class Serving:
    """A standby that serves such an API server, and what it would tell of."""

    def __init__(self, api: Api) -> None:
        self.store = Store()
        labels, notes = {names.LABEL_CAUSE: names.CAUSE_CLUSTER}, {names.ANNOTATION_CLUSTER_SWITCH: "pii"}
        metadata: dict[str, Any] = {
            "namespace": CHILD[0],
            "name": CHILD[1],
            "uid": "c",
            "resourceVersion": "1",
        }
        metadata |= {"labels": labels, "annotations": notes}
        self.store.put(resources.KILL_SWITCHES, {"metadata": metadata, "spec": {"engaged": True}})
        person = {"namespace": "ml", "name": "own", "uid": "p"}
        self.store.put(resources.KILL_SWITCHES, {"metadata": person, "spec": {"engaged": True}})
        self.told: list[Key] = []
        self.switches = ClusterSwitches(
            cluster=cast("client.Cluster", api),
            store=self.store,
            reporter=cast("Reporter", None),
            may_act=lambda: False,
            clock=lambda: datetime.now(UTC),
            switched=self._note,
        )
        self.task = asyncio.create_task(self.switches.run(api))

    def _note(self, keys: Collection[Key]) -> None:
        self.told += keys

    async def told_after(self, api: Api, kind: str, raw: Mapping[str, Any]) -> list[Key]:
        """Let a watch bring an event, and return what is told of then."""
        self.told.clear()
        api.events.put_nowait({"type": kind, "object": raw})
        await turn()
        return self.told


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def serving(api: Api) -> AsyncIterator[Serving]:
    found = Serving(api)
    await turn()
    yield found
    found.task.cancel()
    await asyncio.gather(found.task, return_exceptions=True)


async def turn() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_its_switches_are_told_of_when_it_is_released_engaged_or_deleted(
    api: Api, serving: Serving
) -> None:
    assert serving.told == [CHILD]
    assert serving.store.kept_engaged_by(serving.store.switches[CHILD]) == "pii"
    released = {**PARENT, "spec": {"engaged": False}}

    assert await serving.told_after(api, "MODIFIED", {**PARENT, "status": {}}) == []
    assert await serving.told_after(api, "MODIFIED", released) == [CHILD]
    assert serving.store.kept_engaged_by(serving.store.switches[CHILD]) == ""
    assert await serving.told_after(api, "MODIFIED", PARENT) == [CHILD]
    assert await serving.told_after(api, "DELETED", PARENT) == [CHILD]
    assert serving.store.kept_engaged_by(serving.store.switches[CHILD]) == ""


@pytest.mark.parametrize("api", [Api(errors.Forbidden("no")), Api(errors.NotFound("no such kind"))])
async def test_an_operator_that_may_read_none_serves_none(serving: Serving) -> None:
    assert serving.told == [CHILD]
    assert serving.store.kept_engaged_by(serving.store.switches[CHILD]) == ""


@pytest.mark.parametrize("api", [Api(errors.Unavailable("not now"))])
async def test_while_nobody_answers_it_is_not_known_which_there_are(serving: Serving) -> None:
    assert serving.told == []
    assert serving.store.kept_engaged_by(serving.store.switches[CHILD]) is None
