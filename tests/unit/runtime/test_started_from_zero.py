"""What was judged before a start from zero is about pods that are gone, and counts no more (semantics.md, J7, J1)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from lastgood.decide.view import Judged, Settings
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe.server import Server
from tests.unit.runtime.lives import INTERVAL, KEY, Kept, Life, always_bad

SECOND = timedelta(seconds=1)


def scaled(life: Life, replicas: int) -> None:
    """Let somebody scale the Deployment; its pods come and go at once, and a drive observes that."""
    raw = life.store.deployments[KEY]
    version = str(int(raw["metadata"]["resourceVersion"]) + 1)
    counted = {**raw["status"], "replicas": replicas, "availableReplicas": replicas}
    counted |= {"updatedReplicas": replicas, "readyReplicas": replicas}
    metadata, spec = {**raw["metadata"], "resourceVersion": version}, {**raw["spec"], "replicas": replicas}
    life.store.put(resources.DEPLOYMENTS, {**raw, "metadata": metadata, "spec": spec, "status": counted})
    life.now += SECOND
    life.memory.settle(life.seen(), life.now)


def viewed(life: Life) -> tuple[Judged, ...]:
    life.memory.settle(life.seen(), life.now)
    return life.memory.view(life.seen(), life.now, settings=Settings(), fresh_for=3 * INTERVAL).judged


@pytest.mark.looptime
async def test_a_breach_that_was_seen_before_a_start_from_zero_condemns_nothing_after_it() -> None:
    """J7; found by simulated seed 63372: scaled to zero and up again within a second after the look."""
    life = Life(Kept(always_bad), **{"for": "0s"})
    await life.until("Breach")
    assert any(each.breached for each in viewed(life))

    scaled(life, 0)
    scaled(life, 4)

    assert viewed(life) == ()
    assert life.memory.tracks == {}, "nor does the time count for which it was in breach"


@pytest.mark.looptime
async def test_an_answer_that_was_asked_for_before_a_start_from_zero_is_not_judged_after_it() -> None:
    """J7, J1."""

    class Slow(Kept):
        async def query(
            self, server: Server, queries: Sequence[str], *, at: datetime
        ) -> list[readings.Reading]:
            await asyncio.sleep(5)
            return await super().query(server, queries, at=at)

    life = Life(Slow(always_bad), **{"for": "0s"})
    await life.until("Breach")
    life.memory.judged = ()
    asking = asyncio.create_task(life.evaluation.evaluate({KEY: (life.seen(), life.memory)}))
    await asyncio.sleep(1)
    scaled(life, 0)
    scaled(life, 4)
    await asking

    assert viewed(life) == ()


@pytest.mark.looptime
async def test_more_replicas_of_what_runs_are_no_start() -> None:
    """J7."""
    life = Life(Kept(always_bad), **{"for": "0s"})
    await life.until("Breach")
    scaled(life, 4)
    assert any(each.breached for each in viewed(life))
