"""What is urgent stays urgent: a kill that has to be tried again does not queue behind everything else (rule K6)."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from lastgood.act import deployment
from lastgood.decide import steps, view, world
from lastgood.decide.decision import Decision, Phase
from lastgood.kube import client, errors, resources
from lastgood.observe import snapshot
from lastgood.observe.store import Key, Store
from lastgood.report.metrics import Metrics
from lastgood.runtime.driving import Outcome
from lastgood.runtime.loop import Loop
from lastgood.runtime.memory import Memory

KILLED, OTHER, NOTED = ("ml", "killed"), ("ml", "other"), ("ml", "fraud")
THRESHOLD = {"name": "errors", "query": "errors", "max": 1}


class BusyDrives:
    """A driver whose only ordinary worker never returns, and which has to try a kill twice."""

    def __init__(self) -> None:
        self.tries = 0
        self.again = asyncio.Event()

    async def drive(self, key: Key, memory: Memory) -> Outcome:
        if key == OTHER:
            await asyncio.Event().wait()
        self.tries += 1
        if self.tries == 1:
            return Outcome(again_in=timedelta(milliseconds=1))
        self.again.set()
        return Outcome()


class HoldsNothing:
    """Has nothing to hold."""

    async def hold(self, workload: Key) -> timedelta | None:
        return None


class NotActing:
    """Keeps evaluations out of it."""

    def may_act(self) -> bool:
        return False


async def test_a_kill_is_tried_again_while_all_other_workers_are_busy() -> None:
    store, driver = Store(), BusyDrives()
    for namespace, name in (KILLED, OTHER):
        metadata = {"name": name, "namespace": namespace, "uid": name, "resourceVersion": "1"}
        store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": {}})
    loop = Loop(
        store=store,
        driver=cast("Any", driver),
        holder=cast("Any", HoldsNothing()),
        evaluation=cast("Any", None),
        reporter=cast("Any", None),
        actor=NotActing(),
        metrics=Metrics(),
        clock=lambda: datetime.now(UTC),
        workers=1,
    )
    running = asyncio.create_task(loop.run())
    try:
        loop.due([OTHER])
        loop.due([KILLED], urgent=True)
        async with asyncio.timeout(5):
            await driver.again.wait()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


class OnePodIsGone:
    """An API server that knows one of two pods no longer."""

    def __init__(self) -> None:
        self.labelled: list[str] = []

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: client.Object
    ) -> client.Object:
        if name == "gone":
            raise errors.NotFound("pods gone not found")
        self.labelled.append(name)
        return {}


async def test_a_pod_that_is_gone_keeps_no_other_pod_from_its_labels() -> None:
    cluster = OnePodIsGone()
    pods = tuple(
        world.Pod(name=name, uid=name, digest=None, ready=True, terminating=False)
        for name in ("gone", "there")
    )
    for pod in pods:
        await deployment.label_pod(
            cast("Any", cluster), "ml", steps.LabelPod(pod, {"lastgood.dev/model": "m"})
        )
    assert cluster.labelled == ["there"]


class Noting:
    """Answers at once, and notes when it was asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[float] = []

    def server_of(self, seen: object) -> None:
        return None

    async def evaluate(self, due: object) -> dict[Key, None]:
        self.asked.append(asyncio.get_running_loop().time())
        return {}

    async def drive(self, key: Key, memory: Memory) -> Outcome:
        seen = snapshot.cached(self._store, key)
        assert seen is not None
        told = seen, view.View(seen.model, datetime.now(UTC)), Decision(Phase.SERVING, "Serving")
        return Outcome(told=told)

    async def report(self, *_: object) -> None:
        """Tell nobody."""

    def may_act(self) -> bool:
        return True


@pytest.mark.looptime
async def test_a_shorter_interval_counts_from_when_it_is_asked_for(looptime: float) -> None:
    """O4, J1: by the shorter one the verdicts of before are soon too old, and nothing would be acted on."""
    store = Store()
    noting: Any = Noting(store)

    def ask_for(interval: str, version: str) -> None:
        metadata = {"name": "fraud", "namespace": "ml", "uid": "m", "resourceVersion": version}
        spec = {"workloadRef": {"name": "fraud"}, "thresholds": [THRESHOLD], "interval": interval}
        store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": spec})
        loop.due([NOTED])

    loop = Loop(
        store=store,
        driver=noting,
        holder=cast("Any", HoldsNothing()),
        evaluation=noting,
        reporter=noting,
        actor=noting,
        metrics=Metrics(),
        clock=lambda: datetime.now(UTC),
        workers=1,
    )
    running = asyncio.create_task(loop.run())
    try:
        ask_for("1h", "1")
        await asyncio.sleep(60)
        assert len(noting.asked) == 1
        ask_for("10s", "2")
        await asyncio.sleep(35)
        assert len(noting.asked) == 4
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
