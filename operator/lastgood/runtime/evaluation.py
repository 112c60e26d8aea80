"""Evaluating: asking Prometheus about all models that are due, in one round, and judging what it says.

A round takes all models that are due on one server. Its queries are evaluated at one moment and sent together, so that
a thousand models cost a handful of requests. Nothing here writes; the verdicts are left in memory for the next drive.
"""

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from lastgood.api import thresholds
from lastgood.decide.rules import bake
from lastgood.decide.view import Judged
from lastgood.judge import blindness, judging, readings, steady, verdict, warmup
from lastgood.observe.prometheus import longest_call
from lastgood.observe.server import Secret, Server
from lastgood.observe.skew import SET
from lastgood.observe.snapshot import Snapshot
from lastgood.observe.store import Key
from lastgood.runtime import questions
from lastgood.runtime.memory import Memory, bake_start_of
from lastgood.runtime.recalling import Recall, Recalled, Spans
from lastgood.runtime.sights import Sights

log = logging.getLogger(__name__)

NOTHING: Final = Recalled()
LOST: Final = timedelta(minutes=1)
"""Who has not looked for this long, and for twice the longest gap, has missed what happened meanwhile."""


class Asks(Protocol):
    """What evaluation needs of Prometheus servers."""

    async def query(self, server: Server, queries: Sequence[str], *, at: datetime) -> list[readings.Reading]:
        """Return one reading for each query, in their order."""
        ...

    async def alive(self, server: Server, *, at: datetime | None = None) -> bool:
        """Whether the server answers and has targets that are up."""
        ...


class Evaluation:
    """Evaluates models on demand; one instance for a process."""

    def __init__(
        self,
        *,
        asks: Asks,
        default_server: Server | None,
        clock: Callable[[], datetime],
        spans: Spans | None = None,
        sights: Sights | None = None,
        passed: Callable[[], float] | None = None,
    ) -> None:
        """Take `passed` for the seconds of a clock that nobody sets; without it, `clock` counts as never set."""
        self._asks = asks
        self._default_server = default_server
        self._clock = clock
        self._recall = None if spans is None else Recall(spans)
        self._sights = sights or Sights()
        self._passed = passed

    async def evaluate(self, due: Mapping[Key, tuple[Snapshot, Memory]]) -> dict[Key, timedelta | None]:
        """Evaluate models of one server; return for each how soon a `Pending` becomes a `Breach` if nothing changes.

        Raises nothing for what a server or a query does: that is a verdict.
        """
        asked_at, begun = self._clock(), self._passed() if self._passed else 0.0
        asking = [each for key in due if (each := self._begin(key, *due[key], asked_at)) is not None]
        answers: dict[str, readings.Reading] = {}
        alive = False
        server = next((each.server for each in asking), None)
        texts = list(dict.fromkeys(text for each in asking for q in each.questions for text in q.texts))
        if server is not None and texts:
            given = await self._asks.query(server, texts, at=asked_at)
            answers = dict(zip(texts, given, strict=True))
            needed = questions.needs_a_living_server(asking, answers)
            alive = needed and await self._asks.alive(server, at=asked_at)
        known = [each.memory.recalled for each in asking]
        recalled = await self._past(asking, answers, asked_at)
        answered_at = self._clock()
        if self._passed and abs((answered_at - asked_at).total_seconds() - (self._passed() - begun)) > SET:
            # What was meant by one clock may have been asked for by another (rule J3).
            log.warning("the clock was set while Prometheus was asked; its answers are not judged")
            for each, start in zip(asking, known, strict=True):
                each.memory.recalled = start
            return dict.fromkeys(each.key for each in asking)
        judged = {}
        for each in asking:
            past = recalled.get(each.key, NOTHING)
            judged[each.key] = self._judge(each, answers, alive=alive, past=past, asked_at=asked_at)
        for each in asking:
            if each.memory.settling is None or warmup.has_begun_anew(each.settling, each.memory.settling):
                judged[each.key] = ()  # while it was asked they started from zero, or were replaced
            elif judged[each.key] or not each.questions:
                each.memory.start = each.start
                each.memory.tracks = {one.threshold.name: one.judgement.track for one in judged[each.key]}
                each.memory.judged = judged[each.key]
                each.memory.judged_at = min(answered_at, asked_at + _longest_call(server))
        if server is not None:
            await self._compare(server, [each for each in asking if judged[each.key]], asked_at, answered_at)
        return {
            each.key: self._end(each, judged[each.key], recalled.get(each.key, NOTHING), asked_at)
            for each in asking
        }

    def _begin(self, key: Key, snapshot: Snapshot, memory: Memory, now: datetime) -> questions.Asking | None:
        """Prepare one model's part; one that cannot be prepared does not keep others from being judged (rule B2)."""
        try:
            server = self.server_of(snapshot)
            if _is_astray(memory, questions.longest_gap(snapshot), now):
                # As if just started: who was away, or has had its clock set, dates nothing by what it saw before.
                memory.tracks, memory.recalled, memory.settling = {}, None, None
            return questions.prepare(key, snapshot, memory, server=server, now=now)
        except Exception:
            log.exception("%s/%s: its thresholds cannot be asked about", *key)
            return None

    def server_of(self, snapshot: Snapshot) -> Server | None:
        """Return the Prometheus that answers for a model; None when none is configured."""
        given = snapshot.model.spec.prometheus
        if given is None:
            return self._default_server
        headers = tuple((name, Secret(value)) for name, value in sorted((given.headers or {}).items()))
        return Server(url=given.url, timeout=given.timeout.total_seconds(), headers=headers)

    async def _past(
        self, asking: Sequence[questions.Asking], answers: Mapping[str, readings.Reading], asked_at: datetime
    ) -> Mapping[Key, Recalled]:
        """J6: recall what happened before this process looked; whatever goes wrong, breaches are timed anew."""
        try:
            return {} if self._recall is None else await self._recall.recall(asking, answers, now=asked_at)
        except Exception:
            log.exception("the past cannot be recalled; breaches are timed anew")
            return {}

    def _judge(
        self,
        each: questions.Asking,
        answers: Mapping[str, readings.Reading],
        *,
        alive: bool,
        past: Recalled,
        asked_at: datetime,
    ) -> tuple[Judged, ...]:
        """Judge one model; one that cannot be judged keeps its last verdicts, which soon are too old to act on."""
        try:
            judged = []
            for question in each.questions:
                judgement = judging.judge(
                    question.threshold,
                    look=questions.look_of(each, question, answers, alive=alive),
                    track=_track(each, question.threshold, past),
                    now=asked_at,
                    longest_gap=questions.longest_gap(each.snapshot),
                )
                judged.append(Judged(question.threshold, judgement))
        except Exception:
            log.exception("%s/%s: its thresholds cannot be judged", *each.key)
            return ()
        return tuple(judged)

    async def _compare(
        self, server: Server, asking: Sequence[questions.Asking], asked_at: datetime, answered_at: datetime
    ) -> None:
        """J8: see whether it is single models that are blind, or most of those on this server."""
        watched = self._sights.of(server)
        glances: dict[Hashable, blindness.Glance] = {}
        for each in asking:
            each.memory.watched = watched
            if each.asked:
                blind = any(blindness.is_blind(one.judgement) for one in each.memory.judged)
                glances[each.key] = blindness.Glance(asked_at, blind, each.snapshot.model.spec.interval)
        await self._sights.looked(watched, glances, now=answered_at)

    def _end(
        self, each: questions.Asking, judged: tuple[Judged, ...], past: Recalled, asked_at: datetime
    ) -> timedelta | None:
        memory, start = each.memory, bake_start_of(each.snapshot)
        if past.fine is not None and (
            memory.fine is None or memory.fine.start != start or memory.fine.lasted < past.fine.lasted
        ):
            memory.fine = past.fine
        if start is None:
            memory.fine = None
        elif judged or not each.questions:
            settled = each.settling.settled_at is not None and each.running
            available = each.snapshot.workload is not None and each.snapshot.workload.complete
            memory.fine = steady.accumulate(
                memory.fine,
                start=start,
                counts=settled and available and not memory.blinded and bake.counts(judged),
                now=asked_at,
                longest_gap=questions.longest_gap(each.snapshot),
            )
        return min((j.judgement.due for j in judged if j.judgement.due is not None), default=None)


def _longest_call(server: Server | None) -> timedelta:
    """Return how long answers take at most: a process that was stopped meanwhile holds older ones (rule J1)."""
    return timedelta(0) if server is None else timedelta(seconds=longest_call(server))


def _is_astray(memory: Memory, gap: timedelta, now: datetime) -> bool:
    """Whether the clock was put back, or nobody looked for so long that another operator may have led meanwhile.

    What was dated by a clock that was ahead would hold off every verdict until that time comes (rule J7).
    """
    if memory.judged_at is None:
        return False
    return now - memory.judged_at > max(2 * gap, LOST) or now < memory.judged_at


def _track(each: questions.Asking, threshold: thresholds.ResolvedThreshold, past: Recalled) -> verdict.Track:
    """Return what is known of a threshold before this look."""
    if threshold.name in past.tracks:
        return past.tracks[threshold.name]
    memory = each.memory
    if memory.start is None:
        return verdict.Track()
    remembered = memory.tracks.get(threshold.name)
    known = next((one.threshold for one in memory.judged if one.threshold.name == threshold.name), None)
    other = known is None or _measure(known) != _measure(threshold)
    if remembered is None or other or memory.start != each.start:
        # Breach time of another start, or under another query or limit, is not breach time of this one.
        return verdict.Track(was_clear=True)
    return remembered


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
