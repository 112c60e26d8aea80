"""A status changes only when something that a person would see has changed: never with mere time."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastgood.api.thresholds import OnBreach, Verdict
from lastgood.decide import policy
from lastgood.decide.view import View
from lastgood.judge.verdict import Reason
from lastgood.report.summary import summarize
from tests.unit.report import building
from tests.unit.report.building import report

SCENES: dict[str, Callable[[], View]] = {
    "baking": building.baking,
    "rolling back": lambda: building.rolling_back(arrived=False),
    "rolled back": lambda: building.rolling_back(arrived=True),
    "stopping": lambda: building.killed(left=2),
    "killed": lambda: building.killed(left=0),
    "recovering": building.recovering,
    "nothing known": building.view,
    "idle": lambda: building.view(
        spec={"version": building.OLD},
        checkpoints=[building.good_old()],
        runs=building.workload(building.OLD, replicas=0),
    ),
    "suspended": lambda: dataclasses.replace(building.view(spec={"suspend": True})),
}

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
broken = st.dictionaries(
    st.sampled_from(
        [
            "state",
            "stateSince",
            "conditions",
            "thresholds",
            "killSwitch",
            "lastRollback",
            "observedGeneration",
        ]
    ),
    json,
)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("previous", [None, {}, {"state": "Serving"}], ids=["none", "empty", "serving"])
def test_a_status_repeats_itself_while_only_time_passes(scene: str, previous: dict[str, Any] | None) -> None:
    seen = SCENES[scene]()
    first = report(seen, previous)
    for seconds in (0.001, 1, 29, 3600 * 24):
        moved = building.later(seen, seconds)
        # The same decision: what a decision says of passing time is the policy's, and may end in another.
        assert summarize(moved, policy.decide(seen), previous=first) == first


@given(
    scene=st.sampled_from(sorted(SCENES)),
    passed=st.floats(0, 1e6, allow_nan=False),
    good_for=st.floats(0, 29),
    live=st.floats(0.021, 1),
)
def test_neither_seconds_nor_live_values_reach_a_status(
    scene: str, passed: float, good_for: float, live: float
) -> None:
    def with_value(seen: View, value: float) -> View:
        said = f"{value:.4g} is above the maximum 0.02"
        breach = building.judged(
            Verdict.BREACH, Reason.ABOVE_MAX, said, value=value, onBreach=OnBreach.HOLD.value
        )
        return dataclasses.replace(seen, judged=(breach,))

    seen = with_value(SCENES[scene](), 0.5)
    first = report(seen)
    moved = dataclasses.replace(with_value(seen, live), good_for=timedelta(seconds=good_for))
    same = policy.decide(moved)
    moved = building.later(moved, passed)
    assert summarize(moved, same, previous=first) == first


@given(scene=st.sampled_from(sorted(SCENES)), previous=broken | json)
def test_a_broken_status_never_stops_a_report_and_is_repaired_at_once(scene: str, previous: Any) -> None:
    seen = SCENES[scene]()
    first = report(seen, previous)
    assert report(seen, first) == first


def test_a_time_is_kept_until_what_it_speaks_of_changes() -> None:
    first = report(building.baking())
    later = building.later(building.baking(), 60)
    breach = building.judged(Verdict.BREACH, Reason.ABOVE_MAX, "0.5 is above the maximum 0.02", value=0.5)
    kept = report(later, first)
    assert (kept["stateSince"], kept["thresholds"][0]["since"]) == (first["stateSince"],) * 2
    changed = report(dataclasses.replace(later, judged=(breach,)), first)
    assert changed["stateSince"] == changed["thresholds"][0]["since"] == "2026-11-22T12:01:00.000000Z"
    assert changed["thresholds"][0]["value"] == "0.5"


def test_a_value_is_the_one_at_the_change_of_verdict() -> None:
    first = report(building.baking())
    moved = building.later(building.baking(), 15, judged=(building.judged(value=0.019),))
    assert report(moved, first)["thresholds"][0]["value"] == "0.001"


HTML = "Prometheus at http://prom:9090 answered something that is not Prometheus' (text/html); check prometheus.url"


def blind(message: str, verdict: Verdict = Verdict.BLIND, reason: Reason = Reason.UNREACHABLE) -> View:
    return dataclasses.replace(building.baking(), judged=(building.judged(verdict, reason, message),))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HTML, "Prometheus at http://prom:9090 answered 500"),
        ("Prometheus answered 500", "Prometheus answered 503"),
        ("Prometheus refuses the query (400): a", "Prometheus refuses the query (422): a"),
        ("Prometheus refuses connections", "Prometheus did not answer within 10 s"),
    ],
)
def test_another_cause_of_the_same_verdict_is_told_and_its_time_stays(before: str, after: str) -> None:
    """J3: whoever has mended the first cause must not read of it any more."""
    first = report(blind(before))
    second = report(building.later(blind(after), 90), first)
    assert second["thresholds"][0]["message"] == after
    assert after in building.condition(second, "Monitored")["message"]
    assert second["thresholds"][0]["since"] == first["thresholds"][0]["since"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "Prometheus answered 500: request 7f3a-11 took 1.2s",
            "Prometheus answered 500: request 88b0-7c took 0.9s",
        ),
        (
            "the clock of Prometheus and ours are 41 s apart; more than 30 s cannot be judged",
            "the clock of Prometheus and ours are 42 s apart; more than 30 s cannot be judged",
        ),
    ],
)
def test_another_number_or_id_is_no_other_cause(before: str, after: str) -> None:
    first = report(blind(before))
    assert report(building.later(blind(after), 1), first) == first


def test_a_new_generation_shows_the_message_of_now_and_keeps_the_time() -> None:
    def breaching(text: str, generation: int) -> View:
        said = building.judged(Verdict.BREACH, Reason.ABOVE_MAX, text, onBreach="Alert")
        return building.view(
            checkpoints=building.baking().facts.checkpoints,
            runs=building.baking().workload,
            judgements=[said],
            generation=generation,
        )

    first = report(breaching("0.5 is above the maximum 0.02", 3))
    second = report(building.later(breaching("0.5 is above the maximum 0.05", 4), 60), first)
    assert second["thresholds"][0]["message"] == "0.5 is above the maximum 0.05"
    assert second["thresholds"][0]["since"] == first["thresholds"][0]["since"]
