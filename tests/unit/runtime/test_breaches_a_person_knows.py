"""What a person knew of when they called a version good enough, also to a process that was not there (rules P3, J6)."""

from datetime import datetime, timedelta

import pytest

from lastgood.api.timestamps import written
from lastgood.decide import facts
from lastgood.decide.rules import rollback
from lastgood.decide.view import Settings
from lastgood.judge import readings
from lastgood.kube import resources
from tests.unit.runtime.lives import BEGIN, INTERVAL, KEY, MINUTE, Kept, Life, always_bad


def speak(life: Life, worth: str = "Good") -> None:
    """Let a person give the version that runs a verdict, now."""
    raw = life.store.checkpoints[KEY]
    metadata = {**raw["metadata"], "resourceVersion": str(int(raw["metadata"]["resourceVersion"]) + 1)}
    verdict = {"value": worth, "reason": "Overruled", "by": "kubectl-annotate", "since": written(life.now)}
    life.store.put(
        resources.MODEL_CHECKPOINTS, {"metadata": metadata, "spec": {**raw["spec"], "verdict": verdict}}
    )


def is_overruled(life: Life) -> bool:
    seen = life.seen()
    current = seen.facts.current
    assert current is not None
    assert current.verdict.worth is not facts.Worth.BAD
    view = life.memory.view(seen, settings=Settings(), now=life.now, fresh_for=10 * MINUTE)
    return rollback.overruled(view, current, "ThresholdBreached")


async def in_breach(kept: Kept, **threshold: str) -> Life:
    """A version that breaches from its first minute, and of which a person says after ten that it may stay."""
    life = Life(kept, **threshold)
    for _ in range(40):
        await life.look()
    assert life.memory.judged[0].judgement.verdict == "Breach"
    speak(life)
    return life


def half_bad(query: str, at: datetime) -> float:
    return 0.5


def bad_later(query: str, at: datetime) -> float:
    return 0.9 if at >= BEGIN + 60 * MINUTE else 0.0


@pytest.mark.parametrize("for_", ["0s", "1m"])
async def test_a_restart_makes_no_news_of_a_breach_that_the_person_knew(for_: str) -> None:
    """P3."""
    life = await in_breach(Kept(always_bad), **{"for": for_})
    for _ in range(5):
        life.restart()
        for _ in range(8):
            await life.look()
        assert life.memory.judged[0].judgement.verdict == "Breach"
        assert is_overruled(life)


@pytest.mark.parametrize("for_", ["0s", "1m"])
async def test_an_outage_of_prometheus_makes_no_news_of_it_either(for_: str) -> None:
    """P3, J5."""
    kept = Kept(always_bad)
    life = await in_breach(kept, **{"for": for_})
    kept.away = True
    kept.fault = readings.Unreachable("503")
    for _ in range(40):
        assert await life.look() == "Blind"
    life.restart()
    await life.look()
    kept.away = False  # its past is not to be had: it was down
    for _ in range(8):
        await life.look()
    assert life.memory.judged[0].judgement.verdict == "Breach"
    assert is_overruled(life)


@pytest.mark.parametrize("restart_every", [0, 1, 7])
async def test_a_breach_that_begins_after_the_person_spoke_is_news_after_a_restart_too(
    restart_every: int,
) -> None:
    """P3, J6."""
    life = Life(Kept(bad_later), **{"for": "1m"})
    for _ in range(40):
        await life.look()
    speak(life)
    acted = await life.until("Breach", restart_every=restart_every)
    assert acted <= 61 * MINUTE + 2 * INTERVAL
    assert not is_overruled(life)


async def test_a_breach_that_began_while_no_operator_ran_is_news() -> None:
    """P3, J6."""
    life = Life(Kept(bad_later), **{"for": "1m"})
    for _ in range(40):
        await life.look()
    speak(life)
    life.restart()
    assert await life.look(after=timedelta(hours=2)) == "Breach"
    assert not is_overruled(life)


async def test_a_threshold_that_is_made_stricter_is_news() -> None:
    """P3: the person spoke of the limits that there were."""
    life = await in_breach(Kept(half_bad), **{"for": "0s"})
    assert is_overruled(life)
    spec = life.seen().model.spec.wire()
    (given,) = spec["thresholds"]
    life.write({**spec, "thresholds": [{**given, "max": 0.05}]})
    await life.look()
    assert life.memory.judged[0].judgement.verdict == "Breach"
    assert not is_overruled(life)
