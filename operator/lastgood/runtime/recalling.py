"""Asking Prometheus for what this process has not seen: the time before it started or led (semantics.md, J6).

A model's past is recalled once for each start of a version, with the first look at which its server answers. Whatever
goes wrong with that costs time and nothing else: what is not recalled is timed anew. Queries, points and seconds of a
round are bounded; a model that comes too late is recalled with its next look.
"""

import asyncio
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from lastgood.api import thresholds
from lastgood.api.thresholds import Verdict
from lastgood.decide import facts
from lastgood.decide.view import Judged
from lastgood.judge import judging, readings, replay, steady, verdict, warmup
from lastgood.observe.server import Server
from lastgood.observe.store import Key
from lastgood.runtime import questions
from lastgood.runtime.memory import bake_start_of
from lastgood.runtime.questions import Asking, Question

log = logging.getLogger(__name__)

MOST_MOMENTS: Final = 2_000
"""Moments of one model: 8 hours at an interval of 15 s. Prometheus itself refuses more than 11,000."""
MOST_QUERIES: Final = 400
MOST_POINTS: Final = 50_000
"""Range queries of one round, and the values that they may give: a few seconds' work for either side."""
AT_ONCE: Final = 2
"""Range queries to one server at once: they must not hold up those about now."""
PATIENCE: Final = 2.5
"""A round waits no longer than this many of the server's time-outs."""
UP: Final = "count(up) > 0"
NOTHING: Final = verdict.Judgement(Verdict.OK)

Answer = readings.Series | readings.Unreachable | readings.Refused


class Spans(Protocol):
    """What recalling needs of Prometheus servers."""

    async def query_range(
        self, server: Server, query: str, start: datetime, end: datetime, step: timedelta
    ) -> Answer:
        """Evaluate `query` at each `step` from `start` to `end`, both whole seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Recalled:
    """What one model is remembered to have been like."""

    tracks: Mapping[str, verdict.Track] = field(default_factory=dict)
    fine: steady.Steady | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One range query; two thresholds that ask the same are answered by one."""

    text: str
    begin: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to ask for one model's past."""

    each: Asking
    start: steady.Start
    at: tuple[datetime, ...]
    step: timedelta
    longest_gap: timedelta
    earliest: Mapping[str, datetime]
    """By the name of each threshold that is recalled."""
    available_since: datetime | None
    """Since when the pods of now are available; None where steady time is not needed, or not known."""
    blind_since: datetime | None
    """Since when this process has looked and got no answer: Blind pauses a bake, whatever is known of it later."""

    @property
    def questions(self) -> Iterator[Question]:
        return (question for question in self.each.questions if question.threshold.name in self.earliest)

    def texts(self, question: Question) -> tuple[str, str, str]:
        """Return what to ask of a threshold: its value, its samples, and whether targets were up."""
        threshold, seen = question.threshold, self.each.snapshot
        samples = threshold.samples
        return (
            questions.fill(seen, threshold.query or "", threshold.window),
            "" if samples is None else questions.fill(seen, samples.query, threshold.window),
            UP if threshold.on_no_data is thresholds.OnNoData.BREACH else "",
        )

    @property
    def wanted(self) -> list[str]:
        return [text for question in self.questions for text in self.texts(question) if text]


class Recall:
    """Recalls models' pasts; one instance for a process."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    async def recall(
        self, asking: Sequence[Asking], answers: Mapping[str, readings.Reading], *, now: datetime
    ) -> dict[Key, Recalled]:
        """Return the past of each model that needs it and can have it; all are on one server."""
        fresh = []
        for each in asking:
            if _is_new(each) and _answered(each, answers):
                fresh.append(each)
            elif _is_new(each):
                each.memory.note_unanswered(each.start, now)
        plans: list[_Plan] = []
        queries = points = 0
        for each in sorted(fresh, key=lambda one: not _may_breach(one, answers, now)):
            plan = _plan(each, now)
            if plan is not None:
                queries += len(plan.wanted)
                points += len(plan.wanted) * len(plan.at)
                if plans and (queries > MOST_QUERIES or points > MOST_POINTS):
                    break  # this one and the others with their next look
                plans.append(plan)
            each.memory.recalled, each.memory.unanswered = each.start, None
        spans = await self._ask(plans)
        found = {}
        for plan in plans:
            past = await _recalled(plan, spans)
            if past is not None:
                found[plan.each.key] = past
        return found

    async def _ask(self, plans: Sequence[_Plan]) -> dict[_Asked, Answer]:
        """Ask every text of every plan once; what is not answered in time is left out."""
        found: dict[_Asked, Answer] = {}
        places = asyncio.Semaphore(AT_ONCE)

        async def ask(server: Server, asked: _Asked, end: datetime) -> None:
            async with places:
                found[asked] = await self._spans.query_range(server, asked.text, asked.begin, end, asked.step)

        wanted = {
            _Asked(text, plan.at[0], plan.step): (plan.each.server, plan.at[-1])
            for plan in plans
            for text in plan.wanted
        }
        server = next((server for server, _ in wanted.values()), None)
        if server is None:
            return found
        try:
            async with asyncio.timeout(PATIENCE * server.timeout), asyncio.TaskGroup() as group:
                for asked, (_, end) in wanted.items():
                    group.create_task(ask(server, asked, end))
        except TimeoutError:
            log.warning("the past of some models is not told in time; their breaches are timed anew")
        return found


def _is_new(each: Asking) -> bool:
    """Whether the version runs, and this process has not asked for its past."""
    return each.start is not None and each.memory.recalled != each.start


def _may_breach(each: Asking, answers: Mapping[str, readings.Reading], now: datetime) -> bool:
    """Whether a threshold is beyond its limits now: such models' pasts are asked for first."""
    for question in each.questions:
        seen = questions.look_of(each, question, answers, alive=True)
        judged = judging.judge(
            question.threshold, look=seen, track=verdict.Track(), now=now, longest_gap=timedelta(0)
        )
        if judged.verdict in (Verdict.PENDING, Verdict.BREACH):
            return True
    return False


def _answered(each: Asking, answers: Mapping[str, readings.Reading]) -> bool:
    """Whether its Prometheus can be reached; a model without thresholds needs none."""
    asked = [answers[question.value] for question in each.questions if question.value]
    return not each.questions or any(not isinstance(answer, readings.Unreachable) for answer in asked)


def _plan(each: Asking, now: datetime) -> _Plan | None:
    """Return what to ask; None when there is nothing to recall."""
    start = bake_start_of(each.snapshot)
    if start is None:
        return None
    interval = each.snapshot.model.spec.interval
    step = timedelta(seconds=math.ceil(interval.total_seconds()))
    since = _available_since(each, start)
    asked_since = each.snapshot.model.spec_written_at
    earliest: dict[str, datetime] = {}
    spoken = _spoken_at(each)
    back = max((now - moment for moment in (since, spoken) if moment is not None), default=timedelta(0))
    for question in each.questions:
        threshold = question.threshold
        acting = Judged(threshold, NOTHING).acting
        needed = replay.has_memory(threshold) or (acting and (since is not None or spoken is not None))
        first = replay.earliest(
            threshold, settling=each.settling, windowed=_windowed(each, threshold), asked_since=asked_since
        )
        if question.value and needed and first is not None:
            earliest[threshold.name] = first
            back = max(back, threshold.for_ + threshold.clear_for + 2 * step)
    begins = [*earliest.values(), *(() if since is None else (since,))]
    if not begins:
        return None
    first = max(now - back, min(begins))
    at = replay.moments(first=first, now=now, step=step, most=MOST_MOMENTS)
    if not at:
        return None
    gap, blind_since = questions.longest_gap(each.snapshot), each.memory.unanswered_since(each.start)
    return _Plan(each, start, at, step, gap, earliest, since, blind_since)


def _spoken_at(each: Asking) -> datetime | None:
    """Return when a person gave the version that runs its verdict: a breach that began before is none of news (P3)."""
    current = each.snapshot.facts.current
    last = None if current is None else current.last_activation
    if current is None or last is None or current.verdict.by == facts.OPERATOR:
        return None
    return current.verdict.since if current.verdict.since > last.at else None


def _windowed(each: Asking, threshold: thresholds.ResolvedThreshold) -> bool:
    """Whether the queries of a threshold look back by `$window`."""
    texts = [threshold.query or "", "" if threshold.samples is None else threshold.samples.query]
    short, long = threshold.window, 2 * threshold.window
    return any(
        questions.fill(each.snapshot, text, short) != questions.fill(each.snapshot, text, long)
        for text in texts
    )


def _available_since(each: Asking, start: steady.Start) -> datetime | None:
    """Return since when every pod of now is ready, for a version that bakes or a model in probation.

    A pod that is younger, or was away in between, makes it later: what is not known does not count.
    """
    workload, current, settled_at = (
        each.snapshot.workload,
        each.snapshot.facts.current,
        each.settling.settled_at,
    )
    if workload is None or current is None or settled_at is None or not workload.settled:
        return None
    if current.verdict.worth is not facts.Worth.UNPROVEN and start.probation_since is None:
        return None
    ready = [pod.ready_since for pod in workload.pods if pod.ready_since is not None]
    if not ready or len(ready) < len(workload.pods):
        return None
    # What a person has changed of the spec may be what makes it fine.
    changes = [*ready, each.snapshot.model.spec_written_at or settled_at]
    if start.content_changed_at is not None:
        changes.append(start.content_changed_at)
    return max(settled_at, max(changes) + warmup.SECOND)


async def _recalled(plan: _Plan, spans: Mapping[_Asked, Answer]) -> Recalled | None:
    """Judge the past of one model again; None when a part of it was not told."""
    judged: dict[str, list[verdict.Judgement]] = {}
    acting = []
    ahead = 0.0
    for question in plan.questions:
        await asyncio.sleep(0)  # a kill must not wait until thousands of moments are judged
        past = _told(plan, question, spans)
        if past is None:
            return None
        found = replay.judgements(past, at=plan.at, settling=plan.each.settling, longest_gap=plan.longest_gap)
        judged[question.threshold.name] = found
        ahead = min(ahead, past.value.ahead)
        if Judged(question.threshold, NOTHING).acting:
            acting.append(found)
    tracks = {name: found[-1].track for name, found in judged.items()}
    if plan.available_since is None or not _all_acting(plan):
        return Recalled(tracks)
    fine = replay.steady_time(
        acting,
        start=plan.start,
        at=plan.at,
        available_since=replay.by_both_clocks(plan.available_since, ahead=ahead),
        blind_since=plan.blind_since,
        longest_gap=plan.longest_gap,
    )
    return Recalled(tracks, fine)


def _told(plan: _Plan, question: Question, spans: Mapping[_Asked, Answer]) -> replay.Past | None:
    """Return what was told of one threshold; None unless all that was asked of it was told."""
    told: list[readings.Series | None] = []
    for text in plan.texts(question):
        span = spans.get(_Asked(text, plan.at[0], plan.step))
        if text and not isinstance(span, readings.Series):
            return None
        told.append(span if isinstance(span, readings.Series) else None)
    value, samples, up = told
    if value is None:
        return None
    threshold = question.threshold
    return replay.Past(threshold, plan.earliest[threshold.name], value, samples, up)


def _all_acting(plan: _Plan) -> bool:
    """Whether every acting threshold is recalled: one that still warms up says nothing of the past."""
    acting = (q.threshold.name for q in plan.each.questions if Judged(q.threshold, NOTHING).acting)
    return all(name in plan.earliest for name in acting)
