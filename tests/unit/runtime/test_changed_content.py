"""Other content of a ConfigMap starts the bake again, and takes nothing from a breach (semantics.md, O7, J1)."""

from datetime import timedelta
from typing import Any

from lastgood.api.thresholds import Verdict
from lastgood.api.timestamps import written
from lastgood.decide import view
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_changed_thresholds import changed
from tests.unit.runtime.test_without_prometheus import BEGIN, INTERVAL, KEY, Outage, a_version_serves


def noted(store: Store, version: str, **config: Any) -> None:
    """The content of the running version's ConfigMaps is noted."""
    raw = dict(store.checkpoints["ml", "fraud-1.5.0"])
    refs = [{"kind": "ConfigMap", "name": "settings", "hash": version}]
    raw["spec"] = {**raw["spec"], "config": {"refs": refs, **config}}
    raw["metadata"] = {**raw["metadata"], "resourceVersion": version}
    store.put(resources.MODEL_CHECKPOINTS, raw)


async def looks(store: Store, prometheus: Outage) -> list[tuple[Verdict, timedelta]]:
    """Look nine times; before the third the content is noted, and before the fifth it is another."""
    memory, now, found = Memory(), BEGIN, []
    evaluation = Evaluation(
        asks=prometheus, default_server=Server(url="http://127.0.0.1:1"), clock=lambda: now
    )
    for look in range(9):
        if look == 2:
            noted(store, "2")
        if look == 4:
            noted(store, "3", changedAt=written(now))
        seen = snapshot.cached(store, KEY)
        assert seen is not None
        await evaluation.evaluate({KEY: (seen, memory)})
        viewed = memory.view(seen, now, settings=view.Settings(), fresh_for=INTERVAL)
        found.append((viewed.judged[0].judgement.verdict, viewed.good_for))
        now += INTERVAL
    return found


async def test_the_time_that_all_was_ok_begins_with_the_new_content() -> None:
    store = a_version_serves(on_breach="Rollback", on_no_data="Hold")
    found = await looks(store, Outage())

    assert [lasted // INTERVAL for _, lasted in found] == [0, 1, 2, 3, 0, 1, 2, 3, 4]


async def test_a_breach_goes_on_across_it() -> None:
    store, prometheus = a_version_serves(on_breach="Rollback", on_no_data="Hold"), Outage()
    prometheus.answer = readings.Values((0.9,))
    changed(store, "2")
    found = await looks(store, prometheus)

    assert [verdict for verdict, _ in found] == [Verdict.PENDING] * 4 + [Verdict.BREACH] * 5
