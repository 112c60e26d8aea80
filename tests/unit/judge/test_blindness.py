"""When most models on a Prometheus turn Blind, it is that Prometheus which fails (semantics.md, J8)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastgood.api.thresholds import Verdict
from lastgood.judge import blindness
from lastgood.judge.blindness import Glance, Sight
from lastgood.judge.verdict import Judgement, Reason
from tests.unit.judge.given import START, seconds

INTERVAL = seconds(15)


def glances(seen: str, at: datetime, *, interval: timedelta = INTERVAL) -> dict[object, Glance]:
    """Look at models `0`, `1`, ...: `x` is blind, `.` is seen, a blank is not looked at."""
    return {place: Glance(at, mark == "x", interval) for place, mark in enumerate(seen) if mark != " "}


def over_time(*rounds: str, every: timedelta = INTERVAL) -> list[bool]:
    """Look again and again; return after each round whether nothing is to be done."""
    sight, now, blinded = Sight(), START, []
    for seen in rounds:
        sight = blindness.look(sight, glances(seen, now), now=now)
        blinded.append(sight.blinded)
        now += every
    return blinded


@pytest.mark.parametrize(
    ("seen", "blinded"),
    [
        ("....", False),
        ("x...", False),
        ("xx", False),
        ("xxx", True),
        ("xx.", False),
        ("xxx...", False),
        ("xxxx...", True),
        ("xxx..", True),
        ("x" * 500 + "." * 500, False),
        ("x" * 501 + "." * 499, True),
    ],
)
def test_more_than_half_and_at_least_three_must_be_blind(seen: str, blinded: bool) -> None:
    assert over_time(seen) == [blinded]


def test_models_that_are_looked_at_one_after_the_other_are_blind_together() -> None:
    assert over_time("x    ", " x   ", "  x  ", "   . ", "    .", every=seconds(3)) == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_it_ends_after_a_whole_interval_in_which_most_were_seen() -> None:
    assert over_time("....", "xxxx", "....", "....", "....") == [False, True, True, False, False]


def test_an_interval_that_is_not_clean_begins_the_wait_again() -> None:
    rounds = ("xxxx", "....", "xxxx", "....", "....")

    assert over_time(*rounds) == [True, True, True, True, False]


def test_a_single_model_that_stays_blind_does_not_hold_up_the_others() -> None:
    assert over_time("xxxx", "x...", "x...", "x...") == [True, True, False, False]


def test_a_model_that_is_looked_at_once_an_hour_does_not_make_the_others_wait_for_an_hour() -> None:
    slow: dict[object, Glance] = {"slow": Glance(START, True, timedelta(hours=1))}
    sight = blindness.look(Sight(), glances("xxx", START) | slow, now=START)
    for step in (1, 2):
        now = START + step * INTERVAL
        sight = blindness.look(sight, glances("...", now), now=now)

    assert not sight.blinded


def test_models_that_are_gone_count_no_longer() -> None:
    sight = blindness.look(Sight(), glances("xxx..", START), now=START)
    later = START + timedelta(minutes=2)
    sight = blindness.look(sight, glances("   ..", later), now=later)

    assert len(sight.glances) == 2
    assert sight.blind == 0


def test_a_server_that_nobody_asks_any_more_is_forgotten() -> None:
    sight = blindness.look(Sight(), glances("xxx", START), now=START)

    assert blindness.look(sight, {}, now=START + timedelta(hours=1)) == Sight()


@pytest.mark.parametrize("reason", list(Reason))
def test_only_the_way_to_prometheus_makes_blind_here(reason: Reason) -> None:
    by_transport = reason in (Reason.UNREACHABLE, Reason.PARTIAL_DATA)

    assert blindness.is_blind(Judgement(Verdict.BLIND, reason)) is by_transport


@settings(deadline=None)
@given(st.lists(st.text("x. ", min_size=5, max_size=5), min_size=1, max_size=12))
def test_while_most_are_blind_nothing_is_ever_to_be_done(rounds: Sequence[str]) -> None:
    known = [" "] * 5
    for seen, blinded in zip(rounds, over_time(*rounds, every=seconds(1)), strict=True):
        known = [now if now != " " else before for now, before in zip(seen, known, strict=True)]
        looked_at = len(known) - known.count(" ")
        if known.count("x") >= 3 and known.count("x") * 2 > looked_at:
            assert blinded
