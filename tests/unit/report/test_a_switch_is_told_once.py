"""How far a switch is, is put together again only where something of it has changed, and then always."""

from typing import Any

import pytest

from lastgood.decide import facts
from lastgood.kube import errors, resources
from lastgood.kube.client import Object
from lastgood.observe.store import Store
from lastgood.report import switches
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from tests.unit.report.building import after

SWITCH = facts.Switch(name="s", engaged=True, cause=facts.Cause.PERSON, reason="leak", workloads=("m",))


class Telling:
    """A reporter on the store, and an API server that keeps the status of one switch."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {}
        self.refuses = False
        self.store = Store()
        cluster: Any = self
        self.reporter = Reporter(
            cluster=cluster, store=self.store, metrics=Metrics(), may_act=lambda: True, instance="i"
        )
        self._put(resources.DEPLOYMENTS, "m", None)
        self._put(resources.REPLICA_SETS, "rs", ("Deployment", "m"))
        self.pod = self._put(resources.PODS, "p", ("ReplicaSet", "rs"))

    async def patch(self, *asked: Any, **_: object) -> Object:
        if self.refuses:
            raise errors.Unavailable("not now")
        body = asked[3]
        self.status = {**self.status, **body["status"]}
        return {"status": self.status}

    def _put(self, resource: resources.Resource, name: str, owner: tuple[str, str] | None) -> Object:
        owners = [{"kind": owner[0], "name": owner[1], "uid": owner[1], "controller": True}] if owner else []
        metadata = {"namespace": "ml", "name": name, "uid": name, "ownerReferences": owners}
        raw = {"metadata": metadata, "spec": {"template": {}}}
        self.store.put(resource, raw)
        return raw

    async def tell(self, at: float, *, generation: int = 1) -> str:
        """Report, and return why the switch is verified or not."""
        raw = {"metadata": {"uid": "s-uid", "generation": generation}, "status": self.status}
        await self.reporter.report_switch("ml", SWITCH, raw, after(at))
        verified = (each for each in self.status.get("conditions") or () if each["type"] == "Verified")
        return next((str(each["reason"]) for each in verified), "")


async def test_nothing_is_put_together_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    telling = Telling()
    assert [await telling.tell(at) for at in (0, 1)] == ["Stopping", "Stopping"]
    monkeypatch.delattr(switches, "summarize_switch")
    assert await telling.tell(2) == "Stopping"


async def test_what_changes_is_told() -> None:
    """K4."""
    telling = Telling()
    for at in (0, 1, 2):
        assert await telling.tell(at) == "Stopping"
    telling.store.remove(resources.PODS, telling.pod)
    assert await telling.tell(3) == "NoPodsLeft"
    telling.status = {**telling.status, "targets": []}  # by somebody else
    await telling.tell(4, generation=2)
    assert telling.status["targets"][0]["workload"] == "m"
    assert telling.status["observedGeneration"] == 2


async def test_what_could_not_be_written_is_told_again() -> None:
    telling = Telling()
    telling.refuses = True
    assert [await telling.tell(at) for at in (0, 1)] == ["", ""]
    telling.refuses = False
    assert await telling.tell(2) == "Stopping"
