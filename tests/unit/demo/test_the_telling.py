"""What the demo prints: times since its start, the commands as a person would type them, plain words in a pipe."""

import io
from datetime import timedelta

import pytest
import rich.console

from demo import cluster, telling


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0:00.0"), (7.26, "0:07.3"), (59.96, "1:00.0"), (67.3, "1:07.3"), (3600.0, "60:00.0")],
)
def test_times_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert telling.clock(seconds) == text


def test_a_command_is_shown_as_it_can_be_typed() -> None:
    words = ("-n", "ml", "patch", "mdep", "screening", "-p", '{"spec": {"version": "1.5.0"}}')
    assert (
        cluster.shown(words) == """kubectl -n ml patch mdep screening -p '{"spec": {"version": "1.5.0"}}'"""
    )


def test_a_pipe_gets_plain_words_without_colour_codes() -> None:
    out = io.StringIO()
    teller = telling.Telling(console=rich.console.Console(file=out, width=100))
    teller.step(1, "It begins")
    teller.came_true("2 x 1.4.0 [ready]")
    teller.watching("a line", alarming=False)
    assert "1. It begins" in out.getvalue()
    assert "✔ 2 x 1.4.0 [ready]" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_time_stamp_of_the_api_becomes_the_demo_s_own_time() -> None:
    teller = telling.Telling(console=rich.console.Console(file=io.StringIO()))
    stamp = (teller.began_at + timedelta(seconds=67.3)).isoformat()
    assert teller.since_start(stamp) == "1:07.3"
    assert not teller.since_start("")


def test_an_event_is_placed_by_its_latest_time() -> None:
    metadata = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    assert cluster.event_time({"metadata": metadata}) == "2026-01-01T00:00:00Z"
    seen = {"metadata": metadata, "lastTimestamp": "2026-01-01T00:00:05Z"}
    assert cluster.event_time(seen) == "2026-01-01T00:00:05Z"
    repeated = seen | {"series": {"lastObservedTime": "2026-01-01T00:00:09Z"}}
    assert cluster.event_time(repeated) == "2026-01-01T00:00:09Z"


def test_a_command_to_copy_is_never_broken_into_lines() -> None:
    out = io.StringIO()
    long = "kubectl " + "--flag=value " * 20
    telling.Telling(console=rich.console.Console(file=out, width=60)).to_copy(long.strip())
    assert out.getvalue().strip() == long.strip()
