"""A metric that flaps around its limit acts only if it breaches for its whole time in one go (semantics.md, J1)."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.judge.given import GAP, Watch, seconds, threshold


def test_a_metric_that_flaps_for_a_day_never_acts() -> None:
    watch = Watch(threshold(**{"for": "30s"}))

    assert set(watch.looks([11, 11, 11, 9] * 2160)) == {"Pending", "OK"}


def test_once_in_breach_a_metric_that_flaps_stays_there_until_it_was_clear_for_long_enough() -> None:
    watch = Watch(threshold(**{"for": "20s", "clearFor": "30s"}))
    watch.looks([11, 11, 11])

    assert set(watch.looks([9, 9, 9, 11] * 100)) == {"Breach"}
    assert watch.looks([9, 9, 9, 9]) == ["Breach", "Breach", "Breach", "OK"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=60),
    st.integers(1, 90),
)
def test_the_first_breach_has_lasted_for_its_time_without_a_break(
    seen: list[tuple[bool, int]], for_: int
) -> None:
    watch, in_one_go = Watch(threshold(**{"for": f"{for_}s"})), timedelta(0)
    breaching = False
    for breaches, after in seen:
        verdict = watch.look(11 if breaches else 9, after=after).verdict
        in_one_go = in_one_go + min(seconds(after), GAP) if breaches and breaching else timedelta(0)
        breaching = breaches
        assert (verdict == "Breach") == (breaches and in_one_go >= seconds(for_))
        if verdict == "Breach":
            return
