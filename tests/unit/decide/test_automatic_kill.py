"""Kills by threshold (semantics.md, K7, R5, J11)."""

from datetime import timedelta

import pytest

from lastgood.api import names
from lastgood.decide import facts, records
from lastgood.decide.decision import Phase
from tests.unit.decide.scenes import proven
from tests.unit.decide.simulator import MOST_ROUNDS, START, World


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


def stopped_and_released_before_the_verdict(made: World, version: str) -> World:
    """An operator that dies between the act of a kill and the verdict, and a person who releases the switch at once."""
    made.breaches.add((f"img:{version}", "toxic"))
    made.tick()
    for _ in range(MOST_ROUNDS):
        made.round()
        if made.replicas == 0:
            break
    assert (made.switch("m").engaged, made.worth(version) != "Bad") == (True, True)
    made.crash()
    made.release("m")
    made.log.clear()
    return made


def test_a_version_that_is_released_before_its_verdict_is_bad_all_the_same() -> None:
    """R1, K7, K9: another Good version starts, not the one that was killed."""
    made = proven()
    made.want("b")
    made.wait(8)
    stopped_and_released_before_the_verdict(made, "b")
    made.wait(30)

    assert isinstance(made.log[0], records.GiveVerdict), "before anything is started"
    assert (made.worth("b"), made.version("b").verdict.reason) == ("Bad", "Killed")
    assert (made.running, made.replicas, made.worth("a")) == ("a", 4, "Good")


def test_the_only_version_stays_at_zero_if_it_is_released_before_its_verdict() -> None:
    """K7, K9: by our doing nothing that was killed for a breach comes back."""
    made = stopped_and_released_before_the_verdict(proven(), "a")
    waiting = made.wait(30)

    assert (made.worth("a"), made.replicas, waiting.reason) == ("Bad", 0, "WaitingForResume")


@pytest.mark.parametrize("back", [timedelta(0), timedelta(hours=1)])
def test_a_person_who_resumes_what_was_killed_is_not_contradicted(back: timedelta) -> None:
    """K9, P3: nor where the clock was set back since the kill."""
    made = stopped_and_released_before_the_verdict(proven(), "a")
    made.rest()
    made.breaches.clear()
    made.now -= back
    made.ask(names.ANNOTATION_RESUME, "a")
    made.wait(30)

    assert (made.replicas, made.worth("a") != "Bad") == (4, True)
    assert not made.switch("m").entries


def test_what_a_person_calls_good_after_the_release_is_what_starts() -> None:
    """P3: the kill has its say first, and the person who knows of it the last."""
    made = stopped_and_released_before_the_verdict(proven(), "a")
    made.breaches.clear()
    made.ask_verdict("a", "Good")
    made.wait(30)

    said = [each.verdict.worth for each in made.done(records.GiveVerdict)]
    assert (said, made.replicas) == ([facts.Worth.BAD, facts.Worth.GOOD], 4)


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


def test_a_version_that_was_found_good_since_its_kill_is_not_bad_when_a_person_engages_that_switch_again() -> (
    None
):
    """K7: the switch spoke of the kill that ended when it let go of the workload."""
    made = toxic()
    made.breaches.clear()
    made.release("m")
    made.overrule("b", facts.Worth.UNPROVEN)
    made.wait(60)
    assert (made.running, made.worth("b"), made.version("b").verdict.by) == ("b", "Good", facts.OPERATOR)
    made.engage("m")
    made.wait(5)

    assert (made.replicas, made.worth("b")) == (0, "Good")


def test_a_version_is_bad_though_a_person_releases_its_switch_and_engages_it_again_before_the_verdict() -> (
    None
):
    """K7: the switch still holds the workload, so the kill that it speaks of is not over."""
    made = stopped_and_released_before_the_verdict(proven(), "a")
    made.engage("m")
    made.wait(5)

    assert (made.replicas, made.worth("a")) == (0, "Bad")


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
