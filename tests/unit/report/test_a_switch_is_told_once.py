"""How far a switch is, is put together again only where something of it has changed, and then always."""

import dataclasses
from typing import Any

import pytest

from lastgood.api import names
from lastgood.decide import facts, template
from lastgood.kube import errors, resources
from lastgood.kube.client import Object
from lastgood.observe.store import Store
from lastgood.report import switches
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from tests.unit.report.building import NOON, after

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
        self.deployment = self._put(resources.DEPLOYMENTS, "m", None)
        self._put(resources.REPLICA_SETS, "rs", ("Deployment", "m"))
        self.pod = self._put(resources.PODS, "p", ("ReplicaSet", "rs"))

    def has_a_model(self, *, adopted: bool) -> None:
        """Put a model that names the Deployment, and the checkpoint of its adoption."""
        self._put(resources.MODEL_DEPLOYMENTS, "m", None)
        if not adopted:
            return
        pods: dict[str, Any] = {"metadata": {}, "spec": {"containers": [{"name": "m", "image": "m:1"}]}}
        at = NOON.isoformat()
        saved = {"model": "m", "version": "1", "podTemplate": pods, "createdAt": at}
        raw = {
            "metadata": {
                "namespace": "ml",
                "name": "m-1",
                "uid": "c",
                "resourceVersion": "1",
                "labels": {names.LABEL_MODEL: "m"},
            },
            "spec": {
                "saved": {**saved, "digest": template.digest(pods)},
                "verdict": {"value": "Good", "since": at},
                "activations": [{"at": at, "reason": "Adopted"}],
            },
        }
        self.store.put(resources.MODEL_CHECKPOINTS, raw)

    async def patch(self, *asked: Any, **_: object) -> Object:
        if self.refuses:
            raise errors.Unavailable("not now")
        body = asked[3]
        self.status = {**self.status, **body["status"]}
        return {"status": self.status}

    def _put(self, resource: resources.Resource, name: str, owner: tuple[str, str] | None) -> Object:
        owners = [{"kind": owner[0], "name": owner[1], "uid": owner[1], "controller": True}] if owner else []
        metadata = {"namespace": "ml", "name": name, "uid": name, "ownerReferences": owners}
        raw = {"metadata": metadata, "spec": {"replicas": 0, "template": {}}}
        self.store.put(resource, raw)
        return raw

    async def tell(self, at: float, *, generation: int = 1, switch: facts.Switch = SWITCH) -> str:
        """Report, and return why the switch is verified or not."""
        raw = {"metadata": {"uid": "s-uid", "generation": generation}, "status": self.status}
        await self.reporter.report_switch("ml", switch, raw, after(at))
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
    assert await telling.tell(3) == "NotCounted", "only a watch says so"
    telling.store.read_empty(telling.deployment)
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


async def test_a_switch_is_verified_when_what_a_deleted_deployment_has_left_has_ended() -> None:
    """K4: whether the Deployment was there when it was killed, or only before; a name that never was is a typo."""
    entered = dataclasses.replace(
        SWITCH, workloads=(), entries=(facts.Entry("m", "m", replicas=1, ceiling=0),)
    )
    selecting = dataclasses.replace(SWITCH, workloads=(), models=("m",))
    for switch, before, told in (
        (entered, False, "NoPodsLeft"),
        (selecting, True, "NoPodsLeft"),
        (selecting, False, "NotCounted"),
        (SWITCH, True, "NotCounted"),
    ):
        telling = Telling()
        telling.has_a_model(adopted=before)
        telling.store.remove(resources.DEPLOYMENTS, telling.deployment)
        assert await telling.tell(0, switch=switch) == "Stopping"
        telling.store.remove(resources.PODS, telling.pod)
        assert await telling.tell(1, switch=switch) == told


async def test_a_switch_is_not_verified_while_a_deployment_wants_replicas() -> None:
    """K4: as when the API server refuses to scale it, and a quota its pods."""
    telling = Telling()
    telling.store.remove(resources.PODS, telling.pod)
    metadata = {**telling.deployment["metadata"], "resourceVersion": "2"}
    telling.store.put(resources.DEPLOYMENTS, {"metadata": metadata, "spec": {"replicas": 3, "template": {}}})
    assert await telling.tell(0) == "NotCounted"


@pytest.mark.parametrize(("said", "told"), [("Unknown", "NotCounted"), ("True", "NoPodsLeft")])
async def test_a_switch_is_not_verified_while_a_model_says_that_it_is_not_off(said: str, told: str) -> None:
    """K4: a model reads its pods afresh; here a watch may lag."""
    telling = Telling()
    telling.store.remove(resources.PODS, telling.pod)
    status = {"conditions": [{"type": "KillSwitchEngaged", "status": said}]}
    metadata = {"namespace": "ml", "name": "m", "uid": "model", "resourceVersion": "1"}
    telling.store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": {}, "status": status})
    assert await telling.tell(0) == told
