"""Following what people and CI put on the workload (semantics.md, O6)."""

from lastgood.api import names
from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Phase
from lastgood.decide.rules import follow
from tests.unit.decide.following import adopted, following, put_on, serving
from tests.unit.decide.scenes import TOXIC
from tests.unit.decide.simulator import MINUTE


def test_what_somebody_puts_on_is_a_version_named_by_its_tag_and_nothing_is_done_to_the_workload() -> None:
    made = following()
    put_on(made, "img:b")
    first = made.round()
    made.rest()

    (taken,) = first.records
    assert isinstance(taken, records.TakeCheckpoint)
    assert taken.checkpoint.version == "b"
    assert taken.checkpoint.activations[0].why is facts.Why.FOLLOWED
    assert taken.checkpoint.activations[0].came_from == adopted(made).version
    assert made.done(steps.SwitchTemplate) == []
    assert made.pod_labels[names.LABEL_VERSION] == "b"


def test_what_is_followed_is_baked_and_guarded_like_any_version() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(8)
    assert made.worth("b") == "Good"

    made.breaches.add(("img:b", "errors"))
    made.wait(2)
    assert made.rollbacks == [("b", adopted(made).version)]
    assert (made.running, made.worth("b")) == ("a", "Bad")


def test_a_kill_breach_of_what_is_followed_kills() -> None:
    made = following(thresholds=[TOXIC])
    put_on(made, "img:b")
    made.breaches.add(("img:b", "toxic"))
    made.wait(2)

    assert (made.replicas, made.worth("b")) == (0, "Bad")


def test_a_bad_version_that_is_applied_again_is_put_back() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(2)
    bad = made.version("b")
    for _ in range(3):
        put_on(made, "img:b")
        made.wait(2)

    assert made.running == "a"
    assert made.version("b") == bad
    assert len(made.rollbacks) == 1


def test_a_rollback_that_is_recorded_and_not_yet_done_is_not_followed_back() -> None:
    """F2: what runs for want of the act is no new version, though it is Good and a person ordered the rollback."""
    made = following()
    put_on(made, "img:b")
    made.wait(8)
    ordered = facts.Activation(made.now, facts.Why.ORDERED, came_from="b")
    made.apply(records.Activate(adopted(made), ordered))
    made.crash()
    made.wait(1)
    assert made.running == "a"

    put_on(made, "img:b")
    made.wait(1)
    assert made.running == "a", "nor is it when it is applied again"


def test_a_version_that_was_gone_back_from_is_followed_once_a_person_clears_it() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(2)
    made.breaches.clear()
    made.overrule("b", facts.Worth.UNPROVEN)
    put_on(made, "img:b")
    made.wait(1)

    assert serving(made) == "b"


def test_what_a_person_clears_is_followed_though_the_clock_was_ahead_when_it_was_gone_back_from() -> None:
    """P3, O6: and until it is put on again, nobody calls it Bad."""
    made = following()
    put_on(made, "img:b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(2)
    made.breaches.clear()
    made.now -= 10 * MINUTE
    made.overrule("b", facts.Worth.UNPROVEN)
    decision = made.rest()
    assert decision.phase is Phase.ROLLED_BACK
    assert (
        decision.message
        == f"{adopted(made).version} serves; b was gone back from: put it on m again to run it"
    )
    put_on(made, "img:b")
    made.wait(1)

    assert serving(made) == "b"


def test_a_new_version_that_comes_before_a_rollback_is_done_is_followed() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    while not made.rollbacks:
        made.round()
    put_on(made, "img:c")
    made.wait(8)

    assert (serving(made), made.worth("c"), made.worth("b")) == ("c", "Good", "Bad")


def test_a_new_version_in_the_place_of_a_breaching_one_spends_no_rollback() -> None:
    made = following(rollback={"cooldown": "1h", "budget": {"max": 1, "per": "24h"}})
    put_on(made, "img:b")
    made.wait(2)
    made.overrule("b", facts.Worth.BAD)
    put_on(made, "img:c")
    made.wait(2)

    assert (serving(made), made.rollbacks) == ("c", [])


def test_after_a_rollback_an_earlier_good_version_that_is_put_on_is_followed() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(8)
    put_on(made, "img:c")
    made.wait(2)
    made.breaches.add(("img:c", "errors"))
    made.wait(2)
    assert serving(made) == "b"
    put_on(made, "img:a")
    made.wait(2)

    assert serving(made) == adopted(made).version
    assert len(made.checkpoints) == 3


def test_what_a_rollback_puts_back_carries_no_version_that_would_stay_on_the_next() -> None:
    made = following()
    put_on(made, "img:b")
    made.template["metadata"]["labels"][names.LABEL_VERSION] = "by-hand"
    made.wait(2)
    assert made.pod_labels[names.LABEL_VERSION] == "b"
    made.breaches.add(("img:b", "errors"))
    made.wait(2)

    assert names.LABEL_VERSION not in made.template["metadata"]["labels"]
    assert made.pod_labels[names.LABEL_VERSION] == adopted(made).version


def test_a_rollout_restart_is_no_new_version_either() -> None:
    made = following()
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-03-01T12:00:00Z"}
    made.template = {**made.template, "metadata": {**made.template["metadata"], "annotations": annotations}}
    made.wait(5)

    assert made.log == []


def test_a_model_that_is_suspended_is_followed_and_nothing_is_put_back() -> None:
    made = following(suspend=True)
    put_on(made, "img:b")
    made.wait(8)
    assert (serving(made), made.worth("b")) == ("b", "Good")
    assert made.done(steps.SwitchTemplate) == []


def test_a_version_given_in_spec_stands_above_what_is_put_on() -> None:
    made = following(versions=[{"name": "a", "image": "img:a"}], version="a")
    put_on(made, "img:b")
    made.wait(2)

    assert made.running == "a"
    assert [c.version for c in made.checkpoints] == ["a"]


def test_a_version_given_in_spec_may_be_one_that_was_followed_before() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(8)
    made.want(adopted(made).version)
    made.wait(2)
    assert serving(made) == adopted(made).version
    assert made.running == "a"

    made.spec = {**made.spec, "version": None}
    made.wait(2)
    assert made.running == "a", "leaving it out again moves nothing"
    put_on(made, "img:b")
    made.wait(2)
    assert serving(made) == "b"


def test_a_version_given_in_spec_may_come_by_the_workload() -> None:
    made = following()
    made.want("b")
    decision = made.wait(2)
    assert (decision.reason, made.running) == ("UnknownVersion", "a")
    put_on(made, "img:b")
    made.wait(2)

    assert serving(made) == "b"


def test_people_see_which_version_was_asked_for_and_that_it_was_gone_back_from() -> None:
    made = following()
    put_on(made, "img:b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    decision = made.wait(5)

    assert follow.asked_for(made.view()) == "b"
    assert (decision.phase, decision.message) == (
        Phase.ROLLED_BACK,
        f"{adopted(made).version} serves; b is Bad",
    )


def test_turning_it_on_takes_what_was_contested_before() -> None:
    made = following(follow=False, versions=[{"name": "a", "image": "img:a"}], version="a")
    put_on(made, "img:b")
    made.wait(1)
    assert made.running == "a"
    made.spec = {**made.spec, "follow": True, "version": None}
    put_on(made, "img:b")
    made.wait(1)

    assert serving(made) == "b"
