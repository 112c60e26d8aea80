import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastgood.api import durations

MICROSECOND = datetime.timedelta(microseconds=1)
DURATIONS = st.integers(min_value=0, max_value=durations.LONGEST // MICROSECOND).map(
    lambda n: n * MICROSECOND
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("15s", 15),
        ("1h30m", 5400),
        ("720h", 2_592_000),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("0.25s", 0.25),
        ("30m1h", 5400),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("1500ns", 0.000002),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_a_duration_reads_as_go_reads_it(written: str, seconds: float) -> None:
    assert durations.parse(written) == datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", "5", "1d", "-1m", "+1m", "1 m", "m", "1m ", "5M", "1e3s", ".5s", "1.s", "99999999h"]
)
def test_what_is_no_duration_is_refused_with_advice(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; write it like|is longer than any duration"):
        durations.parse(written)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (15, "15s"),
        (60, "1m"),
        (90, "1m30s"),
        (3600, "1h"),
        (5400, "1h30m"),
        (3601, "1h1s"),
        (2_592_000, "720h"),
        (0.5, "500ms"),
        (0.0015, "1.5ms"),
        (0.000007, "7us"),
        (1.25, "1.25s"),
        (60.5, "1m0.5s"),
    ],
)
def test_a_duration_is_written_in_one_short_form(seconds: float, written: str) -> None:
    assert durations.canonical(datetime.timedelta(seconds=seconds)) == written


def test_a_negative_duration_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="negative"):
        durations.canonical(datetime.timedelta(seconds=-1))


@given(DURATIONS)
def test_every_duration_survives_writing_and_reading(duration: datetime.timedelta) -> None:
    assert durations.parse(durations.canonical(duration)) == duration


@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["ms", "s", "m", "h"])), min_size=1, max_size=5)
)
def test_what_the_api_server_lets_through_can_be_read(parts: list[tuple[int, str]]) -> None:
    written = "".join(f"{number}{unit}" for number, unit in parts)
    assert re.fullmatch(durations.PATTERN, written)
    assert durations.parse(durations.canonical(durations.parse(written))) == durations.parse(written)
