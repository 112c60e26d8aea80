"""What a released switch has on record of an autoscaler is looked up, though no watch has told of it yet (rule K3)."""

import asyncio
from typing import Any

import pytest

from lastgood.decide import facts
from lastgood.kube import errors, resources
from lastgood.observe import autoscalers

RAW: dict[str, Any] = {"metadata": {"name": "m", "namespace": "ml"}, "spec": {}}


class Cluster:
    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None, str]] = []

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> dict[str, Any]:
        self.asked.append((resource.plural, namespace, name))
        answer = self.answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer


def switch(*, engaged: bool, kind: str = "ScaledObject") -> facts.Switch:
    held = facts.Autoscaler(kind, "m", facts.Bounds(), "uid", (facts.Bounds(paused_replicas=1),))
    entry = facts.Entry(workload="m", model="m", replicas=3, ceiling=3, autoscaler=held)
    return facts.Switch(name="incident", engaged=engaged, cause=facts.Cause.MANUAL, entries=(entry,))


def look_up(
    cluster: Cluster, known: list[autoscalers.Found], *switches: facts.Switch
) -> list[autoscalers.Found]:
    found = autoscalers.recorded(cluster, "ml", "m", known, switches)  # type: ignore[arg-type]  # it only gets
    return asyncio.run(found)


@pytest.mark.parametrize("kind", ["ScaledObject", "HorizontalPodAutoscaler"])
def test_one_that_no_watch_has_brought_is_read(kind: str) -> None:
    """K3"""
    cluster = Cluster(RAW)
    assert look_up(cluster, [], switch(engaged=False, kind=kind)) == [(autoscalers.KINDS[kind], RAW)]
    assert cluster.asked == [(autoscalers.KINDS[kind].plural, "ml", "m")]


def test_one_that_is_known_is_not_read_twice_and_a_kill_waits_for_none() -> None:
    """K3, K6"""
    assert look_up(Cluster(), [(resources.SCALED_OBJECTS, RAW)], switch(engaged=False)) == []
    assert look_up(Cluster(), [], switch(engaged=True)) == []
    assert look_up(Cluster(), []) == []


def test_one_that_is_gone_is_let_go_of_and_one_that_cannot_be_read_is_not() -> None:
    """K3"""
    assert look_up(Cluster(errors.NotFound("gone")), [], switch(engaged=False)) == []
    with pytest.raises(errors.Unavailable):
        look_up(Cluster(errors.Unavailable("500")), [], switch(engaged=False))
