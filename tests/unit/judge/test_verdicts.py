"""The six verdicts, what makes each, and which goes before which (semantics.md, J1 to J4)."""

from typing import Any

import pytest

from lastgood.judge import look, readings
from lastgood.judge.verdict import Reason
from tests.unit.judge.given import INF, NAN, NO_ANSWER, REFUSED, asked, once

SAMPLES = {"samples": {"query": "n", "min": 100}}
PARTIAL = readings.Values((50.0,), warnings=("some shard did not answer",))
EMPTY = readings.Values(())


def enough(*values: float) -> look.Asked:
    return asked(*values, samples=readings.Values((100.0,)))


@pytest.mark.parametrize(
    ("case", "seen", "fields", "verdict", "reason"),
    [
        ("a value inside its limits is OK", 10.0, {}, "OK", Reason.NONE),
        ("a value above max is a breach", 10.01, {}, "Breach", Reason.ABOVE_MAX),
        ("a value below min is a breach", 0.9, {"min": 1.0}, "Breach", Reason.BELOW_MIN),
        ("a value equal to min is OK", 1.0, {"min": 1.0}, "OK", Reason.NONE),
        ("only min may be given", 0.0, {"max": None, "min": 1.0}, "Breach", Reason.BELOW_MIN),
        ("+Inf is above every max", INF, {}, "Breach", Reason.ABOVE_MAX),
        ("-Inf is below every min", -INF, {"min": 0.0}, "Breach", Reason.BELOW_MIN),
        ("-Inf is not above a max", -INF, {}, "OK", Reason.NONE),
        ("a breach shorter than for is pending", 11.0, {"for": "1m"}, "Pending", Reason.ABOVE_MAX),
        ("NaN is too little to judge", NAN, {}, "Insufficient", Reason.NOT_A_NUMBER),
        ("no series is blind", asked(), {}, "Blind", Reason.NO_DATA),
        (
            "no series is warming up while the window still fills",
            asked(window_filling=True),
            {},
            "Insufficient",
            Reason.WARMING_UP,
        ),
        ("no answer is blind", look.Asked(NO_ANSWER), {}, "Blind", Reason.UNREACHABLE),
        ("partial data is blind", look.Asked(PARTIAL), {}, "Blind", Reason.PARTIAL_DATA),
        (
            "a remark on the query is no partial data",
            look.Asked(readings.Values((50.0,), warnings=("PromQL info: metric might not be a counter",))),
            {},
            "Breach",
            Reason.ABOVE_MAX,
        ),
        ("a refused query is invalid", look.Asked(REFUSED), {}, "Invalid", Reason.REFUSED),
        ("several series are invalid", asked(1.0, 2.0), {}, "Invalid", Reason.SEVERAL_SERIES),
        ("enough samples are judged", enough(50.0), SAMPLES, "Breach", Reason.ABOVE_MAX),
        (
            "one sample too few is not judged",
            asked(50.0, samples=readings.Values((99.0,))),
            SAMPLES,
            "Insufficient",
            Reason.TOO_FEW_SAMPLES,
        ),
        (
            "an empty samples answer is 0",
            asked(50.0, samples=EMPTY),
            SAMPLES,
            "Insufficient",
            Reason.TOO_FEW_SAMPLES,
        ),
        (
            "0 samples are enough where 0 are asked for",
            asked(50.0, samples=EMPTY),
            {"samples": {"query": "n", "min": 0}},
            "Breach",
            Reason.ABOVE_MAX,
        ),
        (
            "NaN samples are never enough",
            asked(50.0, samples=readings.Values((NAN,))),
            SAMPLES,
            "Insufficient",
            Reason.TOO_FEW_SAMPLES,
        ),
        (
            "several series of samples are invalid, whatever reduce says of the value",
            asked(50.0, samples=readings.Values((60.0, 60.0))),
            SAMPLES | {"reduce": "sum"},
            "Invalid",
            Reason.SEVERAL_SERIES,
        ),
        (
            "samples that are not answered blind the threshold",
            asked(50.0, samples=NO_ANSWER),
            SAMPLES,
            "Blind",
            Reason.UNREACHABLE,
        ),
        (
            "a version that does not run is not judged",
            look.NotRunning(),
            {},
            "Insufficient",
            Reason.NOT_RUNNING,
        ),
        ("a version that warms up is not judged", look.WarmingUp(), {}, "Insufficient", Reason.WARMING_UP),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) and " " in value else "",
)
def test_each_look_has_its_verdict(
    case: str, seen: look.Look | float, fields: dict[str, Any], verdict: str, reason: Reason
) -> None:
    judgement = once(seen, **fields)

    assert (judgement.verdict, judgement.reason) == (verdict, reason), case


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        (
            "Invalid goes before Blind by transport",
            look.Asked(NO_ANSWER, samples=REFUSED),
            "Invalid",
        ),
        (
            "Blind by transport goes before Insufficient",
            look.Asked(NO_ANSWER, samples=readings.Values((1.0,))),
            "Blind",
        ),
        (
            "Insufficient goes before Blind by an empty answer",
            asked(samples=readings.Values((1.0,))),
            "Insufficient",
        ),
        ("Blind by an empty answer goes before a value", enough(), "Blind"),
        (
            "Insufficient goes before a breach",
            asked(1000.0, samples=readings.Values((1.0,))),
            "Insufficient",
        ),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) and " " in value else "",
)
def test_of_two_verdicts_one_goes_before_the_other(case: str, seen: look.Look, verdict: str) -> None:
    assert once(seen, **SAMPLES).verdict == verdict, case


@pytest.mark.parametrize(
    ("reduce", "values", "reduced"),
    [
        ("max", (1.0, 9.0, 5.0), 9.0),
        ("min", (1.0, 9.0, 5.0), 1.0),
        ("avg", (1.0, 9.0, 5.0), 5.0),
        ("sum", (1.0, 3.0, 5.0), 9.0),
        ("max", (NAN, 3.0), 3.0),
        ("min", (NAN, 3.0), 3.0),
        ("max", (-INF, 3.0), 3.0),
        ("avg", (4.0,), 4.0),
    ],
)
def test_reduce_makes_one_number_of_several_series(
    reduce: str, values: tuple[float, ...], reduced: float
) -> None:
    assert once(asked(*values), reduce=reduce).value == reduced


@pytest.mark.parametrize("reduce", ["sum", "avg"])
@pytest.mark.parametrize("values", [(1.0, NAN), (INF, -INF), (NAN, NAN)])
def test_a_sum_that_leaves_out_a_part_is_no_number(reduce: str, values: tuple[float, ...]) -> None:
    assert once(asked(*values), reduce=reduce).reason is Reason.NOT_A_NUMBER


@pytest.mark.parametrize("reduce", ["max", "min"])
def test_nothing_but_nan_is_no_number(reduce: str) -> None:
    assert once(asked(NAN, NAN), reduce=reduce).reason is Reason.NOT_A_NUMBER


@pytest.mark.parametrize("reduce", ["sum", "avg"])
def test_a_sum_too_large_for_a_float_is_infinite_and_breaches(reduce: str) -> None:
    judgement = once(asked(1e308, 1e308, 1e308), reduce=reduce)

    assert (judgement.verdict, judgement.value) == ("Breach", INF)


def test_a_threshold_without_a_limit_is_never_judged_to_be_ok() -> None:
    judgement = once(1.0, query=None, alert="ModelToxic", max=None)

    assert (judgement.verdict, judgement.reason) == ("Invalid", Reason.NO_LIMIT)


def test_a_breach_says_the_value_and_the_limit() -> None:
    assert once(0.031, max=0.02).message == "0.031 is above the maximum 0.02"
    assert once(0.5, max=None, min=0.9).message == "0.5 is below the minimum 0.9"
