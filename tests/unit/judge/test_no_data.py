"""What `onNoData` makes of missing data, and what it never makes of it (semantics.md, J5)."""

import pytest

from lastgood.judge import look, readings
from lastgood.judge.verdict import Reason
from tests.unit.judge.given import NAN, NO_ANSWER, REFUSED, Watch, asked, once, threshold

SAMPLES = {"query": "n", "min": 10}
MISSING = {
    "an empty answer": asked(server_has_data=True, samples=readings.Values((10.0,))),
    "too few samples": asked(1.0, server_has_data=True, samples=readings.Values((9.0,))),
    "NaN": asked(NAN, server_has_data=True, samples=readings.Values((10.0,))),
}


@pytest.mark.parametrize("what", sorted(MISSING))
def test_missing_data_breaches_where_a_person_asked_for_it(what: str) -> None:
    judgement = once(MISSING[what], onNoData="Breach", samples=SAMPLES)

    assert judgement.verdict == "Breach"
    assert judgement.message.endswith("which onNoData: Breach takes for a breach")


@pytest.mark.parametrize("what", sorted(MISSING))
@pytest.mark.parametrize("on_no_data", ["Hold", "Ignore"])
def test_missing_data_is_no_breach_otherwise(what: str, on_no_data: str) -> None:
    assert once(MISSING[what], onNoData=on_no_data, samples=SAMPLES).verdict in ("Blind", "Insufficient")


def test_missing_data_has_to_last_for_as_long_as_a_value_would() -> None:
    watch = Watch(threshold(**{"onNoData": "Breach", "for": "20s"}))
    empty = asked(server_has_data=True)

    assert watch.looks([empty, empty, empty, empty]) == ["Pending", "Pending", "Breach", "Breach"]


def test_missing_data_and_breaching_values_make_one_breach() -> None:
    watch = Watch(threshold(**{"onNoData": "Breach", "for": "20s"}))

    assert watch.looks([11, asked(server_has_data=True), 11]) == ["Pending", "Pending", "Breach"]


def test_data_that_comes_back_ends_the_breach_like_any_value() -> None:
    watch = Watch(threshold(onNoData="Breach"))

    assert watch.looks([asked(server_has_data=True), 9]) == ["Breach", "OK"]


@pytest.mark.parametrize(
    "seen",
    [
        look.Asked(NO_ANSWER, server_has_data=True),
        asked(samples=NO_ANSWER, server_has_data=True),
        look.Asked(readings.Values((), warnings=("a store did not answer",)), server_has_data=True),
        look.Asked(REFUSED, server_has_data=True),
        asked(1.0, 2.0, server_has_data=True),
    ],
    ids=["no-answer", "no-samples-answer", "partial", "refused", "several-series"],
)
def test_a_broken_way_to_the_data_is_never_a_breach(seen: look.Look) -> None:
    watch = Watch(threshold(onNoData="Breach"))

    assert not {"Breach", "Pending"} & set(watch.looks([seen] * 20))


def test_an_empty_answer_of_a_server_without_data_is_never_a_breach() -> None:
    judgement = once(asked(server_has_data=False), onNoData="Breach")

    assert (judgement.verdict, judgement.reason) == ("Blind", Reason.NO_DATA)


@pytest.mark.parametrize(
    "seen",
    [
        look.WarmingUp(),
        look.NotRunning(),
        asked(server_has_data=True, window_filling=True),
        asked(NAN, server_has_data=True, window_filling=True),
        asked(1.0, samples=readings.Values(()), server_has_data=True, window_filling=True),
    ],
    ids=["warming-up", "not-running", "filling-empty", "filling-nan", "filling-few"],
)
def test_a_version_that_warms_up_or_does_not_run_never_breaches_by_missing_data(seen: look.Look) -> None:
    watch = Watch(threshold(onNoData="Breach", samples=SAMPLES))

    assert set(watch.looks([seen] * 20)) == {"Insufficient"}


def test_a_breaching_value_acts_while_the_window_still_fills() -> None:
    assert once(asked(11.0, window_filling=True), onNoData="Breach").verdict == "Breach"
