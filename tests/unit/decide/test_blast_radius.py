"""Automatic kills stay within their limit; past it a model is held and says so (semantics.md, J9)."""

from datetime import timedelta

import pytest

from lastgood.decide import blast, facts
from tests.unit.decide.scenes import breaching, proven, released
from tests.unit.decide.simulator import START, World

FULL = blast.Room(others=5, limit=5)
MINUTE = timedelta(minutes=1)


def toxic(made: World | None = None) -> World:
    made = proven() if made is None else made
    made.room = FULL
    made.breaches.add(("img:a", "toxic"))
    made.wait(2)
    return made


def test_a_kill_too_many_is_held_and_says_what_it_would_have_done() -> None:
    made = toxic()
    decision = made.rest()

    assert (made.replicas, made.log, made.switches) == (4, [], [])
    assert (decision.reason, decision.degraded) == ("BlastRadius", "BlastRadius")
    assert decision.message == (
        "threshold toxic: 9 is above the maximum 1; not killed: at most 5 models are killed automatically in 10 minutes"
    )


def test_once_there_is_room_again_the_breach_kills() -> None:
    made = toxic()
    made.room = blast.Room(others=4, limit=5)
    made.rest()

    assert made.replicas == 0
    assert made.switch("m").engaged


def test_a_person_kills_whatever_was_killed_before() -> None:
    made = toxic()
    made.engage()
    made.rest()

    assert made.replicas == 0


def test_a_better_version_is_the_way_out_of_the_hold() -> None:
    made = toxic()
    made.want("b")
    made.wait(2)

    assert made.running == "b"


def test_a_rollback_is_no_kill_and_goes_on() -> None:
    made = breaching(minutes=0)
    made.room = FULL
    made.breaches.add(("img:b", "toxic"))
    made.wait(1)

    assert made.rollbacks == [("b", "a")]


def test_the_kill_for_want_of_a_good_version_counts_as_well() -> None:
    made = proven("a", rollback={"onNoGoodVersion": "Kill"})
    made.room = FULL
    made.breaches.add(("img:a", "errors"))
    made.wait(1)
    made.overrule("a", facts.Worth.BAD)
    decision = made.rest()

    assert (made.replicas, decision.reason) == (4, "BlastRadius")
    made.room = blast.Room()
    made.rest()
    assert made.replicas == 0


def test_a_kill_in_probation_counts_as_well_and_stays_at_few_replicas() -> None:
    made = released()
    made.room = FULL
    made.breaches.add(("img:a", "errors"))
    decision = made.wait(2)

    assert (made.replicas, decision.reason, decision.degraded) == (1, "BlastRadius", "BlastRadius")
    made.room = blast.Room()
    made.rest()
    assert made.replicas == 0


def test_suspend_says_so_and_not_the_limit() -> None:
    made = proven(suspend=True)

    assert toxic(made).rest().degraded == ""


@pytest.mark.parametrize(("models", "most"), [(0, 5), (20, 5), (25, 5), (29, 5), (30, 6), (1000, 200)])
def test_the_larger_of_number_and_percentage_is_the_limit(models: int, most: int) -> None:
    assert blast.limit(most=5, percent=20, models=models) == most


def test_a_kill_counts_for_ten_minutes_and_also_when_a_clock_is_ahead() -> None:
    kills = {
        "now": START,
        "a clock ahead": START + 2 * MINUTE,
        "nine minutes ago": START - 9 * MINUTE,
        "ten minutes ago": START - 10 * MINUTE,
        "no clock": START + timedelta(days=400),
    }

    assert list(blast.recent(kills, now=START)) == ["now", "a clock ahead", "nine minutes ago"]
