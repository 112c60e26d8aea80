"""One model, a Prometheus that knows its past, and one operator process after the other that looks at it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.api.timestamps import written
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Key, Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_blast_radius import Api, serves

BEGIN = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
INTERVAL = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
KEY = ("ml", "fraud")
SERVER = Server(url="http://127.0.0.1:1")


class Kept:
    """A Prometheus that knows the value of a query at any time, and answers for the past as for now."""

    def __init__(self, value: Callable[[str, datetime], float | None]) -> None:
        self.value = value
        self.refused = ""
        self.fault: readings.Unreachable | readings.Refused | None = None
        self.warnings: tuple[str, ...] = ()
        self.hangs = self.away = False
        self.spans: list[tuple[str, datetime, datetime]] = []

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        if self.away:
            return [readings.Unreachable("refuses connections")] * len(queries)
        found = [self.value(query, at) for query in queries]
        return [readings.Values(() if value is None else (value,)) for value in found]

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        return True

    async def query_range(
        self, server: Server, query: str, start: datetime, end: datetime, step: timedelta
    ) -> readings.Series | readings.Unreachable | readings.Refused:
        self.spans.append((query, start, end))
        if self.hangs:
            await asyncio.Event().wait()
        if query == self.refused:
            return readings.Refused("exceeded maximum resolution")
        if self.fault is not None:
            return self.fault
        points, at = [], start
        while at <= end:
            value = self.value(query, at)
            if value is not None:
                points.append((at.timestamp(), (value,)))
            at += step
        return readings.Series(tuple(points), self.warnings)


class Life:
    """One model and one process after the other that looks at it."""

    def __init__(self, kept: Kept, *, bake: str | None = None, **threshold: Any) -> None:
        self.kept, self.now, self.store = kept, BEGIN, Store()
        serves(self.store, Api(), KEY)
        raw = self.store.models[KEY]
        given = {"name": "toxic", "query": "toxic", "max": 0.1, "window": "1m", **threshold}
        changes: dict[str, Any] = {"interval": "15s", "thresholds": [given], "rollback": {"warmup": "0s"}}
        if bake is not None:
            changes["rollout"] = {"bake": bake}
        self.write(raw["spec"] | changes)
        self.restart()

    def write(self, spec: Any, *, managed: Any = None) -> None:
        raw = self.store.models[KEY]
        version = str(int(raw["metadata"]["resourceVersion"]) + 1)
        metadata = {**raw["metadata"], "resourceVersion": version}
        if managed is not None:
            metadata["managedFields"] = managed
        self.store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": spec})

    def roll(self, *, done_at: datetime | None) -> None:
        """Let the Deployment's pods be replaced, or have been since the API server's `done_at`."""
        raw = self.store.deployments[KEY]
        version = str(int(raw["metadata"]["resourceVersion"]) + 1)
        progressed = {**raw["status"]["conditions"][0], "reason": "ReplicaSetUpdated"}
        if done_at is not None:
            progressed |= {"reason": "NewReplicaSetAvailable", "lastUpdateTime": written(done_at)}
        available = 0 if done_at is None else 1
        status = {**raw["status"], "availableReplicas": available, "conditions": [progressed]}
        metadata = {**raw["metadata"], "resourceVersion": version}
        self.store.put(resources.DEPLOYMENTS, {**raw, "metadata": metadata, "status": status})

    def restart(self) -> None:
        self.memory = Memory()
        self.evaluation = Evaluation(
            asks=self.kept, spans=self.kept, default_server=SERVER, clock=lambda: self.now
        )

    def seen(self, key: Key = KEY) -> snapshot.Snapshot:
        found = snapshot.cached(self.store, key)
        assert found is not None
        return found

    async def look(self, *, after: timedelta = INTERVAL) -> str:
        """Let time pass and evaluate; return the first threshold's verdict."""
        self.now += after
        await self.evaluation.evaluate({KEY: (self.seen(), self.memory)})
        return self.memory.judged[0].judgement.verdict.value

    async def until(self, verdict: str, *, restart_every: int = 0) -> timedelta:
        """Look until a verdict comes; return when that was. With `restart_every`, by one process after the other."""
        for count in range(1, 1000):
            if await self.look() == verdict:
                return self.now - BEGIN
            if restart_every and count % restart_every == 0:
                self.restart()
        raise AssertionError(f"never {verdict}")


def always_bad(query: str, at: datetime) -> float:
    return 0.9


def always_fine(query: str, at: datetime) -> float:
    return 0.0
