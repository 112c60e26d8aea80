"""How long a breach must last and a clearing take, and what gaps, restarts and clocks do to that (J1, J5, J7)."""

import dataclasses
from datetime import timedelta

import pytest

from lastgood.judge import look
from lastgood.judge.verdict import Reason, Track
from tests.unit.judge.given import GAP, NO_ANSWER, Watch, asked, seconds, threshold

UNREACHABLE = look.Asked(NO_ANSWER)


def test_a_breach_acts_once_it_has_lasted_for_its_time() -> None:
    watch = Watch(threshold(**{"for": "30s"}))

    assert watch.looks([11, 11, 11, 11, 11]) == ["Pending", "Pending", "Pending", "Breach", "Breach"]


def test_without_for_the_first_breaching_value_acts() -> None:
    assert Watch(threshold()).looks([11]) == ["Breach"]


def test_a_value_inside_the_limits_starts_for_again() -> None:
    watch = Watch(threshold(**{"for": "20s"}))

    assert watch.looks([11, 11, 9, 11, 11, 11]) == [
        "Pending",
        "Pending",
        "OK",
        "Pending",
        "Pending",
        "Breach",
    ]


def test_a_value_that_is_ok_leaves_no_memory_of_earlier_breaches() -> None:
    watch = Watch(threshold(**{"for": "20s"}))
    watch.looks([11, 11, 9])

    assert watch.track == Track(looked_at=watch.now, was_clear=True)


def test_time_before_the_first_breaching_value_does_not_count() -> None:
    watch = Watch(threshold(**{"for": "10s"}))
    watch.looks([9, 9])

    assert watch.look(11).verdict == "Pending"


def test_pending_says_after_how_much_more_breaching_time_it_acts() -> None:
    watch = Watch(threshold(**{"for": "25s"}))

    assert [watch.look(11).due for _ in range(4)] == [seconds(25), seconds(15), seconds(5), None]


def test_due_never_grows_while_the_breach_lasts_or_is_hidden() -> None:
    watch = Watch(threshold(**{"for": "60s"}))
    due = [watch.look(seen).due for seen in (11, 11, UNREACHABLE, asked(), 11, 11, 11)]

    known = [each for each in due if each is not None]
    assert known == sorted(known, reverse=True)
    assert known[0] == seconds(60)


def test_a_breach_ends_when_values_were_clear_for_long_enough() -> None:
    watch = Watch(threshold(clearFor="20s"))

    assert watch.looks([11, 9, 9, 9]) == ["Breach", "Breach", "Breach", "OK"]
    assert watch.track == Track(looked_at=watch.now, was_clear=True)


def test_clear_for_is_as_long_as_for_unless_told() -> None:
    watch = Watch(threshold(**{"for": "10s"}))

    assert watch.looks([11, 11, 9, 9]) == ["Pending", "Breach", "Breach", "OK"]


def test_a_breach_that_is_only_waiting_to_be_clear_says_so() -> None:
    watch = Watch(threshold(clearFor="1m"))
    watch.look(11)

    waiting = watch.look(9)
    assert waiting.reason is Reason.NOT_CLEAR_YET
    assert waiting.message == "inside its limits, but not clear for clearFor 1m yet"


def test_a_breach_that_a_value_in_the_dead_band_keeps_up_says_so() -> None:
    above = Watch(threshold(clearMax=5.0))
    above.look(11)
    assert above.look(7).message == "inside its limits, but 7 is above clearMax 5"
    below = Watch(threshold(max=None, min=0.9, clearMin=0.95))
    below.look(0.5)
    assert below.look(0.92).message == "inside its limits, but 0.92 is below clearMin 0.95"


def test_a_value_in_the_dead_band_neither_makes_nor_ends_a_breach() -> None:
    watch = Watch(threshold(clearMax=5.0))

    assert watch.looks([7, 11, 7, 7, 5]) == ["OK", "Breach", "Breach", "Breach", "OK"]


def test_a_value_in_the_dead_band_starts_the_clearing_again() -> None:
    watch = Watch(threshold(clearMax=5.0, clearFor="20s"))

    assert watch.looks([11, 4, 4, 7, 4, 4, 4]) == ["Breach"] * 6 + ["OK"]


def test_the_dead_band_of_a_minimum_lies_above_it() -> None:
    watch = Watch(threshold(max=None, min=0.9, clearMin=0.95))

    assert watch.looks([0.8, 0.92, 0.95]) == ["Breach", "Breach", "OK"]


def test_a_new_breaching_value_in_the_clearing_acts_at_once() -> None:
    watch = Watch(threshold(**{"for": "20s", "clearFor": "1m"}))
    watch.looks([11, 11, 11, 9, 9])

    assert watch.look(11).reason is Reason.ABOVE_MAX
    assert watch.look(11).verdict == "Breach"


@pytest.mark.parametrize(
    "hidden", [UNREACHABLE, asked(), asked(float("nan"))], ids=["transport", "empty", "nan"]
)
def test_missing_data_neither_clears_a_breach_nor_adds_to_it(hidden: look.Look) -> None:
    watch = Watch(threshold(**{"for": "30s"}))

    assert watch.looks([11, 11]) == ["Pending", "Pending"]
    frozen = watch.track
    for _ in range(100):
        assert watch.look(hidden).verdict in ("Blind", "Insufficient")
    assert watch.track == dataclasses.replace(frozen, looked_at=None)
    assert watch.looks([11, 11, 11]) == ["Pending", "Pending", "Breach"]


def test_a_breach_is_still_one_when_the_data_comes_back() -> None:
    watch = Watch(threshold(**{"for": "30s"}))
    watch.looks([11, 11, 11, 11, UNREACHABLE, UNREACHABLE])

    assert watch.look(9).reason is Reason.NOT_CLEAR_YET
    assert watch.look(11).reason is Reason.ABOVE_MAX


def test_missing_data_adds_nothing_to_the_clearing() -> None:
    watch = Watch(threshold(clearFor="20s"))

    assert watch.looks([11, 9, UNREACHABLE, UNREACHABLE, 9, 9, 9])[-3:] == ["Breach", "Breach", "OK"]


def test_two_looks_far_apart_vouch_for_no_more_than_the_longest_gap() -> None:
    watch = Watch(threshold(**{"for": "1h"}))
    watch.look(11)
    watch.look(11, after=7200)

    assert watch.track.breaching_for == GAP


def test_two_clear_looks_far_apart_do_not_end_a_breach() -> None:
    watch = Watch(threshold(clearFor="1h"))
    watch.looks([11, 9])

    assert watch.look(9, after=7200).verdict == "Breach"


def test_a_clock_that_goes_backwards_takes_no_time_away_and_adds_none() -> None:
    watch = Watch(threshold(**{"for": "30s"}))
    watch.looks([11, 11])
    watch.look(11, after=-3600)

    assert watch.track.breaching_for == seconds(10)
    assert watch.look(11).due == seconds(10)


@pytest.mark.parametrize("pause", [look.WarmingUp(), look.NotRunning()], ids=["restart", "stop"])
def test_what_was_seen_before_a_restart_does_not_count_after_it(pause: look.Look) -> None:
    watch = Watch(threshold(**{"for": "30s"}))
    watch.looks([11, 11, 11, 11])
    watch.look(pause)

    assert watch.track == Track(was_clear=True)
    assert watch.look(11).verdict == "Pending"


def test_a_scalar_of_zero_length_clear_time_ends_the_breach_with_one_value() -> None:
    watch = Watch(threshold(**{"for": "10s", "clearFor": "0s"}))

    assert watch.looks([11, 11, 9]) == ["Pending", "Breach", "OK"]
    assert watch.track.breaching_for is None
    assert watch.look(9).due is None
    assert timedelta(0) == watch.threshold.clear_for


@pytest.mark.parametrize("before", [9, look.WarmingUp()], ids=["a value that was OK", "a warm-up"])
def test_a_breach_after_a_clear_look_is_known_to_have_begun_and_keeps_its_beginning(
    before: look.Look | float,
) -> None:
    """P3."""
    watch = Watch(threshold(**{"for": "20s"}))
    watch.look(before)
    watch.look(11)
    began = watch.now
    watch.looks([11, UNREACHABLE, 11, 11])

    assert watch.track.began_at == began


def test_of_a_breach_that_is_there_at_the_first_look_it_is_not_known_when_it_began() -> None:
    """P3."""
    watch = Watch(threshold())
    watch.looks([11, 11, UNREACHABLE, 11])

    assert watch.track.began_at is None
