"""New versions whose pods do not start (semantics.md, R6)."""

import pytest

from lastgood.decide import records, steps
from tests.unit.decide.scenes import model, proven
from tests.unit.decide.simulator import World


@pytest.mark.parametrize("version", ["b"])
def test_a_new_version_whose_pods_crash_is_gone_back_from(version: str) -> None:
    made = proven()
    made.crashing.add(f"img:{version}")
    made.want(version)
    made.wait(1)

    assert made.rollbacks == [(version, "a")]
    assert made.version(version).verdict.reason == "StartFailed"


def test_a_new_version_whose_rollout_does_not_end_by_its_deadline_is_gone_back_from() -> None:
    made = proven(rollout={"progressDeadline": "3m"})
    made.want("b")
    made.round()
    made.round()
    made.rolling, made.pods_left = True, 2
    made.wait(2)
    assert made.running == "b"
    made.wait(1)

    assert made.rollbacks == [("b", "a")]


def test_a_pause_stops_the_deadline() -> None:
    made = proven(rollout={"progressDeadline": "3m"})
    made.paused = True
    made.want("b")
    made.rolling = True
    made.wait(30)

    assert made.rollbacks == []


def test_a_version_that_is_scaled_up_long_after_its_rollout_has_no_deadline() -> None:
    made = model(rollout={"bake": "24h", "progressDeadline": "3m"})
    made.wait(30)
    made.scale(8)
    made.pods_left = 5
    made.wait(30)

    assert made.worth("a") == "Unproven"
    assert made.done(records.Activate) == []


def test_a_good_version_whose_pods_fail_is_held_for_it_was_seen_to_work() -> None:
    made = proven()
    made.crashing.add("img:a")
    decision = made.wait(3)

    assert (made.worth("a"), decision.degraded) == ("Good", "RestoredVersionUnavailable")
    assert made.log == []


def test_a_new_version_may_be_rolled_out_over_a_good_one_whose_pods_fail() -> None:
    made = proven()
    made.crashing.add("img:a")
    made.wait(3)
    made.want("b")
    made.wait(1)

    assert made.running == "b"


def going_back_slowly(*, ready: bool) -> World:
    """Return a model that went back from b to a, of which only pods of b are there yet."""
    made = proven()
    made.crashing.add("img:b")
    made.want("b")
    made.wait(1)
    assert made.rollbacks == [("b", "a")]
    made.pods_template = made.version("b").template
    if ready:
        made.crashing.clear()
    return made


def test_a_rollback_empties_what_failed_where_nothing_is_available() -> None:
    """R3: then the limits of the rolling update protect nothing, and would only make the good pods wait."""
    made = going_back_slowly(ready=False)
    failed = made.version("b").digest
    made.rest()
    assert made.done(steps.EmptyReplicaSet) == [steps.EmptyReplicaSet(f"m-{failed[:8]}")]


def test_a_rollback_keeps_the_limits_of_the_rolling_update_while_something_is_available() -> None:
    """R3."""
    made = going_back_slowly(ready=True)
    made.rest()
    assert made.done(steps.EmptyReplicaSet) == []


def test_a_rollout_empties_nothing_whatever_is_available() -> None:
    """R3 speaks of rollbacks: a rollout that does not start is for its deadline."""
    made = proven()
    made.want("b")
    made.rest()
    made.crashing.add("img:a")
    made.pods_template = made.version("a").template
    made.rest()
    assert made.done(steps.EmptyReplicaSet) == []
