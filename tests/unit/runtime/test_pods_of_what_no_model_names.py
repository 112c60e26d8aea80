"""That no pod is left of what a switch names itself is read afresh before it is told (semantics.md, K4)."""

from datetime import UTC, datetime
from typing import Any

from lastgood.kube import client, errors, resources
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from lastgood.runtime.holding import LOOK_AGAIN, Holder
from tests.unit.runtime.scaling_server import NAMESPACE, Server, metadata

KEY = (NAMESPACE, "fraud")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Api(Server):
    """A server on which a Deployment that a switch names, and no model, is at zero; it keeps the switch's status."""

    def __init__(self) -> None:
        super().__init__()
        self.status: dict[str, Any] = {}
        self.told: list[str] = []
        self.objects["Deployment", "fraud"]["spec"]["replicas"] = 0
        entry = {"workload": "fraud", "replicas": 3, "ceiling": 0}
        self.objects["KillSwitch", "stop"]["spec"] = {
            "engaged": True,
            "workloads": ["fraud"],
            "restore": [entry],
        }

    def runs_a_pod(self) -> None:
        """Let a pod run of which no watch tells."""
        for kind, name, owner, uid in (
            ("ReplicaSet", "rs", "Deployment", "deployment-fraud"),
            ("Pod", "pod", "ReplicaSet", "set-rs"),
        ):
            owned = [{"kind": owner, "name": "fraud" if kind == "ReplicaSet" else "rs", "uid": uid}]
            owned[0] |= {"controller": True}  # type: ignore[dict-item]  # as Kubernetes says it
            made = metadata(name, "set" if kind == "ReplicaSet" else "pod", ownerReferences=owned)
            self.objects[kind, name] = {"kind": kind, "metadata": made, "spec": {"template": {}}}

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: Any, **how: Any
    ) -> client.Object:
        if how.get("subresource") != "status":
            return await super().patch(resource, namespace, name, body, **how)
        self.status = {**self.status, **body["status"]}
        (verified,) = (each for each in self.status["conditions"] if each["type"] == "Verified")
        self.told.append(verified["status"])
        return {"status": self.status}


class Process:
    """The holder of one process and its reporter, on what watches have brought by its start."""

    def __init__(self, server: Api) -> None:
        self._server, self.store = server, server.store()
        cluster: Any = server
        self.holder = Holder(cluster=cluster, store=self.store, may_act=lambda: True, clock=lambda: NOW)
        self._reporter = Reporter(
            cluster=cluster, store=self.store, metrics=Metrics(), may_act=lambda: True, instance="i"
        )

    async def tell(self) -> None:
        raw = self.store.switches[NAMESPACE, "stop"]
        switch = self.store.parsed_switch(raw)
        assert switch is not None
        await self._reporter.report_switch(NAMESPACE, switch, {**raw, "status": self._server.status}, NOW)


async def test_a_switch_is_verified_once_it_was_read_that_no_pod_is_left() -> None:
    """K4."""
    server = Api()
    process = Process(server)
    await process.tell()
    assert await process.holder.hold(KEY) is None
    await process.tell()
    assert server.told == ["Unknown", "True"]


async def test_a_pod_of_which_no_watch_tells_keeps_a_switch_from_being_verified() -> None:
    """K4: it is looked for again until it has ended."""
    server = Api()
    server.runs_a_pod()
    process = Process(server)
    assert await process.holder.hold(KEY) == LOOK_AGAIN
    await process.tell()
    del server.objects["Pod", "pod"]
    assert await process.holder.hold(KEY) is None
    await process.tell()
    assert server.told == ["Unknown", "True"]


async def test_pods_that_cannot_be_read_are_tried_again() -> None:
    """K4, B1."""
    server = Api()
    server.unread["Pod"] = errors.Forbidden("LIST pods: not allowed")
    process = Process(server)
    assert await process.holder.hold(KEY) is not None
    await process.tell()
    assert server.told == ["Unknown"]


async def test_whoever_scales_it_up_since_unmakes_what_was_read() -> None:
    """K4, K5."""
    server = Api()
    process = Process(server)
    await process.holder.hold(KEY)
    await process.tell()
    raw = server.objects["Deployment", "fraud"]
    raw["metadata"]["generation"] = 2
    process.store.put(resources.DEPLOYMENTS, raw)
    assert not process.store.is_read_empty(KEY)


async def test_a_process_that_starts_does_not_unsay_what_one_before_it_has_told() -> None:
    """K4, F2: nothing is written, before it is read anew and after."""
    server = Api()
    first = Process(server)
    await first.holder.hold(KEY)
    await first.tell()
    assert server.told == ["True"]

    second = Process(server)
    await second.tell()
    await second.holder.hold(KEY)
    await second.tell()
    assert server.told == ["True"]
