"""A model that names another Deployment than before takes that one as it is (semantics.md, O5, R1, F6, K2)."""

import dataclasses

from lastgood.api import names
from lastgood.decide import facts, records, steps
from lastgood.decide.decision import Phase
from lastgood.decide.facts import Worth
from lastgood.decide.rules import unowned
from lastgood.decide.view import Trouble
from lastgood.report import versions as report
from lastgood.report.summary import summarize
from tests.unit.decide.moving import app, move, template_of
from tests.unit.decide.scenes import killed, proven, rolled_back
from tests.unit.decide.simulator import World, pod_template


def test_a_newly_named_deployment_is_adopted_and_nothing_is_written_to_its_template() -> None:
    """O5: what runs there is saved, as at the first look at a model."""
    made = move(proven(), "n")
    before = made.template
    decision = made.rest()

    assert not made.done(steps.SwitchTemplate)
    assert made.template == before
    (taken,) = made.done(records.TakeCheckpoint)
    assert (taken.checkpoint.version, taken.checkpoint.workload) == ("a", "n")
    (adopted,) = taken.checkpoint.activations
    assert (adopted.why, adopted.workload, adopted.came_from) == (facts.Why.ADOPTED, "n", None)
    assert decision.phase is Phase.BAKING, (
        "what was Good on another Deployment has to prove itself on this one"
    )


def test_what_runs_there_and_is_not_listed_is_taken_as_it_is() -> None:
    """O5."""
    made = proven(follow=True)
    del made.spec["version"]
    move(made, "n", image="img:other").rest()

    assert made.running == "other"
    assert made.checkpoints[-1].version.startswith("adopted-")


def test_the_wanted_version_is_rolled_out_there_with_nothing_of_the_earlier_deployments_template() -> None:
    """O1, R2: a version is laid over what the Deployment has of its own."""
    made = proven()
    made.want("b")
    made.wait(8)
    move(made, "n", env=[{"name": "TEAM", "value": "claims"}])
    made.rest()

    (switch,) = made.done(steps.SwitchTemplate)
    (container,) = switch.template["spec"]["containers"]
    assert (container["image"], container["command"], container["env"][0]["value"]) == (
        "img:b",
        ["n"],
        "claims",
    )
    assert app(made) == "n"


def test_a_checkpoint_of_an_earlier_deployment_is_nothing_to_go_back_to() -> None:
    """R1: its template belongs to another Deployment, however Good it was there."""
    made = move(proven(), "n", image="img:b")
    made.want("b")
    made.breaches.add(("img:b", "errors"))
    decision = made.wait(5)

    assert (made.running, app(made)) == ("b", "n")
    assert decision.degraded == "NoGoodVersion"
    assert made.rollbacks == []


def test_a_rollback_there_goes_to_what_ran_there() -> None:
    """R1: to what was adopted, and not to the newest Good one of the earlier Deployment."""
    made = move(proven(), "n")
    made.wait(8)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(2)

    assert made.rollbacks == [("b", "a")]
    assert app(made) == "n"


def test_a_version_that_was_bad_on_the_earlier_deployment_is_not_rolled_out_on_the_next() -> None:
    """R4, F6: its definition has not changed; what clears it there clears it here."""
    made = move(rolled_back(), "n")
    made.wait(8)

    assert made.running == "a"
    saved = next(c.name for c in made.checkpoints if c.version == "b")
    told = {each.name: (each.verdict, each.reason) for each in report.versions(made.view())}
    assert told["b"] == (Worth.BAD, f"SameAs/{saved}")
    assert report.wanted_but_bad(made.view()) is not None
    made.overrule("b", Worth.UNPROVEN)
    made.breaches.clear()
    made.wait(8)
    assert (made.running, app(made)) == ("b", "n")


def test_a_version_that_people_run_on_the_next_deployment_is_judged_there_anew() -> None:
    """O5, J1: only a breach acts, so that nothing is held against what runs there already."""
    made = move(rolled_back(onNoGoodVersion="Kill"), "n", image="img:b")
    made.breaches.clear()
    made.wait(8)

    assert (made.running, made.replicas) == ("b", 4)
    assert made.worth("b") == "Good"


def test_a_person_is_refused_what_is_bad_or_saved_of_another_deployment() -> None:
    """P3, R4."""
    made = move(rolled_back(), "n")
    made.rest()
    saved = made.version("b")
    assert refused(made, "b").endswith(
        f"annotate mckpt {saved.name} -n ns --overwrite {names.ANNOTATION_VERDICT}=Unproven"
    )
    made.spec["versions"] = [{"name": "a", "image": "img:a"}]
    made.want("a")
    assert "version 'b' was saved of Deployment m and is not listed" in refused(made, "b")
    assert (made.running, app(made)) == ("a", "n")


def refused(made: World, version: str) -> str:
    """Ask for a rollback, and return why it is refused."""
    made.wait(1)
    made.ask(names.ANNOTATION_ROLLBACK_TO, version)
    made.rest()
    answer = made.known.answer("rollback-to", by_hand=True)
    assert answer is not None
    assert answer.outcome == "Refused"
    return answer.message


def test_a_person_may_resume_with_a_version_that_was_bad_on_another_deployment() -> None:
    """K9: a person's word makes it Unproven, and only here."""
    made = killed(move(rolled_back(), "n"), manual=True)
    made.release()
    made.rest()
    made.ask(names.ANNOTATION_RESUME, "b")
    made.breaches.clear()
    made.wait(2)

    assert (made.running, app(made)) == ("b", "n")
    found = {(c.workload, c.version): c.verdict.worth for c in made.checkpoints}
    assert (found["m", "b"], found["n", "b"]) == (Worth.BAD, Worth.UNPROVEN)


def test_a_request_that_was_answered_before_is_not_met_again_on_the_next_deployment() -> None:
    """P3: a manifest that says it still asks for nothing new."""
    made = proven()
    made.ask(names.ANNOTATION_TAKE_CHECKPOINT, "1", by="argocd-controller")
    made.rest()
    move(made, "n")
    made.wait(8)

    assert len(made.answers()) == 1
    assert not made.done(records.AnswerRequest)


def test_the_deployment_of_before_is_adopted_anew_when_it_is_named_again() -> None:
    """O5: what others have put there meanwhile was none of ours to put back."""
    made = proven()
    first = made.template
    move(made, "n")
    made.wait(8)
    move(made, "m").template = pod_template("img:a", command=["changed"])
    made.rest()

    assert not made.done(steps.SwitchTemplate)
    assert made.template != first
    assert made.known.current is not None
    assert made.known.current.activations[-1].why is facts.Why.ADOPTED


def test_the_deployment_of_before_that_runs_a_bad_version_is_rolled_back_when_it_is_named_again() -> None:
    """R1, R4: what was found Bad there is gone back from there."""
    made = rolled_back(rollback={"cooldown": "0s"})
    bad = template_of("m", "img:b")
    move(made, "n")
    made.wait(8)
    move(made, "m").template = bad
    made.rest()

    assert (made.running, app(made)) == ("a", "m")


def test_a_name_that_was_wrong_for_a_while_changes_nothing() -> None:
    """O5, O6: nothing was adopted meanwhile, so that all goes on as before, the putting back too."""
    made = proven()
    made.spec["workloadRef"], made.present = {"name": "tpyo"}, False
    made.trouble = Trouble("WorkloadNotFound", "there is no Deployment tpyo")
    decision = made.wait(3)
    assert decision.phase is Phase.INVALID
    assert decision.message == (
        "there is no Deployment tpyo; Deployment m, which it was about before, is not guarded meanwhile"
    )
    assert made.log == []
    made.spec["workloadRef"], made.present, made.trouble = {"name": "m"}, True, None
    made.template = pod_template("img:evil")
    made.rest()

    assert made.running == "a"
    assert not made.done(records.TakeCheckpoint)


def test_a_rollback_under_way_is_not_carried_to_the_next_deployment() -> None:
    """R1, F2: it was decided for the one before."""
    made = proven()
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.tick()
    while not made.done(records.Activate):
        made.round()
    move(made, "n")
    made.rest()

    assert not made.done(steps.SwitchTemplate)
    assert (made.running, app(made)) == ("a", "n")


def test_the_same_template_on_two_deployments_is_one_version() -> None:
    """F6: verdicts key on the digest."""
    made = proven()
    same = made.template
    made.spec["workloadRef"], made.template = {"name": "n"}, same
    made.log.clear()
    made.rest()

    assert not made.done(records.TakeCheckpoint)
    (adopted,) = made.done(records.Activate)
    assert adopted.activation.workload == "n"
    assert made.worth("a") == "Good"


def test_a_killed_model_that_names_another_deployment_is_killed_there_too_and_the_first_stays_held() -> None:
    """K2: selection only adds; after the release what comes back there is what ran there."""
    made = killed()
    held = made.workload
    move(made, "n")
    made.replicas = 2
    made.rest()

    assert made.replicas == 0
    entries = {entry.workload: entry.replicas for entry in made.switch("incident").entries}
    assert entries == {"m": 4, "n": 2}
    assert held is not None
    raised = unowned.hold(dataclasses.replace(held, replicas=3), made.switches)
    assert raised is not None
    assert raised.steps == (steps.Scale(dataclasses.replace(held, replicas=3), 0),)

    made.release()
    made.wait(40)
    assert (made.replicas, made.running, app(made)) == (2, "a", "n")
    assert not made.done(steps.SwitchTemplate)


def test_facts_of_an_earlier_release_that_name_no_deployment_go_on_counting() -> None:
    """F2."""
    made = proven()
    made.checkpoints = [
        dataclasses.replace(
            c, workload="", activations=tuple(dataclasses.replace(a, workload="") for a in c.activations)
        )
        for c in made.checkpoints
    ]
    made.template = pod_template("img:evil")
    made.rest()

    assert made.running == "a"
    assert not made.done(records.TakeCheckpoint)


def test_a_kill_that_a_wrong_name_keeps_from_the_model_does_not_pass_for_done() -> None:
    """K4: what the model was about before may run on, so that nobody is told that no pod is left."""
    made = proven()
    made.spec["workloadRef"], made.present = {"name": "tpyo"}, False
    made.engage()
    decision = made.rest()
    told = summarize(made.view(), decision, previous={})
    said = {each["type"]: each for each in told["conditions"]}["KillSwitchEngaged"]

    assert (decision.phase, decision.degraded) == (Phase.STOPPING, "WorkloadNotFound")
    assert (said["status"], said["reason"]) == ("Unknown", "WorkloadNotFound")
    assert (
        "there is no Deployment tpyo, and Deployment m, which the model was about before" in said["message"]
    )
    made.spec["workloadRef"], made.present = {"name": "m"}, True
    made.rest()
    assert made.replicas == 0
    made.spec["workloadRef"], made.present = {"name": "tpyo"}, False
    assert made.rest().phase is Phase.KILLED, "the Deployment before is held by the switch"
