"""What is remembered of statuses is bounded, however many objects come and go."""

from typing import Any

import pytest

from lastgood.kube import resources
from lastgood.kube.client import Object
from lastgood.report import status


class Taking:
    """An API server that takes each status."""

    async def patch(self, *asked: Any, **_: object) -> Object:
        return {"status": asked[3]["status"]}


async def test_switches_that_are_gone_leave_nothing_behind_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """F2: the newest are remembered, so that none of them is written again."""
    monkeypatch.setattr(status, "MOST_REMEMBERED", 20)
    cluster: Any = Taking()
    statuses = status.Statuses(cluster)

    async def told(number: int) -> bool:
        place: dict[str, str] = {"namespace": "ml", "name": f"s-{number}", "uid": str(number)}
        wanted = {"state": "Engaged"}
        return await statuses.write(resources.KILL_SWITCHES, **place, seen={}, wanted=wanted)

    wrote = [await told(number) for number in range(100)]

    assert all(wrote)
    assert [await told(number) for number in range(80, 100)] == [False] * 20
    assert len(statuses._written) == 20
