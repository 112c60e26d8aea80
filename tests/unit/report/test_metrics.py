"""What Prometheus reads from the operator, read with Prometheus' own parser."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from lastgood.api.thresholds import Verdict
from lastgood.decide import policy
from lastgood.decide.facts import Cause
from lastgood.judge.verdict import Reason
from lastgood.report.metrics import Metrics
from lastgood.report.transitions import transitions
from tests.unit.report import building

KEY = ("ml", "fraud")


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    body, content_type = metrics.exposition("text/plain")
    assert content_type.startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found[(sample.name, *(sample.labels[name] for name in sorted(sample.labels)))] = sample.value
    return found


def test_a_model_has_its_state_its_verdicts_and_its_live_values() -> None:
    metrics = Metrics()
    seen = building.baking()
    metrics.model_seen(KEY, seen, policy.decide(seen))
    samples = read(metrics)
    assert samples["lastgood_model_state", "fraud", "ml", "Baking"] == 1
    assert samples["lastgood_threshold_value", "fraud", "ml", "error-ratio", "1.5.0"] == 0.001
    assert samples["lastgood_threshold_verdict", "fraud", "ml", "error-ratio", "OK", "1.5.0"] == 1


def test_a_verdict_that_changes_leaves_no_second_series() -> None:
    metrics = Metrics()
    seen = building.baking()
    metrics.model_seen(KEY, seen, policy.decide(seen))
    blind = building.later(
        seen, 15, judged=(building.judged(Verdict.BLIND, Reason.UNREACHABLE, "no answer"),)
    )
    metrics.model_seen(KEY, blind, policy.decide(blind))
    names = [key for key in read(metrics) if key[0].startswith("lastgood_threshold")]
    assert names == [("lastgood_threshold_verdict", "fraud", "ml", "error-ratio", "Blind", "1.5.0")]


def test_a_model_that_goes_takes_all_its_series_along() -> None:
    metrics = Metrics()
    seen = building.baking()
    metrics.model_seen(KEY, seen, policy.decide(seen))
    metrics.rollback_decided(KEY)
    metrics.kill_engaged(KEY, Cause.AUTOMATIC)
    metrics.kill_engaged(("ml", "churn"), Cause.PERSON)
    assert read(metrics)["lastgood_rollbacks_total", "fraud", "ml"] == 1
    assert read(metrics)["lastgood_kills_total", "automatic", "fraud", "ml"] == 1
    metrics.model_gone(KEY)
    samples = read(metrics)
    assert not [key for key in samples if "fraud" in key]
    assert samples["lastgood_kills_total", "person", "churn", "ml"] == 1


def test_how_long_kills_and_rollbacks_took_is_counted_once() -> None:
    metrics = Metrics()
    before: dict[str, Any] = {"state": "Serving"}
    scenes = [building.rolling_back(arrived=False), building.rolling_back(arrived=True)]
    scenes += [building.killed(left=2), building.killed(left=0, now=4), building.killed(left=0, now=9)]
    for seen in scenes:
        after = building.report(seen, before)
        metrics.changed(after, transitions(before, after))
        before = after
    samples = read(metrics)
    assert samples["lastgood_rollback_seconds_count",] == samples["lastgood_time_to_zero_seconds_count",] == 1
    assert samples["lastgood_rollback_seconds_sum",] == 9.25
    assert samples["lastgood_time_to_zero_seconds_sum",] == 4


def test_the_operator_tells_of_itself() -> None:
    metrics = Metrics()
    metrics.leads(True)
    metrics.status_written("ModelDeployment")
    metrics.requested("patch", "Conflict")
    metrics.drive_seconds.observe(0.02)
    samples = read(metrics)
    assert samples["lastgood_leader",] == 1
    assert samples["lastgood_status_writes_total", "ModelDeployment"] == 1
    assert samples["lastgood_api_requests_total", "Conflict", "patch"] == 1
    assert samples["lastgood_drive_seconds_count",] == 1
    assert [key for key in samples if key[0] == "lastgood_build_info"]
