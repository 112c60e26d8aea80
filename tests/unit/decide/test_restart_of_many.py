"""Many models that are released together start one after the other (rule K10)."""

from datetime import timedelta

from lastgood.api import names
from tests.unit.decide.scenes import killed, released
from tests.unit.decide.simulator import World


def one_of(many: int, *, uid: str = "uid-1") -> World:
    made = killed()
    made.uid, made.returning = uid, many
    made.release()
    return made


def test_one_alone_starts_at_once() -> None:
    made = released()
    assert made.replicas == 1


def test_one_of_many_waits_for_its_time_and_then_starts() -> None:
    made = one_of(300)
    decision = made.rest()
    assert (decision.reason, made.replicas) == ("Staggered", 0)
    assert decision.until is not None
    assert timedelta(0) < decision.until - made.now <= timedelta(seconds=299)
    made.now = decision.until
    made.rest()
    assert made.replicas == 1


def test_the_time_is_recorded_so_that_a_restart_of_the_operator_changes_nothing() -> None:
    """F2."""
    made = one_of(300)
    until = made.rest().until
    made.crash()
    made.returning = 20
    made.now += timedelta(milliseconds=10)
    assert made.rest().until == until


def test_they_are_spread_evenly_and_however_many_within_ten_minutes() -> None:
    waits = []
    for number in range(60):
        made = one_of(5000, uid=f"uid-{number}")
        decision = made.rest()
        assert decision.until is not None
        waits.append((decision.until - made.now).total_seconds())
    assert max(waits) <= 600
    assert min(waits) < 120
    assert max(waits) > 480
    assert sum(wait < 300 for wait in waits) in range(18, 43)


def test_one_that_a_person_resumes_does_not_wait() -> None:
    made = one_of(300)
    made.rest()
    made.ask(names.ANNOTATION_RESUME, "a")
    made.rest()
    assert made.replicas == 1


def test_a_kill_while_it_waits_ends_the_wait() -> None:
    made = one_of(300)
    made.rest()
    made.engage()
    made.rest()
    entry = made.entry("incident")
    assert entry is not None
    assert entry.probation is None or entry.probation.start_at is None


def test_a_clock_that_was_set_back_does_not_make_it_wait_for_hours() -> None:
    made = one_of(300)
    made.rest()
    made.now -= timedelta(hours=3)
    made.rest()
    assert made.replicas == 1
