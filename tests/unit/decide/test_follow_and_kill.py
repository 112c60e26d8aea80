"""What becomes of a template that is put on a model while it is killed or in probation (semantics.md, O6, K9)."""

import pytest

from lastgood.api import names
from lastgood.decide import facts
from tests.unit.decide.following import adopted, following, put_on, serving
from tests.unit.decide.scenes import released


def test_what_is_put_on_a_killed_model_is_saved_at_its_release_and_runs_after_the_probation() -> None:
    """K9: rollouts resume after probation."""
    made = following()
    made.engage()
    made.wait(1)
    put_on(made, "img:b")
    made.wait(2)
    assert made.replicas == 0
    made.spec["killSwitch"] = {"recovery": {"probation": {"replicas": 1, "duration": "3m"}}}
    made.release()
    made.rest()
    assert (serving(made), made.replicas) == (adopted(made).version, 1)
    made.wait(10)

    assert (serving(made), made.replicas, made.running) == ("b", 4, "b")
    put_on(made, "img:a")
    made.wait(1)
    assert made.running == "a", "who goes back then is followed"


def test_what_is_put_on_in_probation_is_put_back_and_runs_afterwards() -> None:
    made = released(following(), probation={"replicas": 1, "duration": "3m"})
    put_on(made, "img:b")
    made.rest()
    assert (serving(made), made.replicas) == (adopted(made).version, 1)
    made.wait(10)

    assert (serving(made), made.replicas) == ("b", 4)


@pytest.mark.parametrize("worth", [facts.Worth.UNPROVEN, facts.Worth.GOOD])
def test_what_waits_for_the_end_of_probation_runs_afterwards_whatever_a_person_said_of_it(
    worth: facts.Worth,
) -> None:
    """O6, P3: until the act is done, what still runs was put on by nobody."""
    made = released(following(), probation={"replicas": 1, "duration": "3m"})
    put_on(made, "img:b")
    made.rest()
    made.overrule("b", worth)
    made.wait(10)

    assert (serving(made), made.replicas) == ("b", 4)
    assert [each.why for each in made.version("b").activations] == [facts.Why.ROLLOUT]


def test_a_person_may_resume_a_killed_model_with_what_was_put_on_meanwhile() -> None:
    made = following()
    made.overrule(adopted(made).version, facts.Worth.BAD)
    made.engage()
    made.wait(1)
    put_on(made, "img:b")
    made.release()
    assert made.wait(1).reason == "WaitingForResume"
    made.annotations[names.ANNOTATION_RESUME] = "b"
    made.wait(1)

    assert serving(made) == "b"
    assert made.replicas > 0


def test_what_was_put_on_before_another_version_is_not_run_later() -> None:
    made = released(following(), probation={"replicas": 1, "duration": "30m"})
    for image in ("img:b", "img:c"):
        put_on(made, image)
        made.wait(1)
    made.wait(40)
    assert serving(made) == "c"
    made.breaches.add(("img:c", "errors"))
    made.wait(3)

    assert serving(made) == adopted(made).version
    made.wait(30)
    assert serving(made) == adopted(made).version
