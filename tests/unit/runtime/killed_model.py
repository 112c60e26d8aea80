"""A killed model that somebody has scaled up, on an API server that notes each write, and a driver that looks at it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.decide import view
from lastgood.decide.decision import Decision
from lastgood.kube import client, errors, resources
from lastgood.observe.store import Store
from lastgood.runtime.driving import Driver
from lastgood.runtime.memory import Memory

KEY = ("ml", "fraud")
PODS = {"metadata": {}, "spec": {"containers": [{"name": "model", "image": "fraud:1"}]}}
HELD = {"workload": "fraud", "model": "fraud", "replicas": 3, "ceiling": 0}


def metadata(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": f"{kind}-1", "resourceVersion": "1", "generation": 1}


class Server:
    """An API server with a killed model that somebody has scaled up, and a note of each write."""

    def __init__(self, *, restore: list[dict[str, Any]], replicas: int) -> None:
        self.writes: list[tuple[str, Any]] = []
        self.lists: list[resources.Resource] = []
        self.lists_before_writing: list[resources.Resource] = []
        self.model = {"metadata": metadata("fraud", "model"), "spec": {"workloadRef": {"name": "fraud"}}}
        self.deployment = {
            "metadata": metadata("fraud", "deployment"),
            "spec": {"replicas": replicas, "template": PODS},
        }
        self.switch = {"metadata": metadata("stop", "switch"), "spec": {"engaged": True, "restore": restore}}

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        found = {resources.MODEL_DEPLOYMENTS: self.model, resources.DEPLOYMENTS: self.deployment}
        if resource not in found:
            raise errors.NotFound(f"{resource.kind} {name} is not there")
        return {**found[resource], "kind": resource.kind}

    async def list(
        self, resource: resources.Resource, namespace: str | None, **_: Any
    ) -> list[client.Object]:
        self.lists.append(resource)
        if not self.writes:
            self.lists_before_writing.append(resource)
        return [{**self.switch, "kind": "KillSwitch"}] if resource is resources.KILL_SWITCHES else []

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        raise AssertionError(f"created {resource.kind}")

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: Any, **_: Any
    ) -> client.Object:
        self.writes.append((resource.kind, body["spec"]))
        self.deployment["spec"] = {**self.deployment["spec"], **body["spec"]}
        self.deployment["metadata"] = {**self.deployment["metadata"], "resourceVersion": "2"}
        return self.deployment


class Process:
    """A process that holds the lease, or does not."""

    def __init__(self, *, leads: bool) -> None:
        self.leads = leads

    def may_act(self) -> bool:
        return self.leads


class Silent:
    """Tells nobody anything."""

    def __init__(self, *, records: bool) -> None:
        self._records = records

    def recorded(self, key: tuple[str, str], decision: Decision) -> None:
        assert self._records, f"recorded {decision}"

    def forget(self, key: tuple[str, str]) -> None:
        raise AssertionError("the model is there")


class Looking:
    """A driver whose watches have told it what the server holds now, with a clock that the test turns."""

    def __init__(self, server: Server, *, leads: bool = False, records: bool = False) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        store = Store()
        store.put(resources.KILL_SWITCHES, server.switch)
        store.put(resources.DEPLOYMENTS, server.deployment)
        store.put(resources.MODEL_DEPLOYMENTS, server.model)
        self.memory = Memory()
        self.leads = leads
        self.driver = Driver(
            cluster=server,
            store=store,
            actor=Process(leads=leads),
            reports=Silent(records=records),
            settings=view.Settings(),
            clock=lambda: self.now,
        )

    async def drive(self) -> timedelta | None:
        outcome = await self.driver.drive(KEY, self.memory)
        assert self.leads or outcome.told is None, "only the leader tells"
        return outcome.again_in
