"""Evaluating: asking Prometheus about all models that are due, in one round, and judging what it says.

A round takes all models that are due on one server. Its queries are evaluated at one moment and sent together, so that
a thousand models cost a handful of requests. Nothing here writes; the verdicts are left in memory for the next drive.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from lastgood.api import thresholds
from lastgood.decide.rules import bake
from lastgood.decide.view import Judged
from lastgood.judge import judging, look, readings, steady, verdict, warmup
from lastgood.observe import promql
from lastgood.observe.server import Secret, Server
from lastgood.observe.snapshot import Snapshot
from lastgood.observe.store import Key
from lastgood.runtime.memory import Memory, resolved_thresholds, start_of

log = logging.getLogger(__name__)

GAPS: Final = 2
"""Two looks further apart than this many intervals do not vouch for the time between them."""


class Asks(Protocol):
    """What evaluation needs of Prometheus servers."""

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        """Return one reading for each query, in their order."""
        ...

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        """Whether the server answers and has targets that are up."""
        ...


@dataclass(slots=True)
class _Question:
    """One threshold of one model, with the texts that were asked for it."""

    threshold: thresholds.ResolvedThreshold
    window: timedelta | None
    value: str = ""
    samples: str = ""


@dataclass(slots=True)
class _Round:
    """One model's part of a round."""

    key: Key
    memory: Memory
    snapshot: Snapshot
    start: steady.Start | None
    server: Server | None
    settling: warmup.Settling
    questions: list[_Question] = field(default_factory=list)

    @property
    def running(self) -> bool:
        workload = self.snapshot.workload
        return workload is not None and workload.replicas > 0


class Evaluation:
    """Evaluates models on demand; one instance for a process."""

    def __init__(
        self,
        *,
        asks: Asks,
        default_server: Server | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._asks = asks
        self._default_server = default_server
        self._clock = clock

    async def evaluate(self, due: Mapping[Key, tuple[Snapshot, Memory]]) -> dict[Key, timedelta | None]:
        """Evaluate models of one server; return for each how soon a `Pending` becomes a `Breach` if nothing changes.

        Raises nothing for what a server or a query does: that is a verdict.
        """
        asked_at = self._clock()
        rounds = [each for key in due if (each := self._begin(key, *due[key], asked_at)) is not None]
        answers: dict[str, readings.Reading] = {}
        alive = False
        server = next((each.server for each in rounds), None)
        texts = list(dict.fromkeys(_texts(rounds)))
        if server is not None and texts:
            given = await self._asks.query(server, texts, at=asked_at)
            answers = dict(zip(texts, given, strict=True))
            alive = _needs_a_living_server(rounds, answers) and await self._asks.alive(server, at=asked_at)
        return {each.key: self._end(each, answers, alive, asked_at) for each in rounds}

    def _begin(self, key: Key, snapshot: Snapshot, memory: Memory, now: datetime) -> _Round | None:
        """Prepare one model's part; one that cannot be prepared does not keep others from being judged (rule B2)."""
        try:
            return self._round(key, snapshot, memory, now)
        except Exception:
            log.exception("%s/%s: its thresholds cannot be asked about", *key)
            return None

    def _end(
        self, each: _Round, answers: Mapping[str, readings.Reading], alive: bool, asked_at: datetime
    ) -> timedelta | None:
        """Judge one model; one that cannot be judged keeps its last verdicts, which soon are too old to act on."""
        try:
            return self._judge(each, answers, alive, asked_at)
        except Exception:
            log.exception("%s/%s: its thresholds cannot be judged", *each.key)
            return None

    def _round(self, key: Key, snapshot: Snapshot, memory: Memory, now: datetime) -> _Round:
        settling = memory.settle(snapshot, now)
        start = start_of(snapshot)
        found = _Round(key, memory, snapshot, start, self.server_of(snapshot), settling)
        model, current = snapshot.model, snapshot.facts.current
        for threshold in resolved_thresholds(snapshot):
            window = warmup.window_for(threshold, settling=settling, now=now)
            question = _Question(threshold, window)
            if window is not None and start is not None and current is not None and found.running:

                def fill(query: str, window: timedelta = window, version: str = current.version) -> str:
                    return promql.fill(
                        query,
                        namespace=model.namespace,
                        model=model.name,
                        workload=model.workload_name,
                        version=version,
                        window=window,
                    )

                question.value = fill(threshold.query or "")
                if threshold.samples is not None:
                    question.samples = fill(threshold.samples.query)
            found.questions.append(question)
        return found

    def server_of(self, snapshot: Snapshot) -> Server | None:
        """Return the Prometheus that answers for a model; None when none is configured."""
        given = snapshot.model.spec.prometheus
        if given is None:
            return self._default_server
        headers = tuple((name, Secret(value)) for name, value in sorted((given.headers or {}).items()))
        return Server(url=given.url, timeout=given.timeout.total_seconds(), headers=headers)

    def _judge(
        self,
        each: _Round,
        answers: Mapping[str, readings.Reading],
        alive: bool,
        asked_at: datetime,
    ) -> timedelta | None:
        memory = each.memory
        if memory.start != each.start:
            memory.start, memory.tracks = each.start, {}
        tracks: dict[str, verdict.Track] = {}
        judged = []
        longest_gap = GAPS * each.snapshot.model.spec.interval
        earlier = {judged.threshold.name: judged.threshold for judged in memory.judged}

        def unchanged(question: _Question) -> bool:
            # Breach time under another query or limit is not breach time under this one.
            known = earlier.get(question.threshold.name)
            return known is None or _measure(known) == _measure(question.threshold)

        for question in each.questions:
            name = question.threshold.name
            judgement = judging.judge(
                question.threshold,
                look=_look(each, question, answers, alive),
                track=memory.tracks.get(name, verdict.Track()) if unchanged(question) else verdict.Track(),
                now=asked_at,
                longest_gap=longest_gap,
            )
            tracks[name] = judgement.track
            judged.append(Judged(question.threshold, judgement))
        memory.tracks, memory.judged, memory.judged_at = tracks, tuple(judged), self._clock()
        self._add_steady_time(each, memory.judged, asked_at, longest_gap)
        return min((j.judgement.due for j in judged if j.judgement.due is not None), default=None)

    def _add_steady_time(
        self, each: _Round, judged: Sequence[Judged], asked_at: datetime, longest_gap: timedelta
    ) -> None:
        if each.start is None:
            each.memory.fine = None
            return
        settled = each.settling.settled_at is not None and each.running
        available = each.snapshot.workload is not None and each.snapshot.workload.complete
        each.memory.fine = steady.accumulate(
            each.memory.fine,
            start=each.start,
            counts=settled and available and bake.counts(tuple(judged)),
            now=asked_at,
            longest_gap=longest_gap,
        )


def _measure(threshold: thresholds.ResolvedThreshold) -> tuple[object, ...]:
    """Return what a threshold measures, and against what."""
    limits = threshold.max, threshold.min, threshold.clear_max, threshold.clear_min
    return (
        threshold.query,
        threshold.samples,
        threshold.window,
        threshold.reduce,
        threshold.on_no_data,
        *limits,
    )


def _texts(asking: Sequence[_Round]) -> list[str]:
    questions = [question for each in asking for question in each.questions]
    return [text for question in questions for text in (question.value, question.samples) if text]


def _needs_a_living_server(asking: Sequence[_Round], answers: Mapping[str, readings.Reading]) -> bool:
    """Whether missing data may count as a breach somewhere, if the server has any data at all (rule J5)."""
    for question in (question for each in asking for question in each.questions):
        if question.threshold.on_no_data is not thresholds.OnNoData.BREACH or not question.value:
            continue
        if isinstance(answers.get(question.value), readings.Values):
            return True
    return False


def _look(
    each: _Round,
    question: _Question,
    answers: Mapping[str, readings.Reading],
    alive: bool,
) -> look.Look:
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
