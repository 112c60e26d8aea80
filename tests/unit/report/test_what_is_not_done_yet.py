"""What is on its way, or cannot be done for now, is not said to be done (semantics.md, B1, K4)."""

import dataclasses

import pytest

from lastgood.decide import facts
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.facts import Why, Worth
from tests.unit.report import building
from tests.unit.report.building import NEW, OLD, brief, condition, report


def test_what_the_api_server_refuses_is_said_beside_what_was_to_be_done() -> None:
    """B1: in the condition that people look at first."""
    refused = "this is not done yet, and is tried again: frozen until Monday"
    message = "giving fraud the template of 1.5.0"
    decision = Decision(
        Phase.ROLLING_OUT, "SwitchingVersion", message, degraded="RequestRefused", refused=refused
    )

    status = report(building.baking(), decision=decision)

    assert status["state"] == "RollingOut"
    assert brief(status, "Ready") == "False/SwitchingVersion"
    assert brief(status, "Degraded") == "True/RequestRefused"
    assert condition(status, "Ready")["message"] == f"{message}; {refused}"
    assert condition(status, "Degraded")["message"] == f"{message}; {refused}"


def test_a_kill_that_the_api_server_refuses_is_not_said_to_wait_for_pods() -> None:
    """K4, B1."""
    seen = building.killed(left=2)
    refused = "this is not done yet, and is tried again: scale is refused"
    decision = Decision(
        Phase.STOPPING, "Stopping", "held at zero", degraded="RequestRefused", refused=refused
    )

    status = report(seen, {"state": "Serving"}, decision=decision)

    assert brief(status, "KillSwitchEngaged") == "Unknown/Stopping"
    assert condition(status, "KillSwitchEngaged")["message"].endswith(
        f"engaged (PII in completions); {refused}"
    )
    assert refused in condition(status, "Ready")["message"]
    assert brief(status, "Degraded") == "True/RequestRefused"


def test_a_kill_of_which_something_is_refused_is_not_done_for_want_of_pods_that_a_watch_has_brought() -> None:
    """K4: found by seed 23603: a manifest had started pods while the record of the kill was refused."""
    refused = "this is not done yet, and is tried again: record is refused"
    decision = Decision(
        Phase.STOPPING, "SwitchEngaged", "held at zero", degraded="RequestRefused", refused=refused
    )

    status = report(building.killed(left=0), {"state": "Serving"}, decision=decision)

    assert brief(status, "KillSwitchEngaged") == "Unknown/Stopping"
    assert condition(status, "KillSwitchEngaged")["message"].endswith(refused)
    assert "timeToZero" not in status["killSwitch"]


def test_a_good_version_without_an_available_pod_does_not_serve() -> None:
    """B1: as when its nodes are gone; one pod of many is enough."""
    good = building.saved(NEW, Worth.GOOD, reason=facts.BAKED, switched=[(-900, Why.ROLLOUT, OLD)])
    pending = tuple(dataclasses.replace(pod, ready=False) for pod in building.pods(NEW, 2))
    runs = building.workload(NEW, running=pending, complete=False)
    status = report(building.view(checkpoints=[good], runs=runs))
    assert (status["state"], brief(status, "Ready")) == ("RollingOut", "False/WaitingForPods")
    runs = dataclasses.replace(runs, pods=(*building.pods(NEW, 1), pending[1]))
    status = report(building.view(checkpoints=[good], runs=runs))
    assert (status["state"], brief(status, "Ready")) == ("Serving", "True/Serving")


@pytest.mark.parametrize(("why", "state"), [(Why.ROLLOUT, "RollingOut"), (Why.ROLLBACK, "RolledBack")])
def test_a_version_that_was_good_before_serves_again_when_the_pods_of_the_other_are_gone(
    why: Why, state: str
) -> None:
    """B1: `kubectl wait --for=condition=Ready` returns when the switch is done, and not when it was decided."""
    old = building.saved(OLD, Worth.GOOD, reason=facts.BAKED, switched=[(-5, why, NEW)])
    left = building.saved(NEW, Worth.BAD, reason="errors", switched=[(-900, Why.ROLLOUT, OLD)])
    runs = building.workload(OLD, running=(*building.pods(OLD, 1), *building.pods(NEW, 1)), complete=False)
    spec = {"version": OLD if why is Why.ROLLOUT else NEW}
    seen = building.view(spec=spec, checkpoints=[old, left], runs=runs)
    assert brief(report(seen), "Ready") == "False/WaitingForPods"
    assert report(seen)["state"] == state
    ending = dataclasses.replace(building.pods(NEW, 1)[0], terminating=True)
    settled = dataclasses.replace(runs, pods=(*building.pods(OLD, 2), ending))
    status = report(dataclasses.replace(seen, workload=settled))
    assert brief(status, "Ready") == ("True/Serving" if why is Why.ROLLOUT else "False/RolledBack")


def test_a_pod_of_before_that_does_not_end_is_named_with_what_waits_for_it() -> None:
    """J7, B1: as on a node that is gone; the version that runs is not judged before it has ended."""
    new = building.saved(NEW, switched=[(-900, Why.ROLLOUT, OLD)])
    hanging = dataclasses.replace(building.pods(OLD, 1)[0], name="fraud-hangs", terminating=True)
    runs = building.workload(NEW, running=(*building.pods(NEW, 2), hanging))

    status = report(building.view(spec={"version": NEW}, checkpoints=[new], runs=runs))

    assert condition(status, "Progressing")["message"] == (
        f"pods of earlier versions make way for those of {NEW}, which is judged after the end of fraud-hangs"
    )
