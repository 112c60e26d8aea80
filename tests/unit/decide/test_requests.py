"""What people ask for by annotation of the model: met or refused at once, told, and never done twice (rule P3)."""

from datetime import timedelta

import pytest

from lastgood.api import names
from lastgood.decide import facts, records, steps
from tests.unit.decide.scenes import killed, model, proven, released, rolled_back
from tests.unit.decide.simulator import World

BACK, ABORT = names.ANNOTATION_ROLLBACK_TO, names.ANNOTATION_ABORT
ARGO = "argocd-controller"


def three_good() -> World:
    """A model that runs `c`; `a` and `b` are Good too."""
    made = proven()
    for version in ("b", "c"):
        made.want(version)
        made.wait(8)
        assert made.worth(version) == "Good"
    made.log.clear()
    return made


def test_a_person_orders_a_rollback_to_the_version_they_name() -> None:
    made = three_good()
    made.ask(BACK, "a")
    made.wait(2)
    assert made.running == "a", "not b, which a rollback of our own would choose"
    verdict = made.version("c").verdict
    assert (verdict.worth, verdict.reason, verdict.by) == ("Bad", "RollbackTo/a", "kubectl-annotate")
    assert made.known.last_activation is not None
    assert made.known.last_activation.why == "OrderedRollback"


def test_what_was_left_is_not_rolled_forward_to_again_though_the_spec_wants_it() -> None:
    """R4."""
    made = three_good()
    made.ask(BACK, "b")
    made.wait(30)
    assert (made.running, made.spec["version"]) == ("b", "c")


def test_neither_cooldown_nor_budget_nor_ping_pong_limits_a_person() -> None:
    """R5."""
    made = rolled_back(rollback={"cooldown": "24h", "budget": {"max": 1, "per": "24h"}})
    made.breaches.clear()
    made.want("c")
    made.wait(8)
    made.ask(BACK, "a")
    made.wait(1)
    assert made.running == "a"


def test_a_request_by_hand_is_taken_down_and_can_be_made_again() -> None:
    made = three_good()
    made.ask(BACK, "b")
    made.rest()
    assert BACK not in made.annotations
    made.overrule("c", facts.Worth.UNPROVEN)
    made.wait(8)
    assert made.running == "c", "the spec wants it, and a person has cleared it"
    made.ask(BACK, "b")
    made.wait(1)
    assert made.running == "b"


@pytest.mark.parametrize("by", [ARGO, "kubectl-client-side-apply", "somebodys-script", ""])
def test_what_a_manifest_carries_counts_once_and_stays(by: str) -> None:
    made = three_good()
    made.ask(BACK, "b", by=by)
    made.wait(1)
    assert made.running == "b"
    assert made.annotations[BACK] == "b", "taken down, it would come back with the next sync"
    made.overrule("c", facts.Worth.UNPROVEN)
    made.wait(8)
    made.ask(BACK, "b", by=by)  # applied again, as a sync does
    made.wait(30)
    assert (made.running, made.rollbacks) == ("c", [("c", "b")])


def test_a_manifest_that_asks_for_another_version_is_heard_again() -> None:
    made = three_good()
    made.ask(BACK, "b", by=ARGO)
    made.wait(1)
    made.ask(BACK, "a", by=ARGO)
    made.wait(1)
    assert made.running == "a"


def test_a_manifest_applied_again_after_a_request_by_hand_asks_for_nothing_new() -> None:
    made = three_good()
    made.ask(BACK, "b", by=ARGO)
    made.wait(1)
    made.ask(BACK, "a")
    made.wait(1)
    made.ask(BACK, "b", by=ARGO)
    made.wait(30)
    assert made.running == "a"


def test_a_model_created_again_with_the_request_in_its_manifest_does_not_meet_it_again() -> None:
    """F2: what was answered stands with the checkpoints."""
    made = three_good()
    made.ask(BACK, "b", by=ARGO)
    made.wait(1)
    made.overrule("c", facts.Worth.UNPROVEN)
    made.wait(8)
    made.uid = "uid-2"
    made.ask(BACK, "b", by="kubectl-create")
    made.wait(30)
    assert made.running == "c"


@pytest.mark.parametrize(
    ("version", "why"), [("zzz", "neither listed nor saved"), ("b", "is Bad (ThresholdBreached)")]
)
def test_a_version_that_is_unknown_or_bad_is_refused_and_nothing_is_done(version: str, why: str) -> None:
    made = rolled_back()
    made.log.clear()
    made.ask(BACK, version)
    made.wait(5)
    (answered,) = made.done(records.AnswerRequest)
    assert answered.answer.outcome == "Refused"
    assert why in answered.answer.message
    assert made.running == "a"
    assert made.worth("a") == "Good"
    assert made.rollbacks == []


def test_a_refused_request_is_not_met_later_when_it_could_be() -> None:
    made = rolled_back()
    made.ask(BACK, "b", by=ARGO)
    made.rest()
    made.overrule("b", facts.Worth.GOOD)
    made.want("a")
    made.wait(30)
    assert made.running == "a"


def test_a_rollback_to_what_runs_condemns_nothing() -> None:
    made = three_good()
    made.ask(BACK, "c")
    made.wait(5)
    assert made.worth("c") == "Good"
    assert made.answers() == [("rollback-to", "c", "Done")]


def test_a_rollback_to_a_listed_version_that_never_ran_saves_and_runs_it() -> None:
    made = proven()
    made.ask(BACK, "b")
    made.wait(8)
    assert (made.running, made.worth("a"), made.worth("b")) == ("b", "Bad", "Good")


@pytest.mark.parametrize("only", [0, 1, 2, 3])
def test_a_crash_between_any_two_writes_of_a_rollback_by_request_comes_to_the_same_end(only: int) -> None:
    """F2."""
    made = three_good()
    made.ask(BACK, "a")
    for _ in range(only):
        made.round(only=1)
    made.crash()
    made.wait(2)
    assert (made.running, made.worth("c"), made.worth("b")) == ("a", "Bad", "Good")
    assert (made.rollbacks, made.answers()) == ([("c", "a")], [("rollback-to", "a", "Done")])
    assert BACK not in made.annotations


def test_what_is_asked_while_the_model_is_killed_or_returns_is_refused_and_does_not_come_later() -> None:
    for made in (killed(three_good()), released(three_good(), manual=True)):
        made.ask(BACK, "a", by=ARGO)
        made.rest()
        assert made.answers() == [("rollback-to", "a", "Refused")]
        assert made.worth("c") == "Good"


def test_a_suspended_model_is_not_switched_by_request() -> None:
    """J11."""
    made = three_good()
    made.spec["suspend"] = True
    made.ask(BACK, "a")
    made.wait(2)
    assert (made.running, made.answers()) == ("c", [("rollback-to", "a", "Refused")])


def test_a_person_gives_up_a_rollout_while_it_bakes() -> None:
    made = proven(rollback={"cooldown": "24h", "budget": {"max": 1, "per": "24h"}})
    made.want("b")
    made.wait(2)
    made.ask(ABORT, "b")
    made.wait(30)
    assert (made.running, made.worth("b"), made.version("b").verdict.reason) == ("a", "Bad", "Aborted")
    assert ABORT not in made.annotations


@pytest.mark.parametrize("version", ["a", "b", "zzz"])
def test_nothing_else_is_given_up(version: str) -> None:
    made = proven()
    made.ask(ABORT, version)
    made.wait(5)
    assert (made.running, made.worth("a")) == ("a", "Good")
    assert made.answers() == [("abort", version, "Refused")]


def test_a_rollout_with_nothing_to_go_back_to_is_not_given_up() -> None:
    made = model()
    made.wait(1)
    made.ask(ABORT, "a")
    made.rest()
    assert (made.worth("a"), made.answers()) == ("Unproven", [("abort", "a", "Refused")])


def test_a_checkpoint_of_what_is_saved_is_a_note() -> None:
    """V1."""
    made = proven()
    made.ask(names.ANNOTATION_TAKE_CHECKPOINT, "before the migration")
    made.wait(5)
    assert len(made.checkpoints) == 1
    assert made.answers() == [("checkpoint", "before the migration", "Done")]
    assert len(made.done(records.AnswerRequest)) == 1


def test_a_checkpoint_of_what_was_never_saved_is_taken() -> None:
    """V1: as when somebody has changed a suspended model by hand."""
    made = proven()
    made.spec["suspend"] = True
    container = {**made.template["spec"]["containers"][0], "env": [{"name": "FIX", "value": "1"}]}
    made.template = {**made.template, "spec": {"containers": [container]}}
    made.ask(names.ANNOTATION_TAKE_CHECKPOINT, "1")
    made.rest()
    saved = made.known.by_digest[made.digest]
    assert (saved.version, saved.verdict.worth) == (f"saved-{made.digest[:8]}", "Unproven")
    assert saved.activations == (), "nothing was switched"


def test_a_promotion_is_refused_because_a_direct_rollout_has_no_steps() -> None:
    made = proven()
    made.ask(names.ANNOTATION_PROMOTE, "b/1")
    made.wait(2)
    assert made.answers() == [("promote", "b/1", "Refused")]


def test_a_resume_in_a_manifest_starts_one_kill_and_not_the_next() -> None:
    """K9."""
    made = released(manual=True)
    made.ask(names.ANNOTATION_RESUME, "a", by=ARGO)
    made.wait(30)
    assert made.replicas == 4
    assert made.annotations[names.ANNOTATION_RESUME] == "a"
    made.engage()
    made.wait(1)
    made.release()
    decision = made.wait(30)
    assert (made.replicas, decision.reason) == (0, "WaitingForResume")
    made.ask(names.ANNOTATION_RESUME, "a")  # by hand it counts each time
    made.wait(1)
    assert made.replicas == 1


def test_what_is_answered_makes_no_further_write() -> None:
    made = three_good()
    made.ask(BACK, "b", by=ARGO)
    made.wait(10)
    made.log.clear()
    made.wait(10)
    assert [each for each in made.log if not isinstance(each, steps.LabelPod)] == []


def test_an_answer_counts_though_the_clock_was_ahead_when_the_one_before_was_given() -> None:
    """P3: an old answer that seems to be of the future must not hide the new one, which would be given for ever."""
    made = three_good()
    made.ask(BACK, "nowhere")
    made.rest()
    made.now -= timedelta(seconds=90)
    made.ask(BACK, "b")
    made.wait(1)
    assert (made.running, BACK in made.annotations) == ("b", False)
    answers = [each for each in made.log if isinstance(each, records.AnswerRequest)]
    assert len(answers) == 1, "only what could not be done"
