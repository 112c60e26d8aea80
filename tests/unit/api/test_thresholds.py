import datetime
from typing import Any

import pytest

from lastgood.api import thresholds
from lastgood.api.thresholds import OnBreach, OnNoData, PolicyThreshold, Reduce, Threshold

WARMUP = datetime.timedelta(minutes=2)
FROM = {"policy": "mlserver", "threshold": "latency-p99"}


def minutes(number: float) -> datetime.timedelta:
    return datetime.timedelta(minutes=number)


def threshold(**fields: Any) -> Threshold:
    return Threshold.model_validate({"name": "latency"} | fields)


def policy(**fields: Any) -> PolicyThreshold:
    return PolicyThreshold.model_validate({"name": "latency-p99", "query": "p99", "max": 1.0} | fields)


def resolve(given: Threshold, below: PolicyThreshold | None = None) -> thresholds.ResolvedThreshold:
    return thresholds.resolve(given, below, warmup=WARMUP)


def test_what_nobody_gives_has_a_default() -> None:
    resolved = resolve(threshold(query="vector(1)", max=2))

    assert resolved == thresholds.ResolvedThreshold(
        name="latency",
        query="vector(1)",
        alert=None,
        window=minutes(5),
        max=2.0,
        min=None,
        clear_max=2.0,
        clear_min=None,
        for_=minutes(0),
        clear_for=minutes(0),
        warmup=WARMUP,
        samples=None,
        on_breach=OnBreach.ROLLBACK,
        on_no_data=OnNoData.HOLD,
        reduce=None,
        dry_run=False,
        policy=None,
    )


def test_clear_for_follows_for() -> None:
    assert resolve(threshold(query="q", max=1, **{"for": "3m"})).clear_for == minutes(3)
    assert resolve(threshold(query="q", max=1, clearFor="1m", **{"for": "3m"})).clear_for == minutes(1)


def test_the_policy_gives_what_the_model_leaves_out() -> None:
    below = policy(
        window="10m", onBreach="Kill", onNoData="Breach", reduce="avg", warmup="1m", dryRun=True, clearFor="4m",
        samples={"query": "count", "min": 50},
    )  # fmt: skip
    resolved = resolve(threshold(**{"from": FROM}), below)

    assert (resolved.query, resolved.max, resolved.window) == ("p99", 1.0, minutes(10))
    assert (resolved.on_breach, resolved.on_no_data, resolved.reduce) == (
        OnBreach.KILL,
        OnNoData.BREACH,
        Reduce.AVG,
    )
    assert (resolved.warmup, resolved.clear_for, resolved.dry_run) == (minutes(1), minutes(4), True)
    assert resolved.samples == below.samples
    assert (resolved.name, resolved.policy) == ("latency", "mlserver/latency-p99")


def test_the_model_overrides_the_policy_even_with_a_default_value() -> None:
    below = policy(onBreach="Kill", dryRun=True, **{"for": "5m"})
    resolved = resolve(
        threshold(max=0.5, onBreach="Rollback", dryRun=False, **{"from": FROM, "for": "0s"}), below
    )

    assert (resolved.max, resolved.on_breach) == (0.5, OnBreach.ROLLBACK)
    assert (resolved.dry_run, resolved.for_) == (False, minutes(0))


def test_a_policys_clear_level_gives_way_to_a_stricter_limit_of_the_model() -> None:
    assert resolve(threshold(max=0.5, **{"from": FROM}), policy(clearMax=0.8)).clear_max == 0.5
    assert resolve(threshold(max=0.9, **{"from": FROM}), policy(clearMax=0.8)).clear_max == 0.8
    below = policy(max=None, min=10, clearMin=12)
    assert resolve(threshold(min=20, **{"from": FROM}), below).clear_min == 20


def test_a_policy_can_bring_an_alerting_rule() -> None:
    below = PolicyThreshold.model_validate({"name": "toxic", "alert": "ModelToxicityHigh"})
    resolved = resolve(threshold(**{"from": FROM}), below)

    assert (resolved.alert, resolved.query, resolved.max) == ("ModelToxicityHigh", None, None)


def test_a_policy_that_is_not_there_is_named() -> None:
    with pytest.raises(
        thresholds.ThresholdError, match=r"no threshold latency-p99 in a policy mlserver; create"
    ):
        resolve(threshold(**{"from": FROM}))


@pytest.mark.parametrize(
    ("fields", "below", "words"),
    [
        ({"from": FROM, "min": 2}, {}, "min above its max"),
        ({"from": FROM, "clearMax": 2}, {}, "clearMax above its max"),
        ({"from": FROM, "clearMin": 2, "min": 3}, {"max": None}, "clearMin below its min"),
        ({"from": FROM, "min": 0, "clearMin": 0.9, "clearMax": 0.8}, {}, "clearMin above its clearMax"),
        ({"from": FROM}, {"max": None}, "needs max, min or both"),
        ({"from": FROM}, {"query": None}, "exactly one of query and alert"),
    ],
)
def test_a_merge_that_cannot_be_judged_is_refused(fields: Any, below: Any, words: str) -> None:
    with pytest.raises(thresholds.ThresholdError, match=words):
        resolve(threshold(**fields), policy(**below))
