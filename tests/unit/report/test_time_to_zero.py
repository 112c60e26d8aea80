"""How long a kill took, from the switch to the last pod: measured, or not said (semantics.md, K4)."""

import dataclasses

import pytest

from lastgood.decide import view
from tests.unit.report import building
from tests.unit.report.building import report


def test_a_kill_that_was_too_quick_to_be_seen_stopping_has_its_seconds_too() -> None:
    status = report(building.killed(left=0, now=0.8), {"state": "Serving"})
    assert status["killSwitch"]["timeToZero"] == "800ms"


@pytest.mark.parametrize("left", [0, 2])
def test_the_seconds_of_an_earlier_kill_are_not_those_of_the_next(left: int) -> None:
    """K4: it was released and engaged again while nobody told."""
    before = report(building.killed(left=0, now=1), {"state": "Serving"})
    assert before["killSwitch"]["timeToZero"] == "1s"
    again = building.killed(left=left, now=90)
    (switch,) = again.facts.switches
    anew = (dataclasses.replace(switch, engaged_at=building.after(80)),)
    again = dataclasses.replace(again, facts=dataclasses.replace(again.facts, switches=anew))

    assert "timeToZero" not in report(again, before)["killSwitch"]
    assert report(building.killed(left=0, now=90), before)["killSwitch"]["timeToZero"] == "1s"


def long_prepared(*, left: int, now: float, touched: float = 0) -> view.View:
    """Its switch was created weeks before a person engaged it at noon, and by a person changed since."""
    made = building.killed(left=left, now=now)
    switch = dataclasses.replace(
        made.facts.switches[0],
        engaged_at=building.after(-2_000_000),
        engaged_by_others_at=building.after(touched),
    )
    return dataclasses.replace(made, facts=dataclasses.replace(made.facts, switches=(switch,)))


def test_a_kill_by_a_switch_that_was_prepared_begins_when_that_is_engaged() -> None:
    """K4: as one that was released and is engaged again."""
    stopping = report(long_prepared(left=2, now=1), {"state": "Serving"})
    verified = report(long_prepared(left=0, now=2), stopping)

    assert stopping["killSwitch"]["since"] == "2026-11-22T12:00:00.000000Z"
    assert verified["killSwitch"]["timeToZero"] == "2s"


def test_who_changes_the_reason_of_a_switch_does_not_make_its_kill_younger() -> None:
    """K4: the API server keeps one time for all that somebody has written."""
    before = report(long_prepared(left=0, now=2), {"state": "Serving"})
    changed = report(long_prepared(left=0, now=90, touched=80), before)

    assert (changed["killSwitch"]["since"], changed["killSwitch"]["timeToZero"]) == (
        before["killSwitch"]["since"],
        before["killSwitch"]["timeToZero"],
    )


def test_of_two_switches_the_one_that_is_engaged_first_says_since_when() -> None:
    """K4: not the one that was created first."""
    made = long_prepared(left=0, now=90, touched=80)
    first = dataclasses.replace(made.facts.switches[0], name="first", engaged_by_others_at=building.after(3))
    both = dataclasses.replace(made.facts, switches=(*made.facts.switches, first))
    told = report(dataclasses.replace(made, facts=both), {"state": "Serving"})

    assert told["killSwitch"]["since"] == "2026-11-22T12:00:03.000000Z"


def test_after_a_lost_status_nobody_knows_how_long_a_kill_took() -> None:
    first = report(building.killed(left=0, now=86400))
    second = report(building.killed(left=0, now=86500), first)
    assert "timeToZero" not in first["killSwitch"]
    assert first == second
