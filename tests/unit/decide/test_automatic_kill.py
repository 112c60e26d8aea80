"""Kills by threshold (semantics.md, K7, R5, J11)."""

import pytest

from lastgood.decide import facts
from lastgood.decide.decision import Phase
from tests.unit.decide.scenes import proven
from tests.unit.decide.simulator import START, World


def toxic(**spec: object) -> World:
    made = proven(**spec)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "toxic"))
    made.wait(1)
    return made


def test_a_kill_breach_engages_a_switch_named_after_the_model_and_marks_the_version_bad() -> None:
    made = toxic()
    switch = made.switch("m")

    assert (switch.cause, switch.engaged, switch.models) == (facts.Cause.AUTOMATIC, True, ("m",))
    assert "threshold toxic" in switch.reason
    assert (made.replicas, made.worth("b"), made.worth("a")) == (0, "Bad", "Good")
    assert made.version("b").verdict.reason == "Killed"


def test_the_workload_is_stopped_before_the_verdict_is_written() -> None:
    made = toxic()
    kinds = [type(each).__name__ for each in made.log]

    assert kinds.index("Scale") < len(kinds) - 1 - kinds[::-1].index("GiveVerdict")


def test_a_version_found_to_serve_in_the_moment_of_its_kill_is_bad_nevertheless() -> None:
    made = proven()
    made.breaches.add(("img:b", "toxic"))
    made.want("b")
    made.rest()

    assert (made.replicas, made.worth("b")) == (0, "Bad")


def test_what_a_person_says_of_the_version_after_the_kill_stands() -> None:
    made = toxic()
    made.now += made.now - START
    made.overrule("b", facts.Worth.GOOD)
    made.wait(5)

    assert (made.replicas, made.worth("b")) == (0, "Good")


def test_neither_cooldown_nor_budget_gates_a_kill() -> None:
    made = proven(rollback={"budget": {"max": 1, "per": "24h"}, "cooldown": "1h"})
    made.breaches |= {("img:b", "errors"), ("img:c", "toxic")}
    made.want("b")
    made.wait(2)
    made.want("c")
    made.wait(2)

    assert (made.rollbacks, made.replicas) == ([("b", "a")], 0)


def test_a_kill_breach_goes_before_a_rollback_breach() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    made.breaches |= {("img:b", "errors"), ("img:b", "toxic")}
    made.wait(1)

    assert (made.replicas, made.rollbacks) == (0, [])


def test_suspend_blocks_an_automatic_kill_and_says_what_would_have_killed() -> None:
    """J11."""
    made = proven()
    made.spec["suspend"] = True
    made.breaches.add(("img:a", "toxic"))
    made.wait(3)
    held = made.rest()

    assert (made.replicas, made.switches) == (4, [])
    assert (held.phase, held.reason) == (Phase.HELD, "Suspended")
    assert "threshold toxic" in held.message


@pytest.mark.parametrize(
    ("taken", "name"),
    [(["m"], "m-auto"), (["m", "m-auto"], "m-auto-2"), (["m", "m-auto", "m-auto-2"], "m-auto-3")],
)
def test_a_name_that_a_person_s_switch_has_taken_is_left_to_it(taken: list[str], name: str) -> None:
    made = proven()
    for each in taken:
        made.engage(each, models=("other",))
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)

    assert made.switch(name).cause is facts.Cause.AUTOMATIC
    assert all(made.switch(each).models == ("other",) for each in taken)
    assert made.replicas == 0


def test_another_model_s_automatic_switch_is_left_to_it() -> None:
    made = proven()
    other = facts.Switch("m", engaged=True, cause=facts.Cause.AUTOMATIC, models=("other",))
    made.put_switch(other)
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)

    assert made.switch("m").models == ("other",)
    assert made.switch("m-auto").models == ("m",)


def test_the_automatic_switch_of_an_earlier_kill_is_engaged_again() -> None:
    made = toxic()
    made.breaches.clear()
    made.release("m")
    made.want("a")
    made.wait(30)
    assert made.replicas == 4
    made.breaches.add(("img:a", "toxic"))
    made.wait(1)

    assert [switch.name for switch in made.switches] == ["m"]
    assert (made.replicas, made.worth("a")) == (0, "Bad")
