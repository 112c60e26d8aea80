from typing import Any

import pytest

from devcluster.processnode import status
from devcluster.processnode.status import Report, Running, Terminated, Waiting

POD: dict[str, Any] = {"spec": {}, "status": {}}
RUNNING = Running(started_at="2026-01-01T00:00:00Z")


def ended(code: int) -> Terminated:
    return Terminated(
        exit_code=code, reason="Error" if code else "Completed", finished_at="2026-01-01T00:00:09Z"
    )


def main(state: Waiting | Running | Terminated, policy: str = "Always", **fields: Any) -> Report:
    return Report(name="main", image="i", policy=policy, state=state, **fields)


def init(state: Waiting | Running | Terminated, policy: str = "OnFailure", **fields: Any) -> Report:
    return Report(name="init", image="i", policy=policy, state=state, **fields)


CREATING, CRASH = Waiting(reason="ContainerCreating"), Waiting(reason="CrashLoopBackOff")


@pytest.mark.parametrize(
    ("inits", "mains", "expected"),
    [
        pytest.param([], [main(CREATING)], "Pending", id="a container that was never started"),
        pytest.param([], [main(CRASH, last=ended(1))], "Running", id="a container in back-off has run"),
        pytest.param([], [main(RUNNING), main(CREATING)], "Pending", id="one of two is not started"),
        pytest.param([], [main(ended(1))], "Running", id="an ended container that will be restarted"),
        pytest.param([], [main(ended(0))], "Running", id="one that ended well and will be restarted"),
        pytest.param([], [main(ended(0), "OnFailure")], "Succeeded", id="a task that ended well"),
        pytest.param([], [main(ended(1), "OnFailure")], "Running", id="a task that will be tried again"),
        pytest.param(
            [], [main(ended(1), "Never"), main(ended(0), "Never")], "Failed", id="one of two failed"
        ),
        pytest.param([], [main(ended(1), "Never"), main(RUNNING, "Never")], "Running", id="one still runs"),
        pytest.param([init(RUNNING)], [main(CREATING)], "Pending", id="an init container runs"),
        pytest.param(
            [init(ended(1), "Never")], [main(CREATING, "Never")], "Failed", id="init failed for good"
        ),
        pytest.param([init(ended(0))], [main(RUNNING)], "Running", id="init ended well"),
        pytest.param(
            [init(RUNNING, sidecar=True, started=True)],
            [main(ended(0), "Never")],
            "Running",
            id="a sidecar still runs",
        ),
        pytest.param(
            [init(ended(143), sidecar=True)], [main(ended(0), "Never")], "Succeeded", id="and has ended"
        ),
    ],
)
def test_the_phase_follows_from_the_containers(
    inits: list[Report], mains: list[Report], expected: str
) -> None:
    assert status.phase(inits=inits, mains=mains) == expected


@pytest.mark.parametrize(("code", "expected"), [(0, "Succeeded"), (143, "Failed")])
def test_a_pod_that_is_ended_for_good_reaches_a_final_phase_whatever_its_policy(
    code: int, expected: str
) -> None:
    assert status.phase(inits=[], mains=[main(ended(code))], ended=True) == expected


def conditions(
    pod: dict[str, Any], *mains: Report, phase: str = "Running"
) -> dict[str, tuple[str, str, str]]:
    found = status.conditions(pod=pod, pod_phase=phase, inits=[], mains=mains)
    return {entry["type"]: (entry["status"], entry["reason"], entry["message"]) for entry in found}


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    assert conditions(POD, main(RUNNING, ready=True)) == dict.fromkeys(kinds, ("True", "", ""))


def test_unready_containers_are_named() -> None:
    found = conditions(POD, main(RUNNING), main(RUNNING, ready=True))
    assert found["Ready"] == ("False", "ContainersNotReady", "containers with unready status: [main]")


def test_a_pod_that_has_completed_is_not_ready() -> None:
    found = conditions(POD, main(ended(0), "Never"), phase="Succeeded")
    assert found["Ready"] == ("False", "PodCompleted", "")
    assert found["Initialized"][0] == "True"


def test_a_readiness_gate_keeps_a_pod_unready_until_it_is_true() -> None:
    pod = {"spec": {"readinessGates": [{"conditionType": "example/gate"}]}, "status": {"conditions": []}}
    assert conditions(pod, main(RUNNING, ready=True))["Ready"][:2] == ("False", "ReadinessGatesNotReady")
    pod["status"] = {"conditions": [{"type": "example/gate", "status": "True"}]}
    assert conditions(pod, main(RUNNING, ready=True))["Ready"][0] == "True"


def test_a_transition_time_stays_while_the_status_does() -> None:
    earlier = [{"type": "Ready", "status": "True", "lastTransitionTime": "then"}]
    same = [{"type": "Ready", "status": "True", "reason": "Other"}]
    other = [{"type": "Ready", "status": "False"}]
    assert (
        status.with_transition_times(same, earlier=earlier, moment="now")[0]["lastTransitionTime"] == "then"
    )
    assert (
        status.with_transition_times(other, earlier=earlier, moment="now")[0]["lastTransitionTime"] == "now"
    )


def test_a_terminated_state_reads_back_as_it_was_written() -> None:
    state = Terminated(
        exit_code=3, reason="Error", message="boom", started_at="a", finished_at="b", container_id="c"
    )
    assert status.read_terminated(state.wire()) == state
