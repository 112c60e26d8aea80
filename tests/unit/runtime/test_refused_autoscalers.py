"""A kill waits for no autoscaler (semantics.md, K1, K6): one that cannot be held is told of, and tried again."""

import asyncio
import functools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastgood.decide import view
from lastgood.decide.decision import Decision
from lastgood.kube import errors, resources
from lastgood.runtime.driving import Driver
from lastgood.runtime.holding import Holder
from lastgood.runtime.memory import Memory
from tests.unit.runtime.scaling_server import NAMESPACE, Server, hpa, scaled_object

KEY = (NAMESPACE, "fraud")
REFUSALS = [
    errors.Forbidden("forbidden by RBAC"),
    errors.Unavailable("503 of a conversion webhook"),
    errors.Invalid("not admitted"),
    errors.Conflict("changed meanwhile"),
    errors.NotFound("deleted meanwhile"),
]


class Leader:
    leads = True

    def may_act(self) -> bool:
        return self.leads


class Reports:
    def recorded(self, key: tuple[str, str], decision: Decision) -> None:
        pass

    def forget(self, key: tuple[str, str]) -> None:
        raise AssertionError("the model is there")


class Looking:
    """A driver of the model, with a clock that the test turns."""

    def __init__(self, server: Server) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.server, self.actor, self.memory = server, Leader(), Memory()

    async def drive(self) -> tuple[timedelta | None, Decision | None]:
        driver = Driver(
            cluster=self.server,
            store=self.server.store(),
            actor=self.actor,
            reports=Reports(),
            settings=view.Settings(),
            clock=lambda: self.now,
        )
        outcome = await driver.drive(KEY, self.memory)
        return outcome.again_in, None if outcome.told is None else outcome.told[2]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
async def test_a_model_whose_autoscaler_cannot_be_held_is_scaled_to_zero_all_the_same(
    refusal: errors.ClusterError,
) -> None:
    """K1, K6."""
    server = Server((resources.SCALED_OBJECTS, scaled_object())).with_model()
    server.refuses = refusal

    await Looking(server).drive()

    assert server.replicas == 0


@pytest.mark.looptime
@pytest.mark.parametrize("model", [True, False])
async def test_a_kill_waits_few_seconds_for_an_autoscaler_that_does_not_answer(
    model: bool, looptime: float
) -> None:
    """K1, K6: as when KEDA's admission webhook hangs."""
    server = Server((resources.SCALED_OBJECTS, scaled_object()))
    look = Looking(server.with_model()).drive if model else functools.partial(hold, server)
    server.hangs = True
    looking = asyncio.create_task(look())
    await server.scaled.wait()

    assert looptime <= 3
    await looking
    assert server.replicas == 0


async def test_a_kill_that_is_refused_itself_is_told_before_its_autoscaler() -> None:
    """B1, K4: both are told, and the greater trouble names the reason."""
    server = Server((resources.SCALED_OBJECTS, scaled_object())).with_model()
    server.refuses = errors.Forbidden("forbidden by RBAC")
    server.refused["Deployment"] = errors.Forbidden("a policy freezes changes")
    _, told = await Looking(server).drive()

    assert told is not None
    assert (told.phase, told.degraded) == ("Stopping", "RequestRefused")
    assert "ScaledObject fraud cannot be set, and is tried again: forbidden by RBAC" in told.message
    assert "a policy freezes changes" in told.refused


async def test_people_are_told_and_it_is_held_as_soon_as_the_api_server_lets_it_be() -> None:
    """K3, K4: the kill is reported as done, and what is missing beside it."""
    server = Server((resources.SCALED_OBJECTS, scaled_object())).with_model()
    server.refuses = errors.Forbidden("forbidden by RBAC")
    looking = Looking(server)
    again, told = await looking.drive()

    assert told is not None
    assert (told.phase, told.degraded) == ("Killed", "AutoscalerNotSet")
    assert "ScaledObject fraud cannot be set, and is tried again: forbidden by RBAC" in told.message
    assert again is not None
    assert timedelta(0) < again <= timedelta(seconds=5)
    server.refuses = None
    looking.now += timedelta(seconds=5)
    _, told = await looking.drive()
    assert told is not None
    assert (server.paused, told.phase, told.degraded) == ("0", "Killed", "")


async def test_a_refusal_that_lasts_costs_a_request_in_five_seconds() -> None:
    """B2."""
    server = Server((resources.SCALED_OBJECTS, scaled_object())).with_model()
    server.refuses = errors.Forbidden("forbidden by RBAC")
    looking = Looking(server)
    waits = []
    for _ in range(10):
        again, _ = await looking.drive()
        assert again is not None
        waits.append(again)
        looking.now += again
    assert waits[-1] == timedelta(seconds=5)


async def test_a_standby_scales_to_zero_and_leaves_the_autoscaler_to_the_leader() -> None:
    """F5."""
    server = Server((resources.SCALED_OBJECTS, scaled_object())).with_model()
    looking = Looking(server)
    await looking.drive()
    server.objects["Deployment", "fraud"]["spec"]["replicas"] = 3
    server.objects["ScaledObject", "fraud"]["metadata"]["annotations"] = {}
    looking.actor.leads = False
    for _ in range(3):
        await looking.drive()
        looking.now += timedelta(seconds=2)

    assert (server.replicas, server.paused) == (0, None)


async def test_an_autoscaler_that_belongs_to_keda_is_never_touched() -> None:
    """K3."""
    owner: dict[str, Any] = {"ownerReferences": [{"kind": "ScaledObject", "name": "fraud", "uid": "so"}]}
    server = Server(
        (resources.HPAS, hpa("keda-hpa-fraud", least=0, **owner)),
        (resources.SCALED_OBJECTS, scaled_object()),
    ).with_model()

    await Looking(server).drive()

    assert "HorizontalPodAutoscaler" not in server.writes
    assert server.paused == "0"


async def hold(server: Server) -> timedelta | None:
    held: Any = server
    return await Holder(
        cluster=held, store=server.store(), may_act=lambda: True, clock=lambda: datetime.now(UTC)
    ).hold(KEY)


async def test_the_autoscaler_of_a_workload_without_a_model_is_held_and_given_back() -> None:
    """K2, K3."""
    server = Server((resources.SCALED_OBJECTS, scaled_object("4")))
    await hold(server)
    assert (server.replicas, server.paused) == (0, "0")
    writes = len(server.writes)
    await hold(server)
    assert len(server.writes) == writes, "held: there is nothing to do"

    server.objects["KillSwitch", "stop"]["spec"]["engaged"] = False
    await hold(server)
    assert (server.replicas, server.paused) == (0, "4"), "what starts it again is for its owner"
    assert server.objects["KillSwitch", "stop"]["spec"]["restore"] == []


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
async def test_a_workload_without_a_model_is_scaled_to_zero_when_its_autoscaler_cannot_be_held(
    refusal: errors.ClusterError,
) -> None:
    """K1, K2."""
    server = Server((resources.HPAS, hpa(least=0)))
    server.refuses = refusal

    await hold(server)

    assert server.replicas == 0
