"""Undoing others: at once ten times, then once a second for ever; a template less and less often (rules K5, O6)."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastgood.api.modeldeployment import ModelDeploymentSpec
from lastgood.decide import facts, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import Model, View
from lastgood.runtime import contest
from lastgood.runtime.memory import Memory

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WORKLOAD = world.Workload(
    name="fraud",
    uid="u",
    resource_version="1",
    replicas=3,
    template={},
    digest="d",
    scaled_by="kubectl",
    templated_by="helm",
)
TO_ZERO = Decision(Phase.STOPPING, steps=(steps.Scale(WORKLOAD, 0),))
BACK_STEP = steps.SwitchTemplate(workload=WORKLOAD, template={}, version="1.4.0", why=facts.Why.ROLLBACK)
BACK = Decision(Phase.ROLLED_BACK, steps=(BACK_STEP,))


FOREIGN = dataclasses.replace(
    WORKLOAD,
    template={"spec": {"containers": [{"name": "model", "image": "other:9"}]}},
    managed=(
        {
            "manager": "kubectl-edit",
            "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}},
        },
    ),
)


def times_until(decision: Decision, *, count: int) -> list[float]:
    """Return the seconds between one undoing and the next, when it is always needed again at once."""
    memory, now, waits = Memory(), NOW, []
    for _ in range(count):
        wait = contest.wait_before(decision, memory, now) or timedelta(0)
        now += wait
        waits.append(wait.total_seconds())
        contest.note(decision.steps[0], memory, now)
    return waits


def test_a_scale_up_is_undone_at_once_ten_times_then_once_a_second_for_ever() -> None:
    waits = times_until(TO_ZERO, count=200)
    assert waits[:11] == [0.0] * 11  # the kill itself, and ten more
    assert set(waits[11:]) == {1.0}


def test_a_clock_that_is_set_back_does_not_make_a_kill_wait() -> None:
    """K5, K6: found by simulated seed 257, where the clock was 90 s ahead when the model was last scaled to zero."""
    memory = Memory()
    for _ in range(20):
        contest.note(TO_ZERO.steps[0], memory, NOW + timedelta(seconds=90))
    assert contest.wait_before(TO_ZERO, memory, NOW) is None
    contest.note_refusal(TO_ZERO.steps[0], memory, NOW + timedelta(seconds=90))
    assert contest.wait_before(TO_ZERO, memory, NOW) is None


def test_a_template_is_put_back_five_times_from_a_second_doubling_then_every_five_minutes() -> None:
    waits = times_until(BACK, count=10)
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 300.0, 300.0, 300.0, 300.0]


def test_the_first_scale_up_is_told_however_long_after_the_kill_it_comes() -> None:
    memory = Memory()
    contest.note(TO_ZERO.steps[0], memory, NOW)
    assert contest.contested(memory, NOW) == ""
    later = NOW + timedelta(hours=3)
    contest.note(scaled_up(by="kubectl", at=later), memory, later)
    assert contest.contested(memory, later).startswith("kubectl has undone it once (scale to 0)")
    assert contest.contested(memory, later + timedelta(minutes=5)) == ""


def scaled_up(*, by: str, at: datetime) -> steps.Scale:
    return steps.Scale(dataclasses.replace(WORKLOAD, scaled_by=by, scaled_at=at), 0)


def test_nobody_is_named_who_wrote_before_our_own_step() -> None:
    """K5: through `scale` no owner is kept, and the last one that is kept has not done it."""
    memory = Memory()
    contest.note(scaled_up(by="helm", at=NOW - timedelta(days=1)), memory, NOW)
    contest.note(scaled_up(by="helm", at=NOW - timedelta(days=1)), memory, NOW + timedelta(seconds=1))
    said = contest.contested(memory, NOW + timedelta(seconds=1), scaler="HorizontalPodAutoscaler fraud")
    assert said.startswith("somebody (HorizontalPodAutoscaler fraud scales it too) has undone it once")


def test_a_killed_model_that_is_scaled_up_again_and_again_is_told_of_as_one_thing() -> None:
    """K4: and as two by turns no more; that no pod is left may be true of a moment."""
    memory = Memory()
    killed = Decision(Phase.KILLED, "SwitchEngaged", "held")
    for second in range(3):
        now = NOW + timedelta(seconds=second)
        contest.note(TO_ZERO.steps[0], memory, now)
        assert contest.calm(killed, memory, now) == killed
    now = NOW + timedelta(seconds=3)
    contest.note(TO_ZERO.steps[0], memory, now)
    assert {contest.calm(each, memory, now).phase for each in (killed, TO_ZERO)} == {Phase.STOPPING}
    assert len({contest.calm(each, memory, now).message for each in (killed, TO_ZERO)}) == 1
    assert contest.calm(killed, memory, now + timedelta(minutes=5)) == killed


@pytest.mark.parametrize(
    ("decision", "over"),
    [(TO_ZERO, timedelta(minutes=1, seconds=2)), (BACK, timedelta(minutes=6, seconds=1))],
)
def test_it_is_over_a_minute_after_it_would_have_been_undone_again(
    decision: Decision, over: timedelta
) -> None:
    """K4: a killed model is Killed again a minute after it was last scaled up, not when a template would rest."""
    memory = Memory()
    for second in range(20):
        contest.note(decision.steps[0], memory, NOW + timedelta(seconds=second))
    last, killed = NOW + timedelta(seconds=19), Decision(Phase.KILLED, "SwitchEngaged", "held")
    before = last + timedelta(minutes=1) if decision is TO_ZERO else last + timedelta(minutes=6)
    assert contest.contested(memory, before)
    assert contest.contested(memory, last + over) == ""
    assert contest.calm(killed, memory, before).phase is Phase.STOPPING
    assert contest.calm(killed, memory, last + over) == killed


@pytest.mark.parametrize(
    ("step", "way_out"),
    [
        (steps.Scale(WORKLOAD, 0), "to start it, release every switch that holds it"),
        (steps.Scale(WORKLOAD, 1), "the other replicas return when its probation is over"),
        (BACK_STEP, "another version is asked for in spec.version of the ModelDeployment"),
    ],
)
def test_what_is_told_says_how_to_have_by_asking_what_is_taken_by_force(
    step: steps.Step, way_out: str
) -> None:
    """K5, O6."""
    memory = Memory()
    contest.note(step, memory, NOW)
    contest.note(step, memory, NOW)
    assert f": stop what writes it; {way_out}" in contest.contested(memory, NOW)


def test_how_often_is_rounded_down_so_that_not_each_undoing_is_a_new_status() -> None:
    memory, told = Memory(), set()
    for second in range(100):
        contest.note(TO_ZERO.steps[0], memory, NOW + timedelta(seconds=second))
        told.add(contest.contested(memory, NOW + timedelta(seconds=second)))
    assert len(told) == 7  # nothing, once, twice, 5, 10, 20, 50 times


def test_the_next_rollback_to_the_same_version_does_not_wait_for_those_who_contested_the_last() -> None:
    """R1, O6: with `follow` nothing of ours comes between two rollbacks that would tell them apart."""
    memory, now = Memory(), NOW
    for _ in range(8):
        contest.note(BACK.steps[0], memory, now)
        now += timedelta(minutes=5)
    again = dataclasses.replace(BACK_STEP, decided_at=now)
    assert contest.wait_before(dataclasses.replace(BACK, steps=(again,)), memory, now) is None
    contest.note(again, memory, now)
    assert contest.contested(memory, now) == "", "and it is nobody's undoing"


def put_back(memory: Memory, *, times: int) -> datetime:
    """Put the template back again and again, as soon as may be, and return when it was done last."""
    now = NOW
    for _ in range(times):
        now += contest.wait_before(BACK, memory, now) or timedelta(0)
        contest.note(BACK_STEP, memory, now)
    return now


def told(memory: Memory, now: datetime, decision: Decision = BACK, **view: Any) -> Decision:
    step = dataclasses.replace(BACK_STEP, workload=FOREIGN)
    seen = View(model=Model("ml", "fraud", "u", ModelDeploymentSpec()), now=now, workload=FOREIGN, **view)
    return contest.resting(dataclasses.replace(decision, steps=(step,)), seen, memory, now)


def test_what_runs_unguarded_until_it_is_put_back_is_told_with_who_put_it_there_and_until_when() -> None:
    """O4, O6: for five minutes at a time something else runs than what was decided, and nobody judges it."""
    memory = Memory()
    last = put_back(memory, times=6)
    said = told(memory, last + timedelta(seconds=1))

    assert (said.phase, said.reason, said.degraded) == (Phase.HELD, "Unguarded", "Unguarded")
    assert said.message == (
        "fraud runs a template with image other:9, put there by kubectl-edit, which is neither judged nor guarded; the "
        "template of 1.4.0 is put back every 5m by now, next at 00:05:31 UTC: stop what writes the other; another "
        "version is asked for in spec.version of the ModelDeployment, and defined in spec.versions"
    )
    assert said.message == told(memory, last + timedelta(minutes=4)).message, "and no status for each look"


def test_a_version_that_is_known_is_told_of_by_its_name() -> None:
    """O6."""
    memory = Memory()
    last = put_back(memory, times=7)
    bad = facts.VerdictFact(facts.Worth.BAD, "ThresholdBreached", since=NOW)
    known = facts.Checkpoint("c", "1.5.0", "d", FOREIGN.template, None, bad, (), NOW)
    said = told(memory, last + timedelta(seconds=1), facts=facts.Facts((known,)))

    assert said.message.startswith(
        "fraud runs 1.5.0, which is Bad, put there by kubectl-edit, which is neither"
    )


def test_a_probation_stays_one_whatever_runs_meanwhile() -> None:
    """K9, O6."""
    memory = Memory()
    last = put_back(memory, times=6)
    said = told(memory, last + timedelta(seconds=1), dataclasses.replace(BACK, phase=Phase.PROBATION))

    assert (said.phase, said.degraded) == (Phase.PROBATION, "Unguarded")


def test_what_is_put_back_within_seconds_is_told_as_it_is_decided() -> None:
    """O6: a status for each of them would be no news."""
    memory = Memory()
    last = put_back(memory, times=5)
    step = dataclasses.replace(BACK_STEP, workload=FOREIGN)
    assert told(memory, last + timedelta(seconds=1)) == dataclasses.replace(BACK, steps=(step,))
    last = put_back(memory, times=1)
    assert told(memory, last + timedelta(minutes=6)) == dataclasses.replace(BACK, steps=(step,))
