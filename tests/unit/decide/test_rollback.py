"""Going back to a good version, when, to which, and when not (semantics.md, R)."""

from datetime import timedelta

import pytest

from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Phase
from tests.unit.decide.simulator import ERRORS, MINUTE, World, model, proven, rolled_back


def breaching(*, minutes: int = 1, **spec: object) -> World:
    """A model with Good `a` whose `b` breaches."""
    made = proven(**spec)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(minutes)
    return made


def test_a_breach_makes_the_version_bad_and_then_goes_back_to_the_good_one() -> None:
    made = breaching(minutes=0)
    kinds = [type(each).__name__ for each in made.log]

    assert kinds[-3:] == ["GiveVerdict", "Activate", "SwitchTemplate"]
    assert (made.running, made.worth("b")) == ("a", "Bad")


def test_the_verdict_says_what_spoke_against_the_version() -> None:
    verdict = breaching().version("b").verdict

    assert (verdict.reason, verdict.by) == ("ThresholdBreached", facts.OPERATOR)
    assert verdict.evidence is not None
    assert verdict.evidence["threshold"] == "errors"
    assert verdict.evidence["value"] == 9.0


def test_of_several_good_versions_the_one_that_served_last_is_restored() -> None:
    made = proven()
    made.want("b")
    made.wait(8)
    made.want("c")
    made.wait(2)
    made.breaches.add(("img:c", "errors"))
    made.wait(1)

    assert made.rollbacks == [("c", "b")]


def test_a_good_version_that_is_no_longer_listed_is_restored() -> None:
    made = proven()
    made.spec["versions"] = [{"name": "b", "image": "img:b"}]
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(1)

    assert made.rollbacks == [("b", "a")]


def test_a_good_version_whose_name_now_means_something_else_is_not_restored() -> None:
    made = proven()
    made.spec["versions"] = [{"name": "a", "image": "img:a2"}, {"name": "b", "image": "img:b"}]
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    decision = made.wait(1)

    assert (made.rollbacks, decision.reason) == ([], "NoGoodVersion")


def test_without_a_good_version_one_that_served_is_restored() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(1)

    assert made.rollbacks == [("b", "a")]
    assert made.worth("a") == "Unproven"


def test_a_version_that_never_served_is_not_restored() -> None:
    made = model()
    made.crashing.add("img:a")
    made.round()
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    decision = made.wait(1)

    assert made.rollbacks == []
    assert decision.degraded == "NoGoodVersion"


def test_a_bad_version_is_never_restored() -> None:
    made = rolled_back()
    made.now += timedelta(hours=1)
    made.breaches = {("img:a", "errors")}
    decision = made.wait(1)

    assert made.rollbacks == [("b", "a")]
    assert made.running == "a"
    assert decision.degraded in ("NoGoodVersion", "PingPong")


def test_without_a_good_version_the_model_is_held_and_says_what_to_do() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    decision = made.wait(2)

    assert (decision.phase, decision.degraded) == (Phase.HELD, "NoGoodVersion")
    assert "list a better version" in decision.message
    assert made.replicas == 4


def test_a_better_version_ends_the_hold_without_a_good_version() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    made.wait(2)
    made.want("b")
    made.wait(2)

    assert made.running == "b"


def test_without_a_good_version_the_model_is_killed_where_a_person_asked_for_it() -> None:
    made = model(rollout={"bake": "1h"}, rollback={"onNoGoodVersion": "Kill"})
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    made.wait(2)

    assert made.replicas == 0
    assert made.switch("m").cause is facts.Cause.AUTOMATIC


def test_a_version_that_a_person_calls_bad_is_gone_back_from_without_a_cooldown() -> None:
    made = rolled_back()
    made.want("c")
    made.wait(2)
    made.overrule("c", facts.Worth.BAD)
    made.rest()

    assert made.rollbacks == [("b", "a"), ("c", "a")]


def test_a_hand_made_change_is_not_undone_towards_a_bad_version() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    made.wait(2)
    assert made.worth("a") == "Bad"
    made.template = {**made.template, "spec": {"containers": [{"name": "model", "image": "img:rescue"}]}}
    made.wait(3)

    assert made.running == "rescue"


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


def test_a_paused_deployment_is_unpaused_for_a_rollback() -> None:
    made = proven()
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.paused = True
    made.wait(1)

    assert not made.paused
    assert made.pods_template is None
    assert made.running == "a"


def test_a_deployment_that_is_paused_after_the_switch_of_a_rollback_is_unpaused() -> None:
    made = rolled_back()
    made.paused = True
    made.rest()

    assert not made.paused


@pytest.mark.parametrize("version", ["b"])
def test_a_new_version_whose_pods_crash_is_gone_back_from(version: str) -> None:
    made = proven()
    made.crashing.add(f"img:{version}")
    made.want(version)
    made.wait(1)

    assert made.rollbacks == [(version, "a")]
    assert made.version(version).verdict.reason == "StartFailed"


def test_a_new_version_whose_rollout_does_not_end_by_its_deadline_is_gone_back_from() -> None:
    made = proven(rollout={"progressDeadline": "3m"})
    made.want("b")
    made.round()
    made.round()
    made.rolling, made.pods_left = True, 2
    made.wait(2)
    assert made.running == "b"
    made.wait(1)

    assert made.rollbacks == [("b", "a")]


def test_a_pause_stops_the_deadline() -> None:
    made = proven(rollout={"progressDeadline": "3m"})
    made.paused = True
    made.want("b")
    made.rolling = True
    made.wait(30)

    assert made.rollbacks == []


def test_a_version_that_is_scaled_up_long_after_its_rollout_has_no_deadline() -> None:
    made = model(rollout={"bake": "24h", "progressDeadline": "3m"})
    made.wait(30)
    made.scale(8)
    made.pods_left = 5
    made.wait(30)

    assert made.worth("a") == "Unproven"
    assert made.done(records.Activate) == []


def test_a_good_version_whose_pods_fail_is_held_for_it_was_seen_to_work() -> None:
    made = proven()
    made.crashing.add("img:a")
    decision = made.wait(3)

    assert (made.worth("a"), decision.degraded) == ("Good", "RestoredVersionUnavailable")
    assert made.log == []


def test_a_new_version_may_be_rolled_out_over_a_good_one_whose_pods_fail() -> None:
    made = proven()
    made.crashing.add("img:a")
    made.wait(3)
    made.want("b")
    made.wait(1)

    assert made.running == "b"


def test_the_restored_version_is_guarded_too() -> None:
    made = proven("a", "b", "c")
    made.want("b")
    made.wait(8)
    made.want("c")
    made.wait(1)
    made.breaches |= {("img:c", "errors")}
    made.wait(1)
    made.now += timedelta(hours=1)
    made.breaches |= {("img:b", "errors")}
    made.wait(1)

    assert made.rollbacks == [("c", "b"), ("b", "a")]


def test_no_rollback_touches_the_replicas() -> None:
    made = breaching()

    assert made.done(steps.Scale) == []


def test_of_two_records_of_one_definition_the_bad_one_counts() -> None:
    made = rolled_back()
    bad = made.version("b")
    twin = facts.Checkpoint(
        name="m-twin",
        version="b",
        digest=bad.digest,
        template=bad.template,
        base=bad.base,
        verdict=facts.VerdictFact(facts.Worth.UNPROVEN, facts.CREATED, since=made.now),
        activations=(),
        created_at=made.now,
    )
    made.checkpoints.append(twin)
    made.log.clear()
    made.wait(2)

    assert made.log == []
