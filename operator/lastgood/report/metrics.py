"""What Prometheus is told of the operator itself: live values, counts and times.

What belongs to a model is kept by model and written out at each scrape, so that a model that goes takes its series
along, and a verdict that changes leaves no second series behind. Labels are bounded by what people have named: models,
their versions that run, and their thresholds; no query, message or pod name is ever a label.
"""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import prometheus_client
from prometheus_client import core, exposition, registry

import lastgood
from lastgood.api import durations
from lastgood.decide import facts
from lastgood.decide.decision import Decision
from lastgood.decide.view import View
from lastgood.report.transitions import Notice

Key = tuple[str, str]
"""Namespace and name of a model."""

OF_A_MODEL: Final = ("namespace", "model")
OF_A_THRESHOLD: Final = ("namespace", "model", "version", "threshold")
DRIVE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LATENESS_SECONDS: Final = (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
WAIT_SECONDS: Final = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)


@dataclass(frozen=True, slots=True)
class _Threshold:
    version: str
    name: str
    verdict: str
    value: float | None


@dataclass(frozen=True, slots=True)
class _Model:
    state: str
    thresholds: tuple[_Threshold, ...]


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = prometheus_client.CollectorRegistry()
        self._models = _Models()
        self.registry.register(self._models)
        prometheus_client.ProcessCollector(registry=self.registry)
        self.drive_seconds = self._histogram(
            "lastgood_drive_seconds", "From looking at a model to having nothing left to do.", DRIVE_SECONDS
        )
        self.evaluation_seconds = self._histogram(
            "lastgood_evaluation_seconds",
            "From asking for the values of a round of models to having them.",
            DRIVE_SECONDS,
        )
        self.evaluation_lateness_seconds = self._histogram(
            "lastgood_evaluation_lateness_seconds",
            "How much later than due an evaluation began.",
            LATENESS_SECONDS,
        )
        self.time_to_zero_seconds = self._histogram(
            "lastgood_time_to_zero_seconds", "From engaging a kill switch to no pod being left.", WAIT_SECONDS
        )
        self.rollback_seconds = self._histogram(
            "lastgood_rollback_seconds",
            "From deciding on a rollback to the earlier version being available.",
            WAIT_SECONDS,
        )
        self._leader = prometheus_client.Gauge(
            "lastgood_leader", "1 while this process holds the lease.", registry=self.registry
        )
        self._blinded = prometheus_client.Gauge(
            "lastgood_prometheus_mass_blindness",
            "1 while most models on a Prometheus are Blind, so that nothing is done on its word.",
            ("server",),
            registry=self.registry,
        )
        self._status_writes = self._counter("lastgood_status_writes", "Statuses written, by kind.", "kind")
        self._requests = self._counter(
            "lastgood_api_requests", "Requests to the API server, by verb and outcome.", "verb", "outcome"
        )
        build = prometheus_client.Gauge(
            "lastgood_build_info",
            "1, with the release as labels.",
            ("version", "python"),
            registry=self.registry,
        )
        build.labels(lastgood.__version__, platform.python_version()).set(1)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> prometheus_client.Histogram:
        return prometheus_client.Histogram(name, text, buckets=buckets, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> prometheus_client.Counter:
        return prometheus_client.Counter(name, text, labels, registry=self.registry)

    def model_seen(self, key: Key, view: View, decision: Decision) -> None:
        """Take the live values and the state of a model."""
        active = view.active
        thresholds = () if active is None else tuple(_thresholds(view, active))
        self._models.now[key] = _Model(decision.phase.value, thresholds)

    def rollback_decided(self, key: Key) -> None:
        """Count an automatic rollback, once it is recorded."""
        self._models.rollbacks[key] += 1

    def kill_engaged(self, key: Key, cause: facts.Cause) -> None:
        """Count a kill of a model."""
        self._models.kills[(*key, cause.value or "person")] += 1

    def changed(self, status: Mapping[str, Any], notices: Iterable[Notice]) -> None:
        """Take the seconds of a kill or rollback that a new status is the first to give."""
        told = {notice.reason for notice in notices}
        to_zero = (status.get("killSwitch") or {}).get("timeToZero")
        if "KillVerified" in told and to_zero is not None:
            self.time_to_zero_seconds.observe(durations.parse(to_zero).total_seconds())
        if "RolledBack" in told and "durationSeconds" in (status.get("lastRollback") or {}):
            self.rollback_seconds.observe(status["lastRollback"]["durationSeconds"])

    def model_gone(self, key: Key) -> None:
        """Drop all series of a model."""
        self._models.forget(key)

    def leads(self, leads: bool) -> None:
        """Say whether this process holds the lease."""
        self._leader.set(1 if leads else 0)

    def blinded(self, server: str, blinded: bool) -> None:
        """Say whether most models on a Prometheus are blind; several tenants at one address add up."""
        gauge = self._blinded.labels(server)
        if blinded:
            gauge.inc()
        else:
            gauge.dec()

    def status_written(self, kind: str) -> None:
        """Count a status that was written."""
        self._status_writes.labels(kind).inc()

    def requested(self, verb: str, outcome: str) -> None:
        """Count a request to the API server; `outcome` is `ok` or the name of one of our errors."""
        self._requests.labels(verb, outcome).inc()

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics and their content type, in the format that the scraper's Accept header asks for."""
        encode, content_type = exposition.choose_encoder(accept)
        return encode(self.registry), content_type


def _thresholds(view: View, active: facts.Checkpoint) -> Iterator[_Threshold]:
    for judged in view.judged:
        judgement = judged.judgement
        yield _Threshold(active.version, judged.threshold.name, judgement.verdict.value, judgement.value)


class _Models(registry.Collector):
    """What is known of each model now, written out at each scrape."""

    def __init__(self) -> None:
        self.now: dict[Key, _Model] = {}
        self.rollbacks: Counter[Key] = Counter()
        self.kills: Counter[tuple[str, str, str]] = Counter()

    def forget(self, key: Key) -> None:
        self.now.pop(key, None)
        self.rollbacks.pop(key, None)
        for counted in [of for of in self.kills if of[:2] == key]:
            del self.kills[counted]

    def collect(self) -> Iterator[core.Metric]:
        state = core.GaugeMetricFamily(
            "lastgood_model_state", "1 for the state that a model is in.", labels=(*OF_A_MODEL, "state")
        )
        value = core.GaugeMetricFamily(
            "lastgood_threshold_value", "The newest value of a threshold's query.", labels=OF_A_THRESHOLD
        )
        verdict = core.GaugeMetricFamily(
            "lastgood_threshold_verdict",
            "1 for the verdict of a threshold.",
            labels=(*OF_A_THRESHOLD, "verdict"),
        )
        for key, model in self.now.items():
            state.add_metric((*key, model.state), 1)
            for threshold in model.thresholds:
                labels = (*key, threshold.version, threshold.name)
                verdict.add_metric((*labels, threshold.verdict), 1)
                if threshold.value is not None:
                    value.add_metric(labels, threshold.value)
        rollbacks = core.CounterMetricFamily(
            "lastgood_rollbacks", "Automatic rollbacks decided by this process.", labels=OF_A_MODEL
        )
        for key, count in self.rollbacks.items():
            rollbacks.add_metric(key, count)
        kills = core.CounterMetricFamily(
            "lastgood_kills", "Kills seen to begin by this process.", labels=(*OF_A_MODEL, "cause")
        )
        for of, count in self.kills.items():
            kills.add_metric(of, count)
        yield from (state, value, verdict, rollbacks, kills)
