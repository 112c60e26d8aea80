"""F5: a scale-down that serves an engaged switch needs no lease, and nothing else is done without it."""

from datetime import timedelta

import pytest

from lastgood.decide import policy
from tests.unit.runtime.killed_model import HELD, KEY, Looking, Server


async def test_a_standby_scales_down_what_a_switch_holds_when_the_leader_has_not() -> None:
    server = Server(restore=[HELD], replicas=3)
    standby = Looking(server)
    assert await standby.drive() == timedelta(seconds=2), "the leader has the first chance"
    assert server.writes == []
    standby.now += timedelta(seconds=2)
    await standby.drive()
    assert server.writes == [("Deployment", {"replicas": 0})]


async def test_a_standby_records_nothing() -> None:
    server = Server(restore=[], replicas=3)
    standby = Looking(server)
    for _ in range(5):
        await standby.drive()
        standby.now += timedelta(seconds=2)
    assert server.writes == [], "without an entry nobody would know what to bring back"


@pytest.mark.parametrize("engaged", [True, False])
def test_only_the_scale_down_of_an_engaged_switch_needs_no_lease(engaged: bool) -> None:
    server = Server(restore=[HELD], replicas=3)
    server.switch["spec"] = {**server.switch["spec"], "engaged": engaged}
    standby = Looking(server)
    seen = standby.driver._cached(KEY)
    assert seen is not None
    decided = policy.decide(standby.driver._view(seen, standby.memory))
    assert decided.steps
    assert decided.needs_lease is not engaged
