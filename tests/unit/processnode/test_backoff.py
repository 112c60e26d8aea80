import pytest

from devcluster.processnode.backoff import Backoff


def waits_of(backoff: Backoff, *, runs: list[float]) -> list[float]:
    """Let it run so long each time, fail, and wait; return the waits."""
    now, waits = 0.0, []
    for run in runs:
        now += run
        waits.append(backoff.remaining(failed=now, now=now))
        failed, now = now, now + waits[-1]
        backoff.step(failed=failed, now=now)
    return waits


def test_the_first_restart_is_at_once_and_each_further_wait_is_double_up_to_five_minutes() -> None:
    assert waits_of(Backoff(), runs=[1] * 9) == [0, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(("run", "wait"), [(600.0, 40), (600.1, 0)])
def test_ten_minutes_of_running_forgive_earlier_crashes(run: float, wait: float) -> None:
    assert waits_of(Backoff(), runs=[1, 1, 1, run])[-1] == wait


def test_a_crash_after_forgiveness_starts_at_ten_seconds_again() -> None:
    assert waits_of(Backoff(), runs=[1, 1, 1, 700, 1, 1])[-2:] == [10, 20]


def test_another_base_scales_every_wait() -> None:
    assert waits_of(Backoff(base=0.5), runs=[1] * 8) == [0, 0.5, 1, 2, 4, 8, 15, 15]


def test_a_wait_shrinks_as_time_goes_by() -> None:
    backoff = Backoff()
    backoff.step(failed=100, now=100)
    assert backoff.remaining(failed=100, now=104) == 6
    assert backoff.remaining(failed=100, now=111) == 0
