"""How long a kill took, from the switch to the last pod: measured, or not said (semantics.md, K4)."""

import dataclasses

import pytest

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


def test_after_a_lost_status_nobody_knows_how_long_a_kill_took() -> None:
    first = report(building.killed(left=0, now=86400))
    second = report(building.killed(left=0, now=86500), first)
    assert "timeToZero" not in first["killSwitch"]
    assert first == second
