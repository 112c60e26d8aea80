"""Two operators, each of its own namespaces, tell of one ClusterKillSwitch and come to rest (F2, K2)."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, cast

import pytest

from lastgood.api import names
from lastgood.kube import client, resources
from lastgood.observe.store import Store
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from lastgood.runtime.clusterwide import ClusterSwitches
from tests.unit.report.building import NOON, brief

pytestmark = pytest.mark.looptime
NAMESPACES: Final = ("lab", "ml")


class Api:
    """An API server with two namespaces, and a ClusterKillSwitch whose status it keeps and tells of."""

    def __init__(self, selector: Mapping[str, str] | None) -> None:
        spec: dict[str, Any] = {"engaged": True, "reason": "leak"}
        if selector is not None:
            spec["namespaceSelector"] = {"matchLabels": dict(selector)}
        self.parent: dict[str, Any] = {"metadata": {"name": "pii", "uid": "u", "generation": 1}, "spec": spec}
        self._bump()
        self.watchers: list[asyncio.Queue[Mapping[str, Any]]] = []
        self.writes = 0

    def _bump(self) -> None:
        metadata = self.parent["metadata"]
        self.parent = {
            **self.parent,
            "metadata": {**metadata, "resourceVersion": metadata.get("resourceVersion", "") + "1"},
        }

    async def list(self, resource: resources.Resource, *_: Any, **__: Any) -> Sequence[client.Object]:
        if resource is resources.CLUSTER_KILL_SWITCHES:
            return [self.parent]
        return [{"metadata": {"name": name, "labels": {"name": name}}} for name in NAMESPACES]

    async def watch(
        self, resource: resources.Resource, *_: Any, **__: Any
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        events: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        if resource is resources.CLUSTER_KILL_SWITCHES:
            self.watchers.append(events)
        while True:
            yield await events.get()

    async def patch(self, resource: resources.Resource, *asked: Any, **_: Any) -> client.Object:
        assert resource is resources.CLUSTER_KILL_SWITCHES, "and everything else is there already"
        self.writes += 1
        self.parent = {**self.parent, "status": {**self.parent.get("status", {}), **asked[2]["status"]}}
        self._bump()
        for each in self.watchers:
            each.put_nowait({"type": "MODIFIED", "object": self.parent})
        return self.parent

    @property
    def told(self) -> tuple[str, str]:
        return brief(self.parent["status"], "Engaged"), brief(self.parent["status"], "Verified")


def child(namespace: str, *, left: int) -> dict[str, Any]:
    """The KillSwitch in one namespace, of which so many pods are left."""
    metadata = {
        "namespace": namespace,
        "name": "cluster-pii",
        "uid": namespace,
        "generation": 1,
        "resourceVersion": "1",
        "labels": {names.LABEL_CAUSE: names.CAUSE_CLUSTER},
        "annotations": {names.ANNOTATION_CLUSTER_SWITCH: "pii", names.ANNOTATION_CLUSTER_SWITCH_UID: "u"},
    }
    targets = [{"workload": "m", "podsRemaining": left}]
    status = {"observedGeneration": 1, "targets": targets}
    return {"metadata": metadata, "spec": {"engaged": True, "reason": "leak"}, "status": status}


async def run_two(api: Api, *, seconds: float) -> None:
    """Let an operator of each namespace serve the ClusterKillSwitch; one has stopped all, the other has not."""
    tasks = []
    for left, namespace in enumerate(NAMESPACES):
        store, cluster = Store(), cast("client.Cluster", api)
        store.put(resources.KILL_SWITCHES, child(namespace, left=left))
        reporter = Reporter(
            cluster=cluster, store=store, metrics=Metrics(), may_act=lambda: True, instance=namespace
        )
        switches = ClusterSwitches(
            cluster=cluster,
            store=store,
            reporter=reporter,
            may_act=lambda: True,
            clock=lambda: NOON,
            namespaces=(namespace,),
        )
        tasks.append(asyncio.create_task(switches.run(api)))
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_neither_sees_whole_both_tell_alike_and_no_more_than_once() -> None:
    """F2: and K4, as what one of them counts to zero is not all that there is."""
    api = Api(None)
    await run_two(api, seconds=60)
    assert api.told == ("True/Engaged", "Unknown/NotAllSeen")
    assert api.writes <= len(NAMESPACES), "both may have written before either had seen that"


@pytest.mark.parametrize(("namespace", "told"), [("lab", "True/NoPodsLeft"), ("ml", "Unknown/Stopping")])
async def test_what_one_of_them_sees_whole_that_one_tells(namespace: str, told: str) -> None:
    """F2, K4."""
    api = Api({"name": namespace})
    await run_two(api, seconds=60)
    assert api.told == ("True/Engaged", told)
    assert api.writes == 1
    assert [each["namespace"] for each in api.parent["status"]["targets"]] == [namespace]
