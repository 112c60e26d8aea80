"""What is asked of Prometheus for one model, and what an answer is to the judge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from lastgood.api import thresholds
from lastgood.judge import look, readings, steady, warmup
from lastgood.observe import promql
from lastgood.observe.server import Server
from lastgood.observe.snapshot import Snapshot
from lastgood.observe.store import Key
from lastgood.runtime.memory import Memory, resolved_thresholds, start_of

GAPS: Final = 2
"""Two looks further apart than this many intervals do not vouch for the time between them."""


@dataclass(slots=True)
class Question:
    """One threshold of one model, with the texts that were asked for it."""

    threshold: thresholds.ResolvedThreshold
    window: timedelta | None
    value: str = ""
    samples: str = ""

    @property
    def texts(self) -> Iterator[str]:
        """What is asked, if anything is."""
        return (text for text in (self.value, self.samples) if text)


@dataclass(slots=True)
class Asking:
    """One model's part of a round."""

    key: Key
    memory: Memory
    snapshot: Snapshot
    start: steady.Start | None
    server: Server | None
    settling: warmup.Settling
    questions: list[Question] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether there is anything to look at."""
        workload = self.snapshot.workload
        return workload is not None and workload.replicas > 0

    @property
    def asked(self) -> bool:
        """Whether its Prometheus was asked anything."""
        return self.server is not None and any(question.value for question in self.questions)


def prepare(key: Key, snapshot: Snapshot, memory: Memory, *, server: Server | None, now: datetime) -> Asking:
    """Return what is to be asked for a model now; a threshold that still warms up is not asked."""
    settling = memory.settle(snapshot, now)
    start = start_of(snapshot)
    found = Asking(key, memory, snapshot, start, server, settling)
    for threshold in resolved_thresholds(snapshot):
        window = warmup.window_for(threshold, settling=settling, now=now)
        question = Question(threshold, window)
        if window is not None and start is not None and found.running:
            question.value = fill(snapshot, threshold.query or "", window)
            if threshold.samples is not None:
                question.samples = fill(snapshot, threshold.samples.query, window)
        found.questions.append(question)
    return found


def longest_gap(snapshot: Snapshot) -> timedelta:
    """Return how much time one pair of looks may vouch for."""
    return GAPS * snapshot.model.spec.interval


def fill(snapshot: Snapshot, query: str, window: timedelta) -> str:
    """Write the model's names, and the version that was switched to last, into a query."""
    model, current = snapshot.model, snapshot.facts.current
    return promql.fill(
        query,
        namespace=model.namespace,
        model=model.name,
        workload=model.workload_name,
        version="" if current is None else current.version,
        window=window,
    )


def needs_a_living_server(asking: Sequence[Asking], answers: Mapping[str, readings.Reading]) -> bool:
    """Whether missing data may count as a breach somewhere, if the server has any data at all (rule J5)."""
    for question in (question for each in asking for question in each.questions):
        if question.threshold.on_no_data is not thresholds.OnNoData.BREACH or not question.value:
            continue
        if isinstance(answers.get(question.value), readings.Values):
            return True
    return False


def look_of(
    each: Asking, question: Question, answers: Mapping[str, readings.Reading], *, alive: bool
) -> look.Look:
    """Return what the judge is given of one threshold."""
    if not each.running:
        return look.NotRunning()
    if not question.value or question.window is None:
        return look.WarmingUp(warmup.counting_from(question.threshold, settling=each.settling))
    if each.server is None:
        return look.Asked(
            readings.Unreachable("no Prometheus is configured: give spec.prometheus.url, or --prometheus-url")
        )
    return look.Asked(
        value=answers[question.value],
        samples=answers[question.samples] if question.samples else None,
        server_has_data=alive,
        window_filling=question.window < question.threshold.window,
    )
