"""F2, F3: killed with SIGKILL before or after each write, and started again: the end is the same, counted once."""

from collections.abc import Callable

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, model

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
MOST_WRITES = 16
"""More decisive writes than any of these stories takes; a story that ends without a crash has met them all."""


def crash_everywhere(
    world: World, *, moment: str, begin: Callable[[], None], ended: Callable[[], bool]
) -> int:
    """Let the operator die at its first, second, ... write of a story, with a new operator after each death.

    Each operator gets one write further than the one before it, as each finds the facts of the last. Returns the
    number of deaths.
    """
    begin()
    for deaths in range(MOST_WRITES):
        with world.operator(crash=(moment, 1 if moment == "after" else 2)) as operator:
            world.eventually(operator.died_or(ended))
            if not operator.died:
                return deaths
    raise AssertionError(f"not ended after {MOST_WRITES} deaths: {world.told()}")


def rolled_back(world: World) -> bool:
    return (
        seeing.image(world) == "fraud:1.4.0"
        and seeing.verdict(world, "1.5.0") == "Bad"
        and seeing.condition(world, "RolledBack")[0] == "True"
    )


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_rollback_survives_a_crash_at_each_of_its_writes(world: World, moment: str) -> None:
    with world.operator():
        seeing.a_good_version_serves(world)

    def begin() -> None:
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"))

    deaths = crash_everywhere(world, moment=moment, begin=begin, ended=lambda: rolled_back(world))
    assert deaths >= (4 if moment == "after" else 2)
    assert len(seeing.rollbacks(world)) == 1
    assert seeing.verdict(world, "1.4.0") == "Good"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_and_its_release_survive_a_crash_at_each_of_their_writes(world: World, moment: str) -> None:
    with world.operator():
        seeing.a_good_version_serves(world)
    deaths = crash_everywhere(
        world,
        moment=moment,
        begin=lambda: seeing.engage(world),
        ended=lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True",
    )
    assert seeing.replicas(world) == 0
    assert seeing.pods(world) == []
    assert world.get("kswitch", "fraud-spec")["spec"]["restore"][0]["replicas"] == 3
    assert deaths >= 1
    crash_everywhere(
        world,
        moment=moment,
        begin=lambda: seeing.release(world),
        ended=lambda: seeing.replicas(world) == 3 and not seeing.entries(world, "fraud-spec"),
    )
    assert seeing.image(world) == "fraud:1.4.0"
