"""A threshold that is changed while it is breached starts anew (rule J1: `for` is the breach of this threshold)."""

from datetime import timedelta
from typing import Any

from lastgood.api.thresholds import Verdict
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_without_prometheus import BEGIN, INTERVAL, KEY, Outage, a_version_serves


def changed(store: Store, version: str, **fields: Any) -> None:
    raw = dict(store.models[KEY])
    threshold = {**raw["spec"]["thresholds"][0], "for": "1m", **fields}
    raw["spec"] = {**raw["spec"], "thresholds": [threshold]}
    raw["metadata"] = {**raw["metadata"], "resourceVersion": version}
    store.put(resources.MODEL_DEPLOYMENTS, raw)


async def test_breach_time_of_another_query_does_not_count() -> None:
    store, prometheus, memory, now = (
        a_version_serves(on_breach="Rollback", on_no_data="Hold"),
        Outage(),
        Memory(),
        BEGIN,
    )
    prometheus.answer = readings.Values((0.9,))
    evaluation = Evaluation(
        asks=prometheus, default_server=Server(url="http://127.0.0.1:1"), clock=lambda: now
    )
    changed(store, "2")
    verdicts = []
    for look in range(9):
        if look == 4:
            changed(store, "3", query='other{version="$version"}')
        seen = snapshot.cached(store, KEY)
        assert seen is not None
        await evaluation.evaluate({KEY: (seen, memory)})
        verdicts.append(memory.judged[0].judgement.verdict)
        now += INTERVAL
    # A minute of breach is four intervals; the change at the fifth look begins it again.
    assert verdicts == [Verdict.PENDING] * 8 + [Verdict.BREACH]
    assert timedelta(minutes=1) / INTERVAL == 4
