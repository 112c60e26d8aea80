"""What a pod's status says, worked out from what its containers have reported. Pure.

The words, and which condition follows from what, are the kubelet's: controllers and people act on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from devcluster.processnode.apiserver import Object


def timestamp(moment: datetime, /) -> str:
    """Format a moment as the API server keeps it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    """Return the present moment as the API server keeps it."""
    return timestamp(datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Not started, and why."""

    reason: str
    message: str = ""

    def wire(self) -> Object:
        """Return the state as the API has it."""
        return {"waiting": _without_empty({"reason": self.reason, "message": self.message})}


@dataclass(frozen=True, kw_only=True)
class Running:
    """Started at this time."""

    started_at: str

    def wire(self) -> Object:
        """Return the state as the API has it."""
        return {"running": {"startedAt": self.started_at}}


@dataclass(frozen=True, kw_only=True)
class Terminated:
    """Ended, with an exit code."""

    exit_code: int
    reason: str
    finished_at: str
    started_at: str = ""
    message: str = ""
    container_id: str = ""

    def wire(self) -> Object:
        """Return the state as the API has it."""
        detail = {
            "reason": self.reason,
            "message": self.message,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
            "containerID": self.container_id,
        }
        return {"terminated": {"exitCode": self.exit_code, **_without_empty(detail)}}


def read_terminated(state: Object, /) -> Terminated | None:
    """Read back a ``state`` or ``lastState`` that says terminated."""
    if not (detail := state.get("terminated")):
        return None
    return Terminated(
        exit_code=detail["exitCode"],
        reason=detail.get("reason") or "",
        finished_at=detail.get("finishedAt") or "",
        started_at=detail.get("startedAt") or "",
        message=detail.get("message") or "",
        container_id=detail.get("containerID") or "",
    )


@dataclass(kw_only=True)
class Report:
    """What one container reports; its owner keeps it up to date."""

    name: str
    image: str
    policy: str
    """Always, OnFailure or Never: the container's own restart policy, else its pod's."""
    sidecar: bool = False
    state: Waiting | Running | Terminated = field(default_factory=lambda: Waiting(reason="ContainerCreating"))
    last: Terminated | None = None
    restarts: int = 0
    started: bool = False
    ready: bool = False
    image_id: str = ""
    container_id: str = ""

    @property
    def done(self) -> bool:
        """Whether it has ended with exit code 0."""
        return isinstance(self.state, Terminated) and self.state.exit_code == 0

    @property
    def restarts_after_exit(self) -> bool:
        """Whether its restart policy starts it again after the exit that it had."""
        return self.policy == "Always" or (self.policy == "OnFailure" and not self.done)

    @property
    def begun(self) -> bool:
        """Whether it has ever been started."""
        return not isinstance(self.state, Waiting) or self.last is not None

    def wire(self) -> Object:
        """Return it as an element of ``containerStatuses``."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self.state.wire(),
            "lastState": self.last.wire() if self.last else {},
            **_without_empty({"containerID": self.container_id}),
        }


def _without_empty(fields: dict[str, str], /) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def phase(*, inits: Sequence[Report], mains: Sequence[Report], ended: bool = False) -> str:
    """Return the pod's phase; ``ended`` says that nothing of it will be started any more."""
    for init in (report for report in inits if not report.sidecar):
        if isinstance(init.state, Terminated) and init.state.exit_code and init.policy == "Never":
            return "Failed"
    if _uninitialized(inits=inits, mains=mains) and not ended:
        return "Pending"
    if not all(report.begun for report in mains):
        return "Pending"
    sidecars_run = any(report.sidecar and isinstance(report.state, Running) for report in inits)
    if not sidecars_run and all(isinstance(report.state, Terminated) for report in mains):
        if all(report.done and (ended or report.policy != "Always") for report in mains):
            return "Succeeded"
        if ended or not any(report.restarts_after_exit for report in mains):
            return "Failed"
    return "Running"


def _uninitialized(*, inits: Sequence[Report], mains: Sequence[Report]) -> list[str]:
    """Return the init containers yet to end well and the sidecars yet to start; none once a main one has begun."""
    if any(report.begun for report in mains):
        return []
    return [report.name for report in inits if not (report.started if report.sidecar else report.done)]


def conditions(
    *, pod: Object, pod_phase: str, inits: Sequence[Report], mains: Sequence[Report]
) -> list[Object]:
    """Return the conditions that follow, without transition times."""
    finished = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(pod_phase)
    waiting = _uninitialized(inits=inits, mains=mains)
    unready = [report.name for report in mains if not report.ready]
    unready += [report.name for report in inits if report.sidecar and not report.ready]
    containers_ready = _condition(
        "ContainersReady",
        (finished, "")
        if finished
        else ("ContainersNotReady", f"containers with unready status: {_names(unready)}"),
        holds=not finished and not unready,
    )
    ready = {**containers_ready, "type": "Ready"}
    if (missing := _closed_gates(pod)) and containers_ready["status"] == "True":
        ready = _condition("Ready", ("ReadinessGatesNotReady", "; ".join(missing)), holds=False)
    done = pod_phase == "Succeeded"
    return [
        _condition("PodScheduled", None, holds=True),
        _condition(
            "Initialized",
            ("PodCompleted", "")
            if done
            else ("ContainersNotInitialized", f"containers with incomplete status: {_names(waiting)}"),
            holds=done or not waiting,
        ),
        containers_ready,
        ready,
    ]


def _names(names: Sequence[str], /) -> str:
    return f"[{' '.join(names)}]"


def _closed_gates(pod: Object, /) -> list[str]:
    found = {entry["type"]: entry["status"] for entry in pod.get("status", {}).get("conditions") or []}
    return [
        f'corresponding condition of pod readiness gate "{gate["conditionType"]}" is not True'
        for gate in pod["spec"].get("readinessGates") or []
        if found.get(gate["conditionType"]) != "True"
    ]


def _condition(kind: str, why_not: tuple[str, str] | None, /, *, holds: bool) -> Object:
    reason, message = ("", "") if holds or why_not is None else why_not
    return {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}


def with_transition_times(
    entries: list[Object], /, *, earlier: Sequence[Object], moment: str
) -> list[Object]:
    """Keep the transition time of each condition whose status is as before; the others turned now."""
    known = {entry["type"]: entry for entry in earlier}
    result = []
    for entry in entries:
        before = known.get(entry["type"], {})
        same = before.get("status") == entry["status"] and before.get("lastTransitionTime")
        result.append({**entry, "lastTransitionTime": before["lastTransitionTime"] if same else moment})
    return result
