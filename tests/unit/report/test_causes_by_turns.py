"""A Prometheus that fails by turns in one way and another does not make a status of each turn (semantics.md, J3)."""

import dataclasses
from typing import Any

from lastgood.api.thresholds import Verdict
from lastgood.decide import policy
from lastgood.judge.verdict import Reason
from lastgood.kube import resources
from lastgood.kube.client import Object
from lastgood.observe.store import Store
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from tests.unit.report import building

CAUSES = ("Prometheus answered 500", "Prometheus refuses connections")


class Telling:
    """A reporter, and an API server that keeps the status of one model."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {}
        self.writes = 0
        cluster: Any = self
        self.reporter = Reporter(
            cluster=cluster, store=Store(), metrics=Metrics(), may_act=lambda: True, instance="i"
        )

    async def patch(self, *asked: Any, **_: object) -> Object:
        self.status = {**self.status, **asked[3]["status"]}
        self.writes += 1
        return {"status": self.status}

    async def create(self, resource: resources.Resource, *_: object, **__: object) -> Object:
        return {}

    async def tell(self, cause: str, at: float) -> str:
        """Report that a threshold is Blind by this cause, and return which one the status names."""
        blind = building.judged(Verdict.BLIND, Reason.UNREACHABLE, cause)
        seen = building.later(dataclasses.replace(building.baking(), judged=(blind,)), at)
        await self.reporter.report(self, seen, policy.decide(seen))
        return str(self.status["thresholds"][0]["message"])


async def test_another_cause_is_told_when_the_status_has_rested_for_a_minute() -> None:
    telling = Telling()
    told = [await telling.tell(CAUSES[turn % 2], at=5 * turn) for turn in range(14)]
    assert told == [CAUSES[0]] * 13 + [CAUSES[1]]
    assert telling.writes == 2


async def test_it_is_told_at_once_where_nothing_was_written_lately() -> None:
    telling = Telling()
    await telling.tell(CAUSES[0], at=0)
    assert await telling.tell(CAUSES[1], at=61) == CAUSES[1]
