import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastgood.api import quantities
from lastgood.api.quantities import IntOrPercent


@pytest.mark.parametrize(
    ("written", "total", "started"),
    [
        ("25%", 8, 2),
        ("25%", 3, 1),
        ("25%", 5, 2),
        ("100%", 7, 7),
        (3, 8, 3),
        (3, 2, 2),
        ("1%", 0, 1),
        (5, 0, 1),
    ],
)
def test_a_probation_starts_with_at_least_one_replica_and_never_more_than_before(
    written: int | str, total: int, started: int
) -> None:
    assert IntOrPercent.parse(written).of(total) == started


@pytest.mark.parametrize("written", ["25", "%", "1000%", "2.5%", "-5%", True, 2.5, None])
def test_what_is_neither_a_number_nor_a_percentage_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="neither a number of replicas"):
        IntOrPercent.parse(written)


def test_a_sample_is_written_as_prometheus_prints_it() -> None:
    assert [quantities.printed(value) for value in (0.031, 2.0, math.inf, -math.inf, math.nan, 1e300)] == [
        "0.031", "2", "+Inf", "-Inf", "NaN", "1e+300",
    ]  # fmt: skip


@given(st.floats(allow_nan=False))
def test_every_sample_survives_writing_and_reading(value: float) -> None:
    assert float(quantities.printed(value)) == value
