"""An autoscaler of which several switches have something else on record: the latest note counts (semantics.md, K3)."""

import itertools

import pytest

from lastgood.decide import autoscalers, facts
from tests.unit.decide.scaling import hpa

HELD = facts.Bounds(min_replicas=1, max_replicas=1)


def entry(recorded: facts.Autoscaler | None, *, ceiling: int = 0) -> facts.Entry:
    return facts.Entry("m", replicas=3, ceiling=ceiling, model="m", autoscaler=recorded)


def noted(most: int, revision: int, *held: facts.Bounds) -> facts.Autoscaler:
    before = facts.Bounds(min_replicas=2, max_replicas=most)
    return facts.Autoscaler("HorizontalPodAutoscaler", "m", before, "h", held, revision)


@pytest.mark.parametrize("ceiling", [0, 1])
def test_a_switch_whose_creation_arrives_late_does_not_undo_what_was_noted_meanwhile(ceiling: int) -> None:
    """K3: an operator that led before had decided it when people still wanted 5; found by simulated seed 45543."""
    late, newer = entry(noted(5, 73, HELD)), entry(noted(4, 89, HELD), ceiling=ceiling)
    for order in itertools.permutations([late, newer]):
        assert autoscalers.known(order) == newer.autoscaler


def test_what_takes_the_hold_of_another_switch_for_a_wish_counts_for_less() -> None:
    """K3: it was noted by somebody who did not know of the other switch."""
    first = entry(noted(5, 73, HELD), ceiling=1)
    blind = entry(facts.Autoscaler("HorizontalPodAutoscaler", "m", HELD, "h", (), 80))
    for order in itertools.permutations([first, blind]):
        assert autoscalers.known(order) == first.autoscaler


def test_of_notes_of_the_same_age_that_of_a_kill_counts() -> None:
    """K3."""
    coming_back, killed = entry(noted(5, 73), ceiling=1), entry(noted(4, 73), ceiling=0)
    for order in itertools.permutations([coming_back, killed]):
        assert autoscalers.known(order) == killed.autoscaler


def test_a_note_keeps_its_age_for_as_long_as_it_says_the_same() -> None:
    """K3, F2: the autoscaler's version changes with each metric; nothing is written for that."""
    recorded = autoscalers.noted(hpa(resource_version="5"), None, HELD)
    assert recorded.revision == 5
    assert autoscalers.noted(hpa(resource_version="9"), recorded, HELD) == recorded
    assert autoscalers.noted(hpa(most=4, resource_version="9"), recorded, HELD).revision == 9


def test_a_version_that_is_no_number_says_nothing_of_the_age() -> None:
    """K3, B2: it keeps nobody from killing."""
    assert autoscalers.noted(hpa(resource_version="x"), None, None).revision == 0


def test_what_a_watch_told_before_the_note_is_no_wish_of_now() -> None:
    """K3; found by simulated seed 73: it could not be read, and was taken for what a lagging watch had told."""
    recorded = noted(4, 259, HELD, facts.Bounds(min_replicas=0, scale_up="Disabled"))
    stale = hpa(least=0, most=5, scale_up="Disabled", uid="h", resource_version="229")

    assert autoscalers.wanted(stale, recorded) == recorded.before
    assert autoscalers.noted(stale, recorded, HELD) == recorded
    again = autoscalers.noted(stale, recorded, facts.Bounds(min_replicas=0, scale_up="Disabled"))
    assert (again.before, again.revision, HELD in again.held) == (recorded.before, 259, True)


def test_an_autoscaler_that_was_created_again_is_newer_than_any_note() -> None:
    """K3: its uid tells, whatever its version."""
    recorded = noted(4, 259, HELD)
    another = hpa(most=7, uid="another", resource_version="3")
    assert autoscalers.wanted(another, recorded) == another.bounds
