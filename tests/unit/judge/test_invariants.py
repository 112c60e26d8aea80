"""What holds for every sequence of looks, however long and odd (semantics.md, J1, J5)."""

import dataclasses
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lastgood.api import thresholds
from lastgood.judge import look, readings
from lastgood.judge.verdict import Track
from tests.unit.judge.given import GAP, Watch, threshold

texts = st.just("why")
numbers = st.floats()
without_value = st.one_of(
    st.builds(readings.Unreachable, texts),
    st.builds(readings.Refused, texts),
    st.builds(readings.Values, st.sampled_from([(), (float("nan"),)])),
)
any_reading = st.one_of(
    without_value, st.builds(readings.Values, st.lists(numbers, max_size=3).map(tuple), st.just(()))
)
not_asked = st.sampled_from([look.NotRunning(), look.WarmingUp()])


def asked_with(value: st.SearchStrategy[readings.Reading]) -> st.SearchStrategy[look.Look]:
    return st.builds(
        look.Asked,
        value=value,
        samples=st.none() | any_reading,
        server_has_data=st.booleans(),
        window_filling=st.booleans(),
    )


any_look = st.one_of(not_asked, asked_with(any_reading))
valueless_look = st.one_of(not_asked, asked_with(without_value))
some_seconds = st.integers(0, 60)
times = st.integers(-60, 600)


@st.composite
def any_threshold(draw: st.DrawFn) -> thresholds.ResolvedThreshold:
    fields: dict[str, object] = {"for": f"{draw(some_seconds)}s", "clearFor": f"{draw(some_seconds)}s"}
    fields["max"] = draw(st.none() | st.floats(-5, 5))
    fields["min"] = -10.0 if fields["max"] is None or draw(st.booleans()) else None
    fields["reduce"] = draw(st.none() | st.sampled_from(["max", "min", "avg", "sum"]))
    fields["onNoData"] = draw(st.sampled_from(["Hold", "Ignore", "Breach"]))
    fields["samples"] = draw(st.none() | st.just({"query": "n", "min": 2}))
    return threshold(**fields)


tracks = st.builds(
    Track,
    breaching_for=st.none() | st.timedeltas(timedelta(0), timedelta(minutes=2)),
    clear_for=st.just(None),
    established=st.just(False),
    looked_at=st.none(),
)


@settings(deadline=None)
@given(any_threshold(), tracks, st.lists(st.tuples(valueless_look, times), max_size=30))
def test_looks_without_a_value_never_breach_unless_a_person_asked_for_it(
    judged: thresholds.ResolvedThreshold, track: Track, seen: list[tuple[look.Look, int]]
) -> None:
    watch = Watch(judged, track=track)
    verdicts = {watch.look(each, after=after).verdict for each, after in seen}

    if judged.on_no_data is not thresholds.OnNoData.BREACH:
        assert verdicts <= {"Insufficient", "Blind", "Invalid"}


@settings(deadline=None)
@given(any_threshold(), st.lists(st.tuples(any_look, times), max_size=60))
def test_a_breach_needs_at_least_its_time_of_breaching_values(
    judged: thresholds.ResolvedThreshold, seen: list[tuple[look.Look, int]]
) -> None:
    watch = Watch(judged)
    breaching = timedelta(0)
    was_breaching, was_breach = False, False
    for each, after in seen:
        judgement = watch.look(each, after=after)
        breaches = judgement.reason not in ("", "NotClearYet") and judgement.verdict in ("Pending", "Breach")
        if breaches and was_breaching:
            breaching += min(max(timedelta(seconds=after), timedelta(0)), GAP)
        if judgement.verdict == "Breach" and not was_breach:
            assert breaching >= judged.for_
        was_breaching = breaches
        was_breach = judgement.track.established
        if judgement.track.breaching_for is None:
            breaching = timedelta(0)


@settings(deadline=None)
@given(any_threshold(), st.lists(st.tuples(any_look, times), max_size=60))
def test_an_ok_leaves_no_memory_and_a_due_time_never_grows(
    judged: thresholds.ResolvedThreshold, seen: list[tuple[look.Look, int]]
) -> None:
    watch = Watch(judged)
    last_due: timedelta | None = None
    for each, after in seen:
        judgement = watch.look(each, after=after)
        if judgement.verdict == "OK":
            assert judgement.track == Track(looked_at=watch.now, was_clear=True)
        if judgement.verdict == "Pending":
            assert judgement.due is not None
            assert timedelta(0) < judgement.due <= (judged.for_ if last_due is None else last_due)
            last_due = judgement.due
        else:
            assert judgement.due is None
        if judgement.track.breaching_for is None:
            last_due = None


@settings(deadline=None)
@given(any_threshold(), st.lists(st.tuples(any_look, times), max_size=60))
def test_only_a_breach_has_reached_its_time_and_only_values_change_what_is_remembered(
    judged: thresholds.ResolvedThreshold, seen: list[tuple[look.Look, int]]
) -> None:
    watch = Watch(judged)
    for each, after in seen:
        before = watch.track
        judgement = watch.look(each, after=after)
        if judgement.verdict == "Breach":
            assert judgement.track.established
        if judgement.verdict in ("Blind", "Invalid"):
            assert judgement.track == dataclasses.replace(before, looked_at=None)
