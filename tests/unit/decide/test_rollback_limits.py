"""What limits rollbacks: cooldown, budget, ping-pong, suspend, dry runs (semantics.md, R5, J11)."""

from datetime import timedelta

import pytest

from lastgood.decide import facts
from lastgood.decide.decision import Phase
from tests.unit.decide.scenes import ERRORS, breaching, model, proven, rolled_back
from tests.unit.decide.simulator import MINUTE


def test_without_a_good_version_the_model_is_held_and_says_what_to_do() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    decision = made.wait(2)

    assert (decision.phase, decision.degraded) == (Phase.HELD, "NoGoodVersion")
    assert "list a better version" in decision.message
    assert made.replicas == 4


def test_a_version_that_a_person_calls_bad_is_gone_back_from_without_a_cooldown() -> None:
    made = rolled_back()
    made.want("c")
    made.wait(2)
    made.overrule("c", facts.Worth.BAD)
    made.rest()

    assert made.rollbacks == [("b", "a"), ("c", "a")]


def test_a_rollback_that_a_person_orders_starts_no_cooldown() -> None:
    """R5."""
    made = proven("a", "b", "c")
    made.want("b")
    made.wait(8)
    made.want("c")
    made.wait(8)
    made.overrule("c", facts.Worth.BAD)
    made.rest()
    assert made.rollbacks == [("c", "b")]
    made.breaches.add(("img:b", "errors"))
    made.wait(1)

    assert made.rollbacks == [("c", "b"), ("b", "a")], "the first automatic one waits for nothing"


def test_rollbacks_that_people_order_spend_no_budget() -> None:
    """R5."""
    made = proven("a", "b", "c", "d", rollback={"budget": {"max": 1, "per": "24h"}, "cooldown": "0s"})
    for name in "bc":
        made.want(name)
        made.wait(2)
        made.overrule(name, facts.Worth.BAD)
        made.rest()
    made.want("d")
    made.breaches.add(("img:d", "errors"))
    made.wait(2)

    assert made.rollbacks == [("b", "a"), ("c", "a"), ("d", "a")]


def test_going_back_automatically_to_what_a_person_ordered_away_is_no_ping_pong() -> None:
    """R5: only an automatic rollback that would undo an automatic one is."""
    made = proven()
    made.want("b")
    made.wait(8)
    made.overrule("b", facts.Worth.BAD)
    made.rest()
    assert made.rollbacks == [("b", "a")]
    made.spec["version"] = "a"
    made.overrule("b", facts.Worth.GOOD)
    made.breaches.add(("img:a", "errors"))
    made.wait(1)

    assert made.rollbacks == [("b", "a"), ("a", "b")]


@pytest.mark.parametrize("hold", [{"suspend": True}, {"thresholds": [ERRORS | {"onBreach": "Hold"}]}])
def test_a_version_that_breached_while_it_was_held_is_not_gone_back_to_later(hold: dict[str, object]) -> None:
    """R1: only an Unproven version that served without a breach is."""
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    acting = made.spec["thresholds"]
    made.spec |= hold
    made.breaches.add(("img:a", "errors"))
    made.wait(2)
    made.breaches.clear()
    made.spec |= {"suspend": False, "thresholds": acting}
    made.crash()
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    decision = made.wait(2)

    assert (made.running, decision.degraded) == ("b", "NoGoodVersion")
    assert made.version("a").verdict.reason == "Breached"


def test_a_version_that_breached_once_and_baked_afterwards_is_good() -> None:
    """R1, O3."""
    made = model(suspend=True)
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    made.wait(2)
    made.breaches.clear()
    made.wait(8)

    assert made.worth("a") == "Good"


def test_two_automatic_rollbacks_of_the_same_version_line_are_a_cooldown_apart() -> None:
    made = proven("a", "b", "c")
    made.want("b")
    made.wait(8)
    made.want("c")
    made.wait(1)
    made.breaches.add(("img:c", "errors"))
    made.wait(1)
    assert made.rollbacks == [("c", "b")]
    made.breaches.add(("img:b", "errors"))
    decision = made.wait(5)

    assert (decision.phase, decision.degraded) == (Phase.HELD, "Cooldown")
    assert made.worth("b") == "Good", "a wait condemns nothing"
    made.wait(6)
    assert made.rollbacks == [("c", "b"), ("b", "a")]


def test_the_cooldown_does_not_spare_a_version_that_was_first_wanted_after_the_last_rollback() -> None:
    made = rolled_back()
    made.breaches.add(("img:c", "errors"))
    made.want("c")
    made.wait(2)

    assert made.rollbacks == [("b", "a"), ("c", "a")]


def test_a_spent_budget_holds() -> None:
    listed = ("a", "b", "c", "d", "e")
    made = proven(*listed, rollback={"budget": {"max": 2, "per": "24h"}, "cooldown": "0s"})
    made.breaches |= {(f"img:{name}", "errors") for name in "bcd"}
    for name in "bc":
        made.want(name)
        made.wait(2)
    made.want("d")
    decision = made.wait(2)

    assert made.rollbacks == [("b", "a"), ("c", "a")]
    assert (made.running, decision.degraded) == ("d", "BudgetSpent")
    made.now += timedelta(hours=24)
    made.wait(1)
    assert made.running == "a"


def test_a_better_version_may_be_rolled_out_while_a_rollback_is_held() -> None:
    made = proven("a", "b", "c", "d", rollback={"budget": {"max": 1, "per": "24h"}})
    made.breaches |= {("img:b", "errors"), ("img:c", "errors")}
    for name in "bcd":
        made.want(name)
        made.wait(2)

    assert (made.running, made.rollbacks) == ("d", [("b", "a")])


def test_an_automatic_rollback_is_not_followed_by_one_the_other_way() -> None:
    made = rolled_back()
    made.spec["version"] = "a"
    made.overrule("b", facts.Worth.GOOD)
    made.breaches = {("img:a", "errors")}
    made.now += timedelta(hours=1)
    decision = made.wait(1)

    assert (made.running, decision.degraded) == ("a", "PingPong")


def test_suspend_blocks_a_rollback_and_its_end_lets_it_happen() -> None:
    made = breaching(suspend=True, minutes=0)
    assert made.running == "a"
    made.spec["suspend"] = False
    made.wait(2)
    made.spec["suspend"] = True
    made.now += MINUTE
    assert made.rollbacks == [("b", "a")]


@pytest.mark.parametrize("harmless", [{"dryRun": True}, {"onBreach": "Alert"}, {"onBreach": "Hold"}])
def test_dry_run_alert_and_hold_never_act(harmless: dict[str, object]) -> None:
    made = proven(
        thresholds=[
            ERRORS | harmless,
            {"name": "toxic", "query": "q", "max": 1, "onBreach": "Kill", "dryRun": True},
        ]
    )
    made.want("b")
    made.wait(2)
    made.breaches |= {("img:b", "errors"), ("img:b", "toxic")}
    made.wait(3)

    assert (made.running, made.replicas, made.switches) == ("b", 4, [])


def test_a_hold_breach_is_said_and_stops_the_bake() -> None:
    made = model(thresholds=[ERRORS | {"onBreach": "Hold"}])
    made.breaches.add(("img:a", "errors"))
    decision = made.wait(30)

    assert (decision.phase, decision.degraded) == (Phase.HELD, "Held")
    assert made.worth("a") == "Unproven"
