"""Only three rooms write to the API server, each to its own kind of thing; import contracts cannot see a call."""

import ast
from pathlib import PurePath

import pytest

from tests.unit.house import sources

PURE = ("judge/", "decide/", "api/")

MAY_WRITE = {
    "record/": {"MODEL_CHECKPOINTS", "KILL_SWITCHES"},
    "act/": {"DEPLOYMENTS", "PODS", "HPAS", "SCALED_OBJECTS", "SERVICES"},
    # A person's request, an annotation of a ModelDeployment, is taken down once it is done; its spec is never written.
    "act/deployment.py": {"DEPLOYMENTS", "REPLICA_SETS", "PODS", "MODEL_DEPLOYMENTS"},
    "report/": {"status", "EVENTS"},
    "runtime/lease.py": {"LEASES"},
}
"""What may be written where; the longest path counts. `cli/` writes for the person who runs it."""


def allowed(path: str) -> set[str]:
    """Return what a module may write: resources, or the status of any."""
    rooms = [room for room in MAY_WRITE if path.startswith(room)]
    return MAY_WRITE[max(rooms, key=len)] if rooms else set()


def test_only_record_act_and_report_write_each_its_own_kind_of_thing() -> None:
    """P1."""
    found = [
        f"{path}:{request.line} writes {request.resource}"
        for path, tree in sources.modules()
        for request in sources.requests(tree, verbs=sources.WRITING)
        if ("status" if request.subresource == "status" else request.resource) not in allowed(path)
        and not path.startswith("cli/")
    ]
    assert found == []


def test_the_writes_are_found_at_all() -> None:
    writers = {
        PurePath(path).parts[0]
        for path, tree in sources.modules()
        if any(sources.requests(tree, verbs=sources.WRITING))
    }
    assert {"record", "act", "report", "runtime"} <= writers


def test_a_step_is_one_write_so_that_the_lease_is_asked_before_each() -> None:
    """F5: who is stopped in the middle of many writes wakes up when another leads."""
    loops = (ast.For, ast.AsyncFor, ast.While)
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources.modules()
        if path.startswith("act/")
        for node in ast.walk(tree)
        if (isinstance(node, loops) and _waits(node))
        or (
            isinstance(node, ast.AsyncFunctionDef)
            and len(list(sources.requests(node, verbs=sources.WRITING))) > 1
        )
    ]
    assert found == []


def _waits(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Await) for each in ast.walk(node))


@pytest.mark.parametrize("room", PURE)
def test_the_rooms_that_think_take_the_time_as_an_argument(room: str) -> None:
    clocks = {"now", "utcnow", "today", "monotonic", "perf_counter"}
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources.modules()
        if path.startswith(room)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks
    ]
    assert found == []


@pytest.mark.parametrize("room", PURE)
def test_the_rooms_that_think_never_wait(room: str) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    found = [
        path
        for path, tree in sources.modules()
        if path.startswith(room) and any(isinstance(node, waiting) for node in ast.walk(tree))
    ]
    assert found == []
