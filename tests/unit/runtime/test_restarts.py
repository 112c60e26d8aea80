"""A new process goes on where the old one stopped: no breach time is lost (rules J6, J7)."""

from datetime import UTC, datetime, timedelta

import pytest

from lastgood.api.timestamps import written
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from lastgood.runtime.recalling import MOST_QUERIES
from tests.unit.runtime.lives import BEGIN, INTERVAL, KEY, MINUTE, SERVER, Kept, Life, always_bad
from tests.unit.runtime.test_blast_radius import Api, serves


def breach(query: str, at: datetime) -> float:
    return 0.9 if at >= BEGIN + 4 * MINUTE else 0.0


def flapping(query: str, at: datetime) -> float:
    return 0.9 if int(at.timestamp()) % 60 < 45 else 0.0


def one_of_many(query: str, at: datetime) -> float:
    return 0.9 if "m-499" in query and at >= BEGIN - 2 * MINUTE else 0.0


@pytest.mark.parametrize("restart_every", [0, 1, 3, 7, 20])
@pytest.mark.parametrize("query", ["toxic", "rate(toxic[$window])"])
async def test_a_breach_acts_when_it_would_have_acted_without_a_restart(
    restart_every: int, query: str
) -> None:
    life = Life(Kept(breach), query=query, **{"for": "3m"})

    acted = await life.until("Breach", restart_every=restart_every)
    assert 7 * MINUTE <= acted <= 7 * MINUTE + 2 * INTERVAL


async def test_a_breach_that_ran_its_time_while_nobody_looked_acts_at_once() -> None:
    life = Life(Kept(breach), **{"for": "3m"})
    await life.look()
    life.restart()

    assert await life.look(after=timedelta(hours=1)) == "Breach"


@pytest.mark.parametrize("restart_every", [1, 2, 5])
async def test_a_value_that_comes_and_goes_never_breaches_in_one_go(restart_every: int) -> None:
    life = Life(Kept(flapping), **{"for": "1m"})

    for count in range(1, 60):
        assert await life.look() in ("OK", "Pending")
        if count % restart_every == 0:
            life.restart()


async def test_a_breach_that_waits_to_be_clear_still_waits_after_a_restart() -> None:
    def cleared(query: str, at: datetime) -> float:
        return 0.9 if at < BEGIN + 4 * MINUTE else 0.0

    life = Life(Kept(cleared), **{"for": "1m", "clearFor": "5m"})
    await life.look(after=5 * MINUTE)
    assert life.memory.judged[0].judgement.reason == "NotClearYet"
    assert await life.until("OK", restart_every=3) <= 9 * MINUTE + 2 * INTERVAL


async def test_while_the_first_answers_are_empty_what_was_before_is_not_lost() -> None:
    def gap(query: str, at: datetime) -> float | None:
        return None if BEGIN + 6 * MINUTE < at < BEGIN + 8 * MINUTE else breach(query, at)

    life = Life(Kept(gap), **{"for": "3m"})
    assert await life.look(after=7 * MINUTE) == "Blind"
    assert await life.until("Breach") <= 9 * MINUTE + 3 * INTERVAL


@pytest.mark.looptime
@pytest.mark.parametrize("what", ["unreachable", "refused", "partial", "hangs"])
async def test_a_past_that_cannot_be_had_means_that_a_breach_is_timed_anew(what: str) -> None:
    kept = Kept(breach)
    life = Life(kept, **{"for": "3m"})
    life.write(
        {**life.seen().model.spec.wire(), "prometheus": {"url": "http://127.0.0.1:1", "timeout": "1s"}}
    )
    match what:
        case "unreachable":
            kept.fault = readings.Unreachable("503")
        case "refused":
            kept.fault = readings.Refused("exceeded maximum resolution")
        case "partial":
            kept.warnings = ("a store did not answer",)
        case _:
            kept.hangs = True
    assert await life.look(after=timedelta(hours=1)) == "Pending"
    assert life.memory.judged[0].judgement.due == 3 * MINUTE
    asked = len(kept.spans)
    assert await life.until("Breach") == timedelta(hours=1, minutes=3)
    assert len(kept.spans) == asked, "it is not asked again"


async def test_a_past_without_the_samples_that_a_verdict_needs_is_no_past() -> None:
    def sampled(query: str, at: datetime) -> float:
        return 1000.0 if query == "n" else breach(query, at)

    kept = Kept(sampled)
    kept.refused = "n"
    life = Life(kept, samples={"query": "n", "min": 10}, **{"for": "3m"})

    assert await life.look(after=timedelta(hours=1)) == "Pending"
    kept.refused = ""
    life.restart()
    assert await life.look() == "Breach"


async def test_a_model_whose_server_does_not_answer_is_recalled_once_it_does() -> None:
    life = Life(Kept(breach), **{"for": "3m"})
    life.kept.away = True
    assert await life.look(after=timedelta(hours=1)) == "Blind"
    assert life.kept.spans == []
    life.kept.away = False

    assert await life.look() == "Breach"


async def test_nothing_before_the_version_could_be_judged_is_ever_asked_for() -> None:
    kept = Kept(always_bad)
    life = Life(kept, **{"for": "2h", "query": "rate(toxic[$window])", "window": "10m", "warmup": "5m"})
    await life.look()
    # The Deployment was complete within the second 11:00:00, five minutes are warm-up, and ten the first whole window.
    first = datetime(2026, 11, 22, 11, 15, 1, tzinfo=UTC)
    ((query, begin, end),) = kept.spans
    assert query == "rate(toxic[10m])"
    assert first <= begin < first + INTERVAL
    assert end < life.now
    assert life.memory.judged[0].judgement.verdict == "Pending"


async def test_while_the_window_fills_there_is_no_past_to_ask_for() -> None:
    kept = Kept(always_bad)
    life = Life(kept, **{"for": "3m", "query": "rate(toxic[$window])", "window": "2h"})

    assert await life.look() == "Pending"
    assert kept.spans == []


async def test_breach_time_from_before_the_spec_was_written_does_not_count() -> None:
    life = Life(Kept(always_bad), **{"for": "3m"})
    written_at = BEGIN.replace(microsecond=0) + 9 * MINUTE
    entry = {"manager": "kubectl", "time": written(written_at), "fieldsV1": {"f:spec": {"f:thresholds": {}}}}
    status = {"manager": "lastgood", "subresource": "status", "time": written(BEGIN + timedelta(days=1))}
    life.write(life.store.models[KEY]["spec"], managed=[entry, {**status, "fieldsV1": {"f:spec": {}}}])

    assert await life.look(after=10 * MINUTE) == "Pending"
    assert 12 * MINUTE <= await life.until("Breach", restart_every=2) <= 12 * MINUTE + 2 * INTERVAL


async def test_an_operator_that_leads_again_knows_what_happened_under_another() -> None:
    """Ten minutes ago it saw a breach; meanwhile all was well, and a new breach has just begun."""

    def twice(query: str, at: datetime) -> float:
        since = at - BEGIN
        return 0.9 if timedelta(0) <= since < 2 * MINUTE or since >= 12 * MINUTE else 0.0

    life = Life(Kept(twice), **{"for": "3m"})
    for _ in range(6):
        assert await life.look() == "Pending"
    assert await life.look(after=11 * MINUTE) == "Pending"
    assert 15 * MINUTE <= await life.until("Breach") <= 15 * MINUTE + 2 * INTERVAL


async def test_a_start_that_a_slow_clock_dated_is_dated_anew_once_the_clock_is_right() -> None:
    """Its clock is five minutes behind while a version starts, so no Prometheus is believed; then it is set right."""
    life = Life(Kept(always_bad), **{"for": "3m"})
    life.kept.away = True
    life.roll(done_at=None)
    await life.look()
    life.roll(done_at=life.now + 5 * MINUTE)
    await life.look()

    life.kept.away = False
    assert await life.look(after=5 * MINUTE) == "Pending", "being set right is no breach time"
    assert 8 * MINUTE <= await life.until("Breach") <= 8 * MINUTE + 3 * INTERVAL


async def test_a_start_that_a_fast_clock_dated_is_dated_anew_once_the_clock_is_right() -> None:
    """J6, J7: its clock is an hour ahead while a version starts; set right, it leaves nothing without a guard."""
    life = Life(Kept(always_bad), **{"for": "3m"})
    begun = life.now
    life.now += timedelta(hours=1)
    life.roll(done_at=None)
    await life.look()
    life.roll(done_at=begun)
    await life.look()

    life.now = begun
    assert await life.look(after=5 * MINUTE) == "Breach", (
        "what Prometheus kept since the start is breach time"
    )


async def test_many_models_are_recalled_in_bounded_rounds_those_in_breach_first() -> None:
    kept = Kept(one_of_many)
    store, api, memories = Store(), Api(), {}
    threshold = {"name": "t", "query": 't{model="$model"}', "max": 0.1, "for": "1m"}
    for number in range(MOST_QUERIES + 100):
        key = ("ml", f"m-{number}")
        serves(store, api, key)
        raw = store.models[key]
        metadata = {**raw["metadata"], "resourceVersion": "2"}
        spec = {**raw["spec"], "thresholds": [threshold], "rollback": {"warmup": "0s"}}
        store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": spec})
        memories[key] = Memory()
    now = BEGIN
    evaluation = Evaluation(asks=kept, spans=kept, default_server=SERVER, clock=lambda: now)
    due = {key: (snapshot.cached(store, key), memory) for key, memory in memories.items()}

    await evaluation.evaluate(due)  # type: ignore[arg-type]
    assert len(kept.spans) == MOST_QUERIES
    assert memories["ml", "m-499"].judged[0].judgement.verdict == "Breach"
    now += INTERVAL
    await evaluation.evaluate(due)  # type: ignore[arg-type]
    assert len(kept.spans) == MOST_QUERIES + 100
    now += INTERVAL
    await evaluation.evaluate(due)  # type: ignore[arg-type]
    assert len(kept.spans) == MOST_QUERIES + 100, "once is enough"
