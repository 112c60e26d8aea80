"""Making a version Good (semantics.md, O3)."""

from datetime import timedelta

import pytest

from lastgood.api.thresholds import Verdict
from lastgood.decide.decision import Phase
from lastgood.decide.rules import bake
from lastgood.decide.view import Judged
from lastgood.judge.verdict import Judgement
from tests.unit.decide.scenes import ERRORS, TOXIC, model


def test_a_version_is_good_after_its_whole_bake() -> None:
    """O3, V1."""
    made = model()
    made.wait(5)
    assert made.worth("a") == "Unproven"
    made.wait(1)

    assert made.worth("a") == "Good"
    assert made.version("a").verdict.reason == "Baked"


def test_time_without_data_does_not_count() -> None:
    made = model()
    made.silent.add(("img:a", "errors"))
    made.wait(30)
    assert made.worth("a") == "Unproven"
    made.silent.clear()
    made.wait(8)

    assert made.worth("a") == "Good"


def test_a_bake_without_end_says_what_is_missing() -> None:
    made = model()
    made.silent.add(("img:a", "errors"))
    decision = made.wait(21)

    assert (decision.phase, decision.reason) == (Phase.BAKING, "BakeStalled")
    assert "errors is Blind: the query gives no series" in decision.message


def test_time_without_data_counts_where_a_person_asked_for_it() -> None:
    made = model(thresholds=[ERRORS | {"onNoData": "Ignore"}])
    made.silent.add(("img:a", "errors"))
    made.wait(8)

    assert made.worth("a") == "Good"


@pytest.mark.parametrize(
    "thresholds",
    [[], [ERRORS | {"dryRun": True}], [ERRORS | {"onBreach": "Alert"}]],
    ids=["none", "dry", "alert"],
)
def test_a_model_without_acting_thresholds_bakes_by_being_available(thresholds: list[object]) -> None:
    made = model(thresholds=thresholds)
    made.breaches.add(("img:a", "errors"))
    made.wait(8)

    assert made.worth("a") == "Good"


def test_a_model_that_is_not_available_does_not_bake() -> None:
    made = model(thresholds=[])
    made.pods_left = 3
    made.wait(30)

    assert made.worth("a") == "Unproven"


def test_a_restart_of_the_operator_starts_the_bake_again() -> None:
    made = model()
    made.wait(4)
    made.crash()
    made.wait(3)
    assert made.worth("a") == "Unproven"
    made.wait(4)

    assert made.worth("a") == "Good"


def test_a_version_without_a_bake_is_good_once_it_is_judged_and_not_before() -> None:
    made = model(rollout={"bake": "0s"})
    made.round()
    unjudged = made.view()
    object.__setattr__(unjudged, "judged", ())
    decision = bake.make_good(unjudged)

    assert decision is None or not decision.records
    made.wait(1)
    assert made.worth("a") == "Good"


@pytest.mark.parametrize(
    ("verdict", "on_no_data", "counts"),
    [
        (Verdict.OK, "Hold", True),
        (Verdict.PENDING, "Ignore", False),
        (Verdict.BREACH, "Ignore", False),
        (Verdict.INVALID, "Ignore", False),
        (Verdict.INSUFFICIENT, "Hold", False),
        (Verdict.BLIND, "Hold", False),
        (Verdict.INSUFFICIENT, "Breach", False),
        (Verdict.INSUFFICIENT, "Ignore", True),
        (Verdict.BLIND, "Ignore", True),
    ],
)
def test_which_moments_count(verdict: Verdict, on_no_data: str, *, counts: bool) -> None:
    made = model(thresholds=[ERRORS | {"onNoData": on_no_data}])
    judged = (Judged(made.resolved[0], Judgement(verdict)),)

    assert bake.counts(judged) is counts


def test_every_acting_threshold_has_to_be_ok() -> None:
    made = model(thresholds=[ERRORS, TOXIC])
    one, other = made.resolved
    judged = (Judged(one, Judgement(Verdict.OK)), Judged(other, Judgement(Verdict.BLIND)))

    assert not bake.counts(judged)


def test_a_good_version_is_not_baked_again() -> None:
    made = model()
    made.wait(8)
    made.log.clear()
    made.wait(int(timedelta(days=1) / timedelta(hours=1)))

    assert made.log == []
