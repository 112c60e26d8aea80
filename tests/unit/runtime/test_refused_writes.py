"""What the API server does not let be done is told of, and tried again (semantics.md, B1, K4, F2)."""

from datetime import timedelta

import pytest

from lastgood.decide import records
from lastgood.decide.decision import Decision
from lastgood.kube import errors
from lastgood.runtime import refusals
from tests.unit.runtime.scaling_server import Server
from tests.unit.runtime.test_refused_autoscalers import Looking

FROZEN = errors.Forbidden(
    "PATCH deployments/fraud: ValidatingAdmissionPolicy 'freeze' denied request: frozen until Monday"
)
SILENT = errors.Unavailable("PATCH deployments/fraud: no answer from the API server")
HELD = errors.Held("PATCH deployments/fraud: held by KillSwitch stop")


async def told(looking: Looking) -> Decision | None:
    _, decision = await looking.drive()
    looking.now += timedelta(seconds=5)
    return decision


async def test_a_kill_that_the_api_server_refuses_is_told_of_as_one_that_is_not_done() -> None:
    """K4, B1."""
    server = Server().with_model()
    server.refused["Deployment"] = FROZEN

    decision = await told(Looking(server))

    assert decision is not None
    assert (decision.phase, decision.degraded) == ("Stopping", "RequestRefused")
    assert "frozen until Monday" in decision.refused
    assert server.replicas == 3


async def test_a_kill_is_done_and_told_as_done_once_the_api_server_lets_it_be() -> None:
    """K1, K4."""
    server = Server().with_model()
    server.refused["Deployment"] = FROZEN
    looking = Looking(server)
    await told(looking)
    server.refused.clear()

    decision = await told(looking)

    assert decision is not None
    assert (decision.phase, decision.degraded, decision.refused) == ("Killed", "", "")
    assert server.replicas == 0


async def test_a_record_that_the_api_server_refuses_is_told_of_and_nothing_is_done() -> None:
    """F2, B1: what is not recorded has no effect."""
    server = Server().with_model()
    server.refused |= {"KillSwitch": errors.Invalid("PATCH killswitches/stop: too long")}

    decision = await told(Looking(server))

    assert decision is not None
    assert isinstance(decision.records[0], records.SetEntries)
    assert (decision.phase, decision.degraded) == ("Stopping", "RequestRefused")
    assert server.asked == ["KillSwitch"]


@pytest.mark.parametrize("failure", [SILENT, errors.Forbidden("LIST pods: not allowed")])
async def test_a_kill_whose_pods_cannot_be_read_is_not_told_as_done(failure: errors.ClusterError) -> None:
    """K4: that no pod is left is known from a watch only, which may lag."""
    server = Server().with_model()
    server.unread["Pod"] = failure
    looking = Looking(server)

    said = [each for _ in range(refusals.LASTING) if (each := await told(looking)) is not None]

    assert server.replicas == 0
    assert {(each.phase, bool(each.degraded)) for each in said} == {("Stopping", True)}
    server.unread.clear()
    decision = await told(looking)
    assert decision is not None
    assert (decision.phase, decision.degraded) == ("Killed", "")


@pytest.mark.parametrize("failure", [SILENT, HELD])
async def test_a_failure_that_may_pass_by_itself_is_told_of_when_it_lasts(
    failure: errors.ClusterError,
) -> None:
    """B1, B2: an API server that restarts makes no status of each model."""
    server = Server().with_model()
    server.refused["Deployment"] = failure
    looking = Looking(server)

    said = [await told(looking) for _ in range(refusals.LASTING)]

    assert said[:-1] == [None] * (refusals.LASTING - 1)
    assert said[-1] is not None
    assert said[-1].phase == "Stopping"
    assert str(failure) in said[-1].refused


async def test_who_does_not_lead_tells_of_no_refusal() -> None:
    """F5."""
    server = Server().with_model()
    server.refused["Deployment"] = FROZEN
    looking = Looking(server)
    await told(looking)
    looking.actor.leads = False
    server.asked.clear()

    said = [await told(looking) for _ in range(3)]

    assert said == [None, None, None]
    assert server.asked == ["Deployment", "Deployment"]


async def test_a_refusal_that_lasts_costs_a_try_in_five_seconds() -> None:
    """B2."""
    server = Server().with_model()
    server.refused["Deployment"] = FROZEN
    looking = Looking(server)
    waits = [await looking.drive() for _ in range(8)]
    last, _ = waits[-1]
    assert last == timedelta(seconds=5)
