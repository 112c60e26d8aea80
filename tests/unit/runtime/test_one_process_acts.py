"""The election, step by step, on virtual time."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable

import pytest

from lastgood.kube import errors
from lastgood.kube.client import Object
from lastgood.runtime.lease import Elector, Timing
from tests.unit.runtime import lease_server
from tests.unit.runtime.lease_server import Client, LeaseServer

pytestmark = pytest.mark.looptime


def now() -> float:
    return asyncio.get_running_loop().time()


def elector(client: Client, identity: str) -> Elector:
    return Elector(
        cluster=client,
        namespace=lease_server.NAMESPACE,
        name=lease_server.NAME,
        identity=identity,
        clock=now,
        spread=random.Random(identity),
    )


def client(server: LeaseServer) -> Client:
    return Client(server, random.Random(1))


def free_lease() -> LeaseServer:
    """As the chart makes it."""
    return LeaseServer(lease={"metadata": {"name": "lastgood", "resourceVersion": "1"}}, version=1)


@contextlib.asynccontextmanager
async def running(*electors: Elector) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(one.run()) for one in electors]
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_lease_without_holder_is_taken_at_once() -> None:
    server = free_lease()
    one = elector(client(server), "a")
    assert not one.may_act()
    async with running(one):
        await one.wait_leading()
        assert now() < 1
        assert one.may_act()
        assert server.lease is not None
        spec = server.lease["spec"]
        assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (
            "a",
            15,
            1,
        )


async def test_a_missing_lease_is_made_at_once_and_acted_on_after_the_whole_duration(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="lastgood")
    one = elector(client(LeaseServer()), "a")
    async with running(one):
        await one.wait_leading()
        assert 15 <= now() < 16
    assert "Lease lastgood/operator: a acts from now on" in caplog.text


async def test_the_holder_renews_and_stays() -> None:
    server = free_lease()
    one, other = elector(client(server), "a"), elector(client(server), "b")
    async with running(one, other):
        await asyncio.wait(
            [asyncio.create_task(e.wait_leading()) for e in (one, other)], return_when="FIRST_COMPLETED"
        )
        first = one if one.may_act() else other
        for _ in range(300):
            await asyncio.sleep(1)
            assert first.may_act()
            assert not (one if first is other else other).may_act()
    assert server.writes >= 300 / 2


async def test_a_holder_that_ends_in_order_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="lastgood")
    one = elector(client(free_lease()), "a")
    async with running(one):
        await one.wait_leading()
    said = {record.getMessage(): record.levelname for record in caplog.records}
    assert said["Lease lastgood/operator: a acts no more: this process ends"] == "INFO"


async def test_a_holder_that_ends_gives_the_lease_back_and_the_next_acts_within_seconds() -> None:
    server = free_lease()
    one, other = elector(client(server), "a"), elector(client(server), "b")
    async with running(one) as (task,):
        await one.wait_leading()
        async with running(other):
            await asyncio.sleep(30)
            ended = now()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert not one.may_act()
            await other.wait_leading()
            assert now() - ended < 2.5
            assert other.holder == "b"


async def test_a_holder_that_is_cut_off_stops_at_its_deadline_and_long_before_another_starts() -> None:
    server = free_lease()
    cut = client(server)
    one, other = elector(cut, "a"), elector(client(server), "b")
    async with running(one):
        await one.wait_leading()
        async with running(other):
            await asyncio.sleep(30)
            cut.faults.cut_off = True
            began = now()
            await one.wait_lost()
            lost = now()
            assert 7 <= lost - began <= 10
            assert not one.may_act()
            await other.wait_leading()
            assert now() - lost >= 4
            assert now() - began < 18
            cut.faults.cut_off = False
            await asyncio.sleep(30)
            assert not one.may_act()
            assert other.may_act()


async def test_a_holder_counts_from_the_start_of_its_renewal_not_from_the_answer() -> None:
    class Slow(Client):
        async def _send(self, apply: Callable[[], Object]) -> Object:
            answer = await super()._send(apply)
            await asyncio.sleep(3)
            return answer

    one = elector(Slow(free_lease(), random.Random(1)), "a")
    async with running(one):
        await one.wait_leading()
        assert one.acting_until - now() <= 7


async def test_an_answer_that_is_lost_is_found_out_and_costs_nothing() -> None:
    server = free_lease()
    lossy = client(server)
    one = elector(lossy, "a")
    async with running(one):
        await one.wait_leading()
        lossy.faults.lost_response = 0.4
        for _ in range(120):
            await asyncio.sleep(0.5)
            assert one.holder == "a"
        lossy.faults.lost_response = 0.0
        await asyncio.sleep(5)
        assert one.may_act()


async def test_a_lease_that_somebody_deletes_ends_acting_with_the_next_renewal() -> None:
    server = free_lease()
    one, other = elector(client(server), "a"), elector(client(server), "b")
    async with running(one):
        await one.wait_leading()
        async with running(other):
            await asyncio.sleep(10)
            server.delete()
            deleted = now()
            await one.wait_lost()
            assert now() - deleted < 2.5
            await asyncio.wait(
                [asyncio.create_task(e.wait_leading()) for e in (one, other)], return_when="FIRST_COMPLETED"
            )
            assert 15 <= now() - deleted < 18
            assert one.may_act() != other.may_act()


async def test_a_lease_that_somebody_labels_all_the_time_still_changes_hands() -> None:
    server = free_lease()
    one, other = elector(client(server), "a"), elector(client(server), "b")
    async with running(one) as (task,):
        await one.wait_leading()
        async with running(other):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            server.patch({"spec": {"holderIdentity": "gone without a word"}})
            began = now()
            for place in range(70):
                server.patch({"metadata": {"labels": {"turn": str(place)}}})
                await asyncio.sleep(0.3)
                if other.may_act():
                    break
            assert other.may_act()
            assert now() - began >= 15


async def test_a_holder_of_another_release_is_given_its_own_longer_duration() -> None:
    server = free_lease()
    server.patch({"spec": {"holderIdentity": "other release", "leaseDurationSeconds": 60}})
    one = elector(client(server), "a")
    async with running(one):
        await one.wait_leading()
        assert 60 <= now() < 63


async def test_no_renewal_writes_the_same_time_twice() -> None:
    server = free_lease()
    one = elector(client(server), "a")
    async with running(one):
        await one.wait_leading()
        assert server.lease is not None
        seen = {server.lease["spec"]["renewTime"]}
        for _ in range(20):
            writes = server.writes
            await asyncio.sleep(2)
            assert server.writes > writes
            assert server.lease["spec"]["renewTime"] not in seen
            seen.add(server.lease["spec"]["renewTime"])


async def test_an_api_server_that_refuses_leaves_nobody_acting_and_nothing_broken() -> None:
    class Forbidding(Client):
        forbids = True

        async def _send(self, apply: Callable[[], Object]) -> Object:
            if self.forbids:
                raise errors.Forbidden("leases.coordination.k8s.io is forbidden")
            return await super()._send(apply)

    forbidding = Forbidding(free_lease(), random.Random(1))
    one = elector(forbidding, "a")
    async with running(one):
        await asyncio.sleep(60)
        assert not one.may_act()
        forbidding.forbids = False
        await one.wait_leading()
        assert now() < 63


@pytest.mark.parametrize(
    ("lease_duration", "renew_deadline", "retry_period"),
    [(10.0, 10.0, 2.0), (15.0, 14.0, 2.0), (15.0, 3.0, 2.0), (15.0, 10.0, 0.0), (0.0, 0.0, 0.0)],
)
def test_times_that_leave_no_margin_are_no_timing(
    lease_duration: float, renew_deadline: float, retry_period: float
) -> None:
    with pytest.raises(ValueError, match="leave no margin"):
        Timing(lease_duration=lease_duration, renew_deadline=renew_deadline, retry_period=retry_period)
