"""Ten minutes without Prometheus, on virtual time: nothing is rolled back, nothing is killed (rules J3, J5, K6)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastgood.api.timestamps import written
from lastgood.decide import policy, template, view
from lastgood.decide.records import EngageSwitch
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory

BEGIN = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = ("ml", "fraud")
INTERVAL = timedelta(seconds=15)


class Outage:
    """A Prometheus that first says that all is well, then nothing."""

    def __init__(self) -> None:
        self.answer: readings.Reading = readings.Values((0.0,))

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        return [self.answer for _ in queries]

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        return isinstance(self.answer, readings.Values)


def labelled(name: str, uid: str, **metadata: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "ml", "uid": uid, "resourceVersion": "1", "generation": 1, **metadata}


def a_version_serves(*, on_breach: str, on_no_data: str) -> Store:
    """Return a store with 1.5.0 running for an hour after 1.4.0, which is Good."""
    store, long_ago = Store(), BEGIN - timedelta(hours=1)
    templates = {
        version: {"metadata": {}, "spec": {"containers": [{"name": "model", "image": f"fraud:{version}"}]}}
        for version in ("1.4.0", "1.5.0")
    }
    for version, worth, hours in (("1.4.0", "Good", 2), ("1.5.0", "Unproven", 1)):
        saved = {
            "model": "fraud",
            "version": version,
            "podTemplate": templates[version],
            "digest": template.digest(templates[version]),
            "base": {"container": "model", "image": "fraud:1.4.0"},
            "createdAt": written(BEGIN - timedelta(hours=hours)),
        }
        activation = {"at": written(BEGIN - timedelta(hours=hours)), "reason": "Rollout"}
        verdict = {"value": worth, "reason": "Served", "since": written(long_ago)}
        metadata = labelled(f"fraud-{version}", version, labels={"lastgood.dev/model": "fraud"})
        spec = {"saved": saved, "verdict": verdict, "activations": [activation]}
        store.put(resources.MODEL_CHECKPOINTS, {"metadata": metadata, "spec": spec})
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 2)
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    status = {
        **counts,
        "observedGeneration": 1,
        "conditions": [{**progressing, "lastUpdateTime": written(long_ago)}],
    }
    spec = {"replicas": 2, "template": templates["1.5.0"]}
    store.put(resources.DEPLOYMENTS, {"metadata": labelled("fraud", "d"), "spec": spec, "status": status})
    threshold = {
        "name": "errors",
        "query": 'errors{version="$version"}',
        "max": 0.1,
        "onBreach": on_breach,
        "onNoData": on_no_data,
    }
    spec = {
        "workloadRef": {"name": "fraud"},
        "version": "1.5.0",
        "versions": [{"name": version, "image": f"fraud:{version}"} for version in templates],
        "interval": "15s",
        "thresholds": [threshold],
        "rollout": {"bake": "720h"},
    }
    store.put(resources.MODEL_DEPLOYMENTS, {"metadata": labelled("fraud", "m"), "spec": spec})
    return store


@pytest.mark.parametrize("on_no_data", ["Hold", "Ignore", "Breach"])
@pytest.mark.parametrize("on_breach", ["Rollback", "Kill"])
async def test_ten_minutes_without_prometheus_move_nothing(on_breach: str, on_no_data: str) -> None:
    store, outage, memory, now = (
        a_version_serves(on_breach=on_breach, on_no_data=on_no_data),
        Outage(),
        Memory(),
        BEGIN,
    )
    server = Server(url="http://127.0.0.1:1")
    evaluation = Evaluation(asks=outage, default_server=server, clock=lambda: now)
    verdicts, decisions = [], []
    for look in range(45):
        if look == 4:
            outage.answer = readings.Unreachable("connection refused")
        if look == 44:
            outage.answer = readings.Values((0.9,))
        seen = snapshot.cached(store, KEY)
        assert seen is not None
        await evaluation.evaluate({KEY: (seen, memory)})
        decision = policy.decide(memory.view(seen, now, settings=view.Settings(), fresh_for=3 * INTERVAL))
        decisions.append(decision)
        verdicts.append(memory.judged[0].judgement.verdict.value)
        if look < 44:
            assert not decision.records, verdicts
            assert not decision.steps, verdicts
        now += INTERVAL
    assert verdicts == ["OK"] * 4 + ["Blind"] * 40 + ["Breach"]
    assert decisions[-1].records, "and a breach that is seen again is acted on"


async def test_a_person_kills_while_prometheus_is_down() -> None:
    store, outage, memory = a_version_serves(on_breach="Rollback", on_no_data="Hold"), Outage(), Memory()
    outage.answer = readings.Unreachable("connection refused")
    raw = dict(store.models[KEY])
    raw["spec"] = {**raw["spec"], "killSwitch": {"engaged": True}}
    raw["metadata"] = {**raw["metadata"], "resourceVersion": "2"}
    store.put(resources.MODEL_DEPLOYMENTS, raw)
    seen = snapshot.cached(store, KEY)
    assert seen is not None
    decision = policy.decide(memory.view(seen, BEGIN, settings=view.Settings(), fresh_for=3 * INTERVAL))
    (record,) = decision.records
    assert isinstance(record, EngageSwitch)
    assert [entry.replicas for entry in record.switch.entries] == [2]


async def test_a_prometheus_that_takes_longer_than_three_intervals_is_acted_on_all_the_same() -> None:
    store, memory, now = a_version_serves(on_breach="Rollback", on_no_data="Hold"), Memory(), BEGIN
    moments = iter([now, now + 4 * INTERVAL])  # asked, answered
    slow = Outage()
    slow.answer = readings.Values((0.9,))
    server = Server(url="http://127.0.0.1:1", timeout=30.0)
    evaluation = Evaluation(asks=slow, default_server=server, clock=lambda: next(moments))
    seen = snapshot.cached(store, KEY)
    assert seen is not None
    await evaluation.evaluate({KEY: (seen, memory)})
    later = now + 4 * INTERVAL
    decision = policy.decide(memory.view(seen, later, settings=view.Settings(), fresh_for=3 * INTERVAL))
    assert decision.records


@pytest.mark.parametrize("change", [{"max": 0.95}, {"dryRun": True}, {"onBreach": "Alert"}])
async def test_who_has_just_changed_a_threshold_is_not_rolled_back_by_the_old_one(
    change: dict[str, Any],
) -> None:
    store, memory, bad = a_version_serves(on_breach="Rollback", on_no_data="Hold"), Memory(), Outage()
    bad.answer = readings.Values((0.9,))
    evaluation = Evaluation(asks=bad, default_server=Server(url="http://127.0.0.1:1"), clock=lambda: BEGIN)
    seen = snapshot.cached(store, KEY)
    assert seen is not None
    await evaluation.evaluate({KEY: (seen, memory)})
    assert policy.decide(
        memory.view(seen, BEGIN, settings=view.Settings(), fresh_for=3 * INTERVAL)
    ).records, "the threshold as it was is in breach"
    raw = dict(store.models[KEY])
    raw["spec"] = {**raw["spec"], "thresholds": [{**raw["spec"]["thresholds"][0], **change}]}
    raw["metadata"] = {**raw["metadata"], "resourceVersion": "2"}
    store.put(resources.MODEL_DEPLOYMENTS, raw)
    seen = snapshot.cached(store, KEY)
    assert seen is not None
    decision = policy.decide(memory.view(seen, BEGIN, settings=view.Settings(), fresh_for=3 * INTERVAL))
    assert not decision.records
    assert not decision.steps
