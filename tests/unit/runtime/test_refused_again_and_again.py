"""What cannot be done for long: told of once, and tried no more often than it is worth (semantics.md, B1, F2, K5)."""

from datetime import timedelta

import pytest

from lastgood.decide.decision import Decision
from lastgood.kube import errors
from lastgood.runtime import contest, refusals
from tests.unit.runtime.scaling_server import Server
from tests.unit.runtime.test_refused_autoscalers import Looking


async def looks(looking: Looking, times: int) -> list[tuple[timedelta | None, Decision | None]]:
    found = []
    for _ in range(times):
        found.append(await looking.drive())
        looking.now += timedelta(seconds=5)
    return found


async def test_a_record_that_conflicts_for_ever_is_told_of_and_not_tried_without_a_pause() -> None:
    """B1, B2."""
    server = Server().with_model()
    server.refused["KillSwitch"] = errors.Conflict("PATCH killswitches/stop: the object has been modified")

    found = await looks(Looking(server), refusals.LASTING)

    assert [wait for wait, _ in found] == [contest.retry_in(n) for n in (1, 2, 3)] + 2 * [
        timedelta(seconds=contest.AFTER_CONFLICTS)
    ]
    told = found[-1][1]
    assert told is not None
    assert (told.phase, told.degraded) == ("Stopping", "RequestRefused")
    assert "KillSwitch stop keeps changing" in told.refused


@pytest.mark.parametrize(
    "vary",
    [
        "request 5f1d9a77-0c1f-4b5e-9c3e-{n:012d} denied by webhook",
        "denied at 2026-11-22T12:00:{n:02d}Z",
        "over quota: {n} of 10",
    ],
)
async def test_a_refusal_whose_numbers_change_is_told_in_the_same_words(vary: str) -> None:
    """F2: no status is written at each try."""
    server, said = Server().with_model(), set()
    looking = Looking(server)
    for number in range(10, 16):
        server.refused["Deployment"] = errors.Forbidden(vary.format(n=number))
        for _, told in await looks(looking, 1):
            assert told is not None
            said.add(told.refused)

    assert len(said) == 1
    assert vary.format(n=10) in said.pop()


async def test_another_refusal_is_told_in_its_own_words() -> None:
    """B1."""
    server = Server().with_model()
    looking = Looking(server)
    for why in ("frozen until Monday", "quota exceeded"):
        server.refused["Deployment"] = errors.Forbidden(why)
        ((_, told),) = await looks(looking, 1)
        assert told is not None
        assert why in told.refused
