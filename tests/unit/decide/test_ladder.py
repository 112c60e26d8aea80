"""The ladder: of all that is asked for, the highest rung is taken: Kill, Rollback, Hold, Alert (J1, K6)."""

import itertools

import pytest

from lastgood.decide import facts
from lastgood.decide.decision import Decision, Phase
from tests.unit.decide.scenes import proven
from tests.unit.decide.simulator import World

RUNGS = ("Alert", "Hold", "Rollback", "Kill")
CASES = [set(some) for count in range(5) for some in itertools.combinations(RUNGS, count)]


def breaching(rungs: set[str]) -> tuple[World, Decision]:
    """A Good `a`, and a `b` that breaches the thresholds of these rungs, of four."""
    made = proven(thresholds=[{"name": r.lower(), "query": "q", "max": 1, "onBreach": r} for r in RUNGS])
    made.want("b")
    made.wait(2)
    made.breaches |= {("img:b", rung.lower()) for rung in rungs}
    return made, made.wait(1)


@pytest.mark.parametrize("rungs", CASES, ids=lambda rungs: "+".join(sorted(rungs)) or "none")
def test_of_several_thresholds_the_highest_rung_that_breaches_decides(rungs: set[str]) -> None:
    made, decision = breaching(rungs)

    highest = max(rungs, key=RUNGS.index, default="")
    seen = (made.running, made.replicas, made.worth("b"), decision.phase)
    assert (
        seen
        == {
            "": ("b", 4, "Unproven", Phase.BAKING),
            "Alert": ("b", 4, "Unproven", Phase.BAKING),
            "Hold": ("b", 4, "Unproven", Phase.HELD),
            "Rollback": ("a", 4, "Bad", Phase.ROLLED_BACK),
            "Kill": ("b", 0, "Bad", Phase.KILLED),
        }[highest]
    )


def test_one_threshold_of_several_that_breaches_is_enough() -> None:
    made, _ = breaching({"Rollback"})

    assert made.rollbacks == [("b", "a")]
    assert (made.version("b").verdict.evidence or {})["threshold"] == "rollback"


def test_a_model_climbs_the_ladder_rung_by_rung_and_comes_all_the_way_back() -> None:
    """J1, R1, R5, K7, K9: hold, rollback, then a kill of what was gone back to, and release."""
    made, decision = breaching({"Alert"})
    assert decision.phase is Phase.BAKING
    made.breaches.add(("img:b", "hold"))
    assert made.wait(20).degraded == "Held"
    assert made.worth("b") == "Unproven", "no bake ends meanwhile"
    made.breaches.add(("img:b", "rollback"))
    made.wait(1)
    assert (made.running, made.rollbacks) == ("a", [("b", "a")])
    made.breaches.add(("img:a", "kill"))
    made.wait(1)
    assert (made.replicas, made.worth("a"), made.switch("m").cause) == (0, "Bad", facts.Cause.AUTOMATIC)
    made.breaches.clear()
    made.release("m")
    made.wait(10)
    assert made.replicas == 0, "both are Bad: a person says what to start"
    made.annotations["lastgood.dev/resume"] = "c"
    made.want("c")
    made.wait(60)

    assert (made.running, made.replicas, made.worth("c"), made.switch("m").entries) == ("c", 4, "Good", ())
