"""For how long a version has been fine (semantics.md, O3, K9)."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lastgood.judge import steady
from tests.unit.judge.given import GAP, START, seconds

BAKE = steady.Start("a", START)


def after(*looks: tuple[float, bool], start: steady.Start = BAKE) -> steady.Steady:
    known: steady.Steady | None = None
    now = START
    for later, counts in looks:
        now += seconds(later)
        known = steady.accumulate(known, start=start, counts=counts, now=now, longest_gap=GAP)
    assert known is not None
    return known


def test_time_between_two_looks_that_count_is_added() -> None:
    assert after((10, True), (10, True), (15, True)).lasted == seconds(25)


def test_one_look_that_counts_vouches_for_no_time() -> None:
    assert after((10, True)).lasted == seconds(0)


def test_a_look_that_does_not_count_pauses_the_sum_and_keeps_it() -> None:
    assert after((10, True), (10, True), (10, False), (10, True), (10, True)).lasted == seconds(20)


def test_a_long_gap_adds_no_more_than_the_longest() -> None:
    assert after((10, True), (7200, True)).lasted == GAP


def test_a_clock_that_goes_backwards_adds_nothing() -> None:
    assert after((10, True), (10, True), (-7200, True), (10, True)).lasted == seconds(20)


def test_another_start_empties_the_sum() -> None:
    known = after((10, True), (10, True))
    for start in (
        steady.Start("b", START),
        steady.Start("a", START + seconds(1)),
        steady.Start("a", START, probation_since=START),
        steady.Start("a", START, workload_uid="created again"),
    ):
        fresh = steady.accumulate(known, start=start, counts=True, now=START + seconds(30), longest_gap=GAP)
        assert fresh == steady.Steady(start, counted_at=START + seconds(30))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-60, 600), st.booleans()), min_size=1))
def test_the_sum_never_shrinks_and_never_outruns_the_looks_that_count(looks: list[tuple[int, bool]]) -> None:
    lasted = [after(*looks[:count]).lasted for count in range(1, len(looks) + 1)]

    assert lasted == sorted(lasted)
    assert lasted[-1] <= GAP * max(sum(counts for _, counts in looks) - 1, 0)
    assert lasted[0] == timedelta(0)
