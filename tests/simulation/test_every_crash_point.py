"""Rollbacks, kills and releases end the same whatever single write fails, and wherever the operator dies (rule F2).

Every story of `stories.py` is played once for every fault at every one of its writes, once for every list that is too
old after a crash, once for every change that no watch ever tells of, and once for every pair of crashes: more than
1,500 runs, each of which holds every invariant, ends in the same facts and the same world as without faults, and then
rests. `python -m tests.simulation --stories` prints how many runs of which kind there are.
"""

import sys

import pytest

from tests.simulation import crash_points, stage, stories
from tests.simulation.stage import Trouble
from tests.simulation.stories import Story

PARTS = 2
"""In so many tests a story is played, so that all cores have something to do."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("story", stories.STORIES, ids=lambda story: story.name)
def test_a_story_ends_the_same_with_every_fault_at_every_write(story: Story, part: int) -> None:
    """F2, F3, F4, R1, K1, K2, K9: what is decided is recorded once, and what is recorded is done."""
    counted, violated = crash_points.explore(story, part=part, parts=PARTS)
    sys.stdout.write(f"{story.name}: {dict(counted)}\n")
    assert not violated, "\n".join(violated)
    assert set(counted) >= set(crash_points.KINDS[: None if story.told else -1])


@pytest.mark.parametrize("story", stories.STORIES, ids=lambda story: story.name)
def test_a_story_is_the_same_each_time(story: Story) -> None:
    first, second = stage.play(story), stage.play(story)
    assert first == second
    assert first.sites


def test_the_stories_write_everything_that_a_rollback_a_kill_and_a_release_write() -> None:
    """F1"""
    written = {site for story in stories.STORIES for site in stage.play(story).sites}
    assert written >= {
        "record.checkpoint.take",
        "record.checkpoint.give_verdict",
        "record.checkpoint.activate",
        "record.checkpoint.answer",
        "record.switch.engage",
        "record.switch.release",
        "record.switch.set_entries",
        "act.deployment.switch_template",
        "act.deployment.scale",
        "act.deployment.label_pod",
        "act.deployment.forget_request",
        "act.hpa.set_bounds",
    }


def test_another_end_is_noticed() -> None:
    """A comparison that cannot fail proves nothing."""
    rollback, kill = (
        next(s for s in stories.STORIES if s.name.startswith(name)) for name in ("roll", "kill")
    )
    expected = stage.play(kill).facts
    with pytest.raises(AssertionError, match="without faults"):
        stage.play(rollback, Trouble(), expected=expected)
