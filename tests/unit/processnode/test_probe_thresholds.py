import pytest

from devcluster.processnode.probe import Tally


def settled(tally: Tally, outcomes: str) -> list[str]:
    """Record a string of + and -; return what was settled by each outcome."""
    return [mark if tally.record(success=mark == "+") else "." for mark in outcomes]


@pytest.mark.parametrize(
    ("success", "failure", "outcomes", "expected"),
    [
        pytest.param(1, 3, "---", "..-", id="a third failure in a row counts"),
        pytest.param(1, 3, "--+--", "..+..", id="a success between them starts the count again"),
        pytest.param(2, 1, "++-+", ".+-.", id="successes are counted too"),
        pytest.param(1, 1, "+-+-", "+-+-", id="with thresholds of one each outcome counts"),
        pytest.param(1, 2, "----", ".---", id="it stays settled while outcomes are equal"),
    ],
)
def test_an_outcome_counts_when_its_threshold_is_reached(
    success: int, failure: int, outcomes: str, expected: str
) -> None:
    tally = Tally(success_threshold=success, failure_threshold=failure)
    assert settled(tally, outcomes) == list(expected)
