"""A person starts a model that waits at zero, by naming a version (semantics.md, K9, K10, P3)."""

from lastgood.api import names
from tests.unit.decide.scenes import proven, released


def test_a_person_may_resume_with_a_listed_version_that_never_ran() -> None:
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "c"
    made.rest()

    assert (made.running, made.replicas) == ("c", 1)


def test_a_resume_with_an_unknown_version_starts_nothing_and_is_answered_once() -> None:
    """P3: it is taken down, so that the command that is told works as it is told."""
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "zzz"
    decision = made.wait(5)

    assert (made.replicas, decision.reason) == (0, "WaitingForResume")
    assert made.annotations == {}
    assert [(each.asked.value, each.outcome) for each in made.checkpoints[-1].answers] == [("zzz", "Refused")]
    assert made.checkpoints[-1].answers[0].message == (
        "version 'zzz' is neither listed nor saved; there are a, b and c"
    )


def test_an_unknown_version_in_a_manifest_is_refused_once_and_the_told_command_writes_over_it() -> None:
    """P3."""
    made = released(manual=True)
    made.asked_by[names.ANNOTATION_RESUME] = "argocd-controller"
    made.annotations[names.ANNOTATION_RESUME] = "zzz"
    decision = made.wait(60)

    assert made.annotations == {names.ANNOTATION_RESUME: "zzz"}
    assert made.answers() == [("resume", "zzz", "Refused")]
    assert f"-n ns --overwrite {names.ANNOTATION_RESUME}=VERSION" in decision.message


def test_an_unknown_version_keeps_a_model_that_starts_by_itself_from_nothing() -> None:
    """K9, K10, P3: it is refused, and what its release says goes on."""
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "zzz"
    made.rest()
    made.spec["killSwitch"] = {**made.spec["killSwitch"], "recovery": {"restart": "Probation"}}
    made.rest()
    assert (made.running, made.replicas) == ("a", 1)


def test_a_person_resumes_while_prometheus_says_nothing() -> None:
    """K10: the start needs no data; only the end of the probation does."""
    made = released(manual=True)
    made.silent |= {("img:a", "errors"), ("img:a", "toxic")}
    made.annotations["lastgood.dev/resume"] = "a"
    made.wait(1)
    assert made.replicas == 1


def test_a_resume_counts_once() -> None:
    made = released(manual=True)
    made.annotations[names.ANNOTATION_RESUME] = "a"
    made.wait(15)
    assert made.annotations == {}
    made.engage()
    made.rest()
    made.release()
    made.wait(30)

    assert made.replicas == 0


def test_a_resume_from_before_the_kill_does_not_count() -> None:
    made = proven()
    made.annotations[names.ANNOTATION_RESUME] = "a"
    released(made, manual=True)
    made.wait(5)

    assert made.replicas == 0
