"""Going back to a good version, when, and to which (semantics.md, R1 to R4, R7)."""

from datetime import timedelta

from lastgood.decide import facts, steps
from tests.unit.decide.scenes import breaching, model, proven, rolled_back


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


def test_a_hand_made_change_is_not_undone_towards_a_bad_version() -> None:
    made = model(rollout={"bake": "1h"})
    made.wait(2)
    made.breaches.add(("img:a", "errors"))
    made.wait(2)
    assert made.worth("a") == "Bad"
    made.template = {**made.template, "spec": {"containers": [{"name": "model", "image": "img:rescue"}]}}
    made.wait(3)

    assert made.running == "rescue"


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


def test_a_version_that_was_good_for_half_a_year_is_guarded_like_a_new_one() -> None:
    """O4."""
    made = proven()
    made.want("b")
    made.wait(40)
    assert made.worth("b") == "Good"
    made.now += timedelta(days=180)
    made.breaches.add(("img:b", "errors"))
    made.wait(1)
    assert made.rollbacks == [("b", "a")]


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
