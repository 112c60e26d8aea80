"""Of several models on one Prometheus most turn Blind: the breach that is seen on another is not acted on (rule J8)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.decide import policy, view
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Key, Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_blast_radius import Api, serves

BEGIN = datetime(2026, 11, 22, 12, tzinfo=UTC)
INTERVAL = timedelta(seconds=15)
KEYS: list[Key] = [("ml", f"m-{number}") for number in range(5)]
BAD = KEYS[4]
AWAY = readings.Unreachable("did not answer within 5 s")


class Partly:
    """A Prometheus that does not answer for some models, and shows a breach of one."""

    def __init__(self) -> None:
        self.blind: set[Key] = set()

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        return [self._answer(query) for query in queries]

    def _answer(self, query: str) -> readings.Reading:
        if any(f'"{key[1]}"' in query for key in self.blind):
            return AWAY
        return readings.Values((0.9 if f'"{BAD[1]}"' in query else 0.0,))

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        return True


def five_models(**prometheus: Any) -> Store:
    store, api = Store(), Api()
    for key in KEYS:
        serves(store, api, key)
        raw = dict(store.models[key])
        threshold = {**raw["spec"]["thresholds"][0], "query": 'toxic{model="$model"}'}
        own = {"prometheus": prometheus} if prometheus and key == BAD else {}
        raw["spec"] = {**raw["spec"], "thresholds": [threshold], "interval": "15s", **own}
        raw["metadata"] = {**raw["metadata"], "resourceVersion": "2"}
        store.put(resources.MODEL_DEPLOYMENTS, raw)
    return store


class Story:
    """Evaluates all models every interval, each in a round of its own, and says what is decided for one."""

    def __init__(self, store: Store) -> None:
        self.now = BEGIN
        self.prometheus = Partly()
        self.store = store
        self.memories = {key: Memory() for key in KEYS}
        self.evaluation = Evaluation(
            asks=self.prometheus,
            default_server=Server(url="http://127.0.0.1:1"),
            clock=lambda: self.now,
        )

    async def interval(self) -> bool:
        """Let an interval pass; whether the model in breach is killed at its end."""
        for key in KEYS:
            await self.evaluation.evaluate({key: (self._seen(key), self.memories[key])})
        seen = self._seen(BAD)
        decided = policy.decide(
            self.memories[BAD].view(seen, self.now, settings=view.Settings(), fresh_for=3 * INTERVAL)
        )
        self.now += INTERVAL
        return bool(decided.records)

    def _seen(self, key: Key) -> snapshot.Snapshot:
        found = snapshot.cached(self.store, key)
        assert found is not None
        return found


async def test_nothing_is_done_until_an_interval_was_clean() -> None:
    story = Story(five_models())
    story.prometheus.blind = set(KEYS[:3])
    assert [await story.interval() for _ in range(4)] == [False] * 4
    story.prometheus.blind = set()
    assert [await story.interval() for _ in range(2)] == [False, True]


async def test_as_long_as_most_are_seen_each_model_stands_for_itself() -> None:
    story = Story(five_models())
    story.prometheus.blind = set(KEYS[:2])
    assert await story.interval()


async def test_models_on_another_prometheus_are_not_concerned() -> None:
    story = Story(five_models(url="http://127.0.0.1:2"))
    story.prometheus.blind = set(KEYS[:4])
    assert await story.interval()


async def test_time_under_a_blinded_prometheus_counts_for_no_bake() -> None:
    story = Story(five_models())
    story.prometheus.blind = set(KEYS[:3])
    for _ in range(10):
        await story.interval()
    assert {memory.fine.lasted for memory in story.memories.values() if memory.fine is not None} == {
        timedelta(0)
    }
    story.prometheus.blind = set()
    for _ in range(4):
        await story.interval()
    fine = story.memories[KEYS[3]].fine
    assert fine is not None
    assert fine.lasted > timedelta(0)
