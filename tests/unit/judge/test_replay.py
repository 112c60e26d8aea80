"""The past is judged as it would have been judged then, and nothing before it counts (semantics.md, J6, J7)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lastgood.judge import judging, look, readings, replay, steady, warmup
from lastgood.judge.verdict import Judgement, Reason, Track
from tests.unit.judge.given import GAP, START, asked, seconds, threshold

STEP = seconds(10)
LONG_AGO = warmup.Settling(None, {}, START - timedelta(days=1))


def moments(count: int) -> tuple[datetime, ...]:
    return tuple(START + STEP * place for place in range(count))


def series(*values: float | tuple[float, ...] | None, **more: Any) -> readings.Series:
    """One value a step; None is no data, a tuple several series."""
    points = [
        (moment.timestamp(), value if isinstance(value, tuple) else (value,))
        for moment, value in zip(moments(len(values)), values, strict=True)
        if value is not None
    ]
    return readings.Series(tuple(points), **more)


def judged(
    value: readings.Series,
    *,
    count: int,
    fields: Mapping[str, Any],
    settling: warmup.Settling = LONG_AGO,
    earliest: datetime = START,
    **more: Any,
) -> list[Judgement]:
    past = replay.Past(threshold(**fields), earliest, value, **more)
    return replay.judgements(past, at=moments(count), settling=settling, longest_gap=GAP)


def verdicts(*values: float | tuple[float, ...] | None, **fields: Any) -> list[str]:
    found = judged(series(*values), count=len(values), fields=fields)
    return [each.verdict.value for each in found]


def test_a_breach_that_went_on_is_as_long_as_it_was() -> None:
    assert verdicts(9, 11, 11, 11, **{"for": "20s"}) == ["OK", "Pending", "Pending", "Breach"]


def test_hysteresis_is_where_it_was() -> None:
    found = judged(series(11, 11, 9, 7), count=4, fields={"for": "10s", "clearFor": "1m", "clearMax": 8.0})

    assert found[-1].reason is Reason.NOT_CLEAR_YET
    assert found[-1].track == Track(seconds(10), seconds(0), established=True, looked_at=START + 3 * STEP)


def test_a_moment_without_data_adds_nothing_and_clears_nothing() -> None:
    assert verdicts(11, None, None, 11, 11, **{"for": "20s"}) == [
        "Pending",
        "Blind",
        "Blind",
        "Pending",
        "Pending",
    ]


def test_several_series_and_nan_are_judged_as_ever() -> None:
    assert verdicts((1.0, 2.0), float("nan"), 11) == ["Invalid", "Insufficient", "Breach"]
    assert verdicts((1.0, 12.0), reduce="max") == ["Breach"]


def test_samples_count_as_well() -> None:
    fields = {"samples": {"query": "n", "min": 10}}
    found = judged(series(11, 11, 11), count=3, fields=fields, samples=series(9, None, 10))

    assert [each.verdict for each in found] == ["Insufficient", "Insufficient", "Breach"]


def test_missing_data_breaches_only_where_targets_were_up_and_a_person_asked_for_it() -> None:
    fields = {"onNoData": "Breach"}
    found = judged(series(None, None, 9), count=3, fields=fields, up=series(3, None, 3))
    assert [each.verdict for each in found] == ["Breach", "Blind", "OK"]

    assert judged(series(None), count=1, fields={}, up=series(3))[0].verdict == "Blind"


def test_partial_data_is_no_breach() -> None:
    found = judged(series(11, warnings=("a store did not answer",)), count=1, fields={})

    assert found[0].reason is Reason.PARTIAL_DATA


def test_nothing_before_the_moment_from_which_samples_count_is_judged() -> None:
    settling = warmup.Settling(None, {}, START)
    found = judged(
        series(11, 11, 11, 11, 11),
        count=5,
        fields={"for": "10s", "warmup": "15s"},
        settling=settling,
        earliest=START + seconds(25),
    )

    assert [each.reason for each in found][:3] == [Reason.WARMING_UP] * 3
    assert [each.verdict for each in found][3:] == ["Pending", "Breach"]


def test_a_moment_counts_only_if_it_is_late_enough_by_the_servers_clock_too() -> None:
    """J6, J7: a clock of ours that was set ahead calls moments late that were before what others have dated."""

    def first_counted(ahead: float) -> int:
        found = judged(series(*[11] * 6, ahead=ahead), count=6, fields={}, earliest=START + seconds(10))
        return [each.reason for each in found].count(Reason.WARMING_UP)

    assert [first_counted(ahead) for ahead in (-30.0, -20.0, 0.0, 20.0)] == [4, 3, 1, 1]


def test_what_has_not_come_for_the_server_is_no_missing_data() -> None:
    """J5, J6: whether targets were up may have been asked a moment later than the value."""
    up = series(1, 1, 1, 1)
    value = series(9, 9, None, None, until=(START + STEP).timestamp())
    found = judged(value, count=4, fields={"onNoData": "Breach"}, up=up)
    assert [each.verdict for each in found] == ["OK", "OK", "Blind", "Blind"]
    samples = series(500, 500, 500, until=(START + 2 * STEP).timestamp())
    fields = {"onNoData": "Breach", "samples": {"query": "n", "min": 100}}
    found = judged(series(9, 9, 9, 9), count=4, fields=fields, up=up, samples=samples)
    assert [each.verdict for each in found] == ["OK", "OK", "OK", "Insufficient"]


def test_only_moments_with_the_whole_window_count() -> None:
    settling = warmup.Settling(None, {}, START)
    judged_by = threshold(window="5m", warmup="1m")
    changed = START + timedelta(minutes=20)

    def first(**given_: Any) -> datetime | None:
        return replay.earliest(judged_by, settling=settling, **given_)

    assert first(windowed=True, asked_since=None) == START + timedelta(minutes=6)
    assert first(windowed=False, asked_since=None) == START + timedelta(minutes=1, seconds=1)
    assert first(windowed=True, asked_since=changed) == changed + seconds(1)
    pods_come_and_go = warmup.Settling(None, {}, None)
    assert replay.earliest(judged_by, settling=pods_come_and_go, windowed=True, asked_since=None) is None


def test_the_moments_are_whole_seconds_a_step_apart_and_end_before_now() -> None:
    now = START + timedelta(seconds=60, milliseconds=700)

    assert replay.moments(first=START + seconds(31), now=now, step=STEP, most=9) == (
        START + seconds(40),
        START + seconds(50),
    )
    assert len(replay.moments(first=START - timedelta(days=9), now=now, step=STEP, most=9)) == 9
    assert replay.moments(first=now, now=now, step=STEP, most=9) == ()


def test_a_threshold_that_remembers_nothing_needs_no_past() -> None:
    assert not replay.has_memory(threshold())
    assert replay.has_memory(threshold(**{"for": "1s"}))
    assert replay.has_memory(threshold(clearFor="1s"))
    assert replay.has_memory(threshold(clearMax=5.0))


def test_only_time_that_was_ok_by_its_values_and_available_is_steady() -> None:
    start = steady.Start("a", START)
    values = judged(series(9, 9, 9, 11, None, 9, 9), count=7, fields={"onNoData": "Ignore"})

    def lasted(available_since: datetime) -> timedelta:
        return replay.steady_time(
            [values], start=start, at=moments(7), available_since=available_since, longest_gap=GAP
        ).lasted

    assert lasted(START) == seconds(30)
    assert lasted(START + seconds(15)) == seconds(10)
    assert lasted(START + timedelta(hours=1)) == seconds(0)


values = st.lists(st.none() | st.sampled_from([5.0, 9.0, 11.0, 50.0]), min_size=1, max_size=40)
fields_of = st.fixed_dictionaries(
    {"for": st.sampled_from(["0s", "20s", "1m"]), "clearFor": st.sampled_from(["0s", "30s"])}
)


@settings(deadline=None)
@given(values, fields_of)
def test_who_recalls_knows_what_it_would_know_if_it_had_looked(
    seen: list[float | None], fields: dict[str, str]
) -> None:
    track = Track()
    judged_by = threshold(**fields)
    for now, value in zip(moments(len(seen)), seen, strict=True):
        shown: look.Look = asked() if value is None else asked(value)
        live = judging.judge(judged_by, look=shown, track=track, now=now, longest_gap=GAP)
        track = live.track

    assert judged(series(*seen), count=len(seen), fields=fields)[-1].track == track
