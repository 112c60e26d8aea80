"""A model that cannot be evaluated does not keep its neighbours from being judged (rule B2)."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from lastgood.api.timestamps import written
from lastgood.decide import template
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory, start_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Fine:
    """A Prometheus that says that all is well."""

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        return [readings.Values((0.0,)) for _ in queries]

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        return True


def a_model(name: str) -> snapshot.Snapshot:
    store = Store()
    pods = {"metadata": {}, "spec": {"containers": [{"name": "model", "image": "fraud:1"}]}}
    metadata = {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "1", "generation": 1}
    threshold = {"name": "errors", "query": "errors", "max": 0.1, "onBreach": "Rollback"}
    store.put(
        resources.MODEL_DEPLOYMENTS,
        {"metadata": metadata, "spec": {"workloadRef": {"name": name}, "thresholds": [threshold]}},
    )
    store.put(
        resources.DEPLOYMENTS,
        {"metadata": {**metadata, "uid": f"{name}-d"}, "spec": {"replicas": 1, "template": pods}},
    )
    saved = {
        "model": name,
        "version": "1",
        "podTemplate": pods,
        "digest": template.digest(pods),
        "createdAt": written(NOW),
    }
    store.put(
        resources.MODEL_CHECKPOINTS,
        {
            "metadata": {**metadata, "uid": f"{name}-c", "labels": {"lastgood.dev/model": name}},
            "spec": {"saved": saved, "activations": [{"at": written(NOW), "reason": "Rollout"}]},
        },
    )
    found = snapshot.cached(store, ("ml", name))
    assert found is not None
    return found


async def test_a_model_that_cannot_be_asked_about_leaves_the_others_of_its_round_alone() -> None:
    plain, odd = a_model("plain"), a_model("odd")
    odd = dataclasses.replace(odd, model=dataclasses.replace(odd.model, spec=cast("Any", None)))
    memories = {("ml", name): Memory() for name in ("odd", "plain")}
    evaluation = Evaluation(asks=Fine(), default_server=Server(url="http://127.0.0.1:1"), clock=lambda: NOW)

    looked_at = await evaluation.evaluate(
        {("ml", "odd"): (odd, memories["ml", "odd"]), ("ml", "plain"): (plain, memories["ml", "plain"])}
    )

    assert ("ml", "odd") not in looked_at
    assert len(memories["ml", "plain"].judged) == 1


async def test_a_model_that_cannot_be_judged_leaves_the_others_of_its_round_alone() -> None:
    memories = {("ml", name): Memory() for name in ("odd", "plain")}
    memories["ml", "odd"].tracks = cast("Any", None)
    evaluation = Evaluation(asks=Fine(), default_server=Server(url="http://127.0.0.1:1"), clock=lambda: NOW)
    odd = a_model("odd")
    memories["ml", "odd"].start = start_of(odd)

    await evaluation.evaluate(
        {
            ("ml", "odd"): (odd, memories["ml", "odd"]),
            ("ml", "plain"): (a_model("plain"), memories["ml", "plain"]),
        }
    )

    assert memories["ml", "odd"].judged == ()
    assert len(memories["ml", "plain"].judged) == 1
