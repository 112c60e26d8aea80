"""Only three rooms write to the API server, each to its own kind of thing; import contracts cannot see a call."""

import ast
import functools
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from tests.unit.house import tracked

PACKAGE = "operator/lastgood/"
WRITING = {"create", "patch", "delete", "update", "apply"}
PURE = ("judge/", "decide/", "api/")

MAY_WRITE = {
    "record/": {"MODEL_CHECKPOINTS", "KILL_SWITCHES"},
    "act/": {"DEPLOYMENTS", "PODS", "HPAS"},
    # A person's request, an annotation of a ModelDeployment, is taken down once it is done; its spec is never written.
    "act/deployment.py": {"DEPLOYMENTS", "PODS", "MODEL_DEPLOYMENTS"},
    "report/": {"status", "EVENTS"},
    "runtime/lease.py": {"LEASES"},
}
"""What may be written where; the longest path counts. `cli/` writes for the person who runs it."""
PASSES_ON = "report/counted.py"
"""Wraps a cluster to count what others ask of it; it names no resource of its own."""


@functools.cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the operator that is looked at: its path inside the package, and its syntax tree."""
    return tuple(
        (name.removeprefix(PACKAGE), ast.parse(tracked.text(name), filename=name))
        for name in tracked.files()
        if name.startswith(PACKAGE) and name.endswith(".py") and name != PACKAGE + PASSES_ON
    )


def writes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each call that writes to the API server: its line, and what it writes: a resource, or `status` of any."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in WRITING:
            continue
        first = node.args[0] if node.args else None
        if any(each.arg == "subresource" and ast.unparse(each.value) == "'status'" for each in node.keywords):
            yield node.lineno, "status"
        elif isinstance(first, ast.Attribute) and first.attr.isupper():
            yield node.lineno, first.attr
        elif _is_a_cluster(node.func.value):
            yield node.lineno, "?"


def _is_a_cluster(receiver: ast.expr) -> bool:
    words = ast.unparse(receiver).lower()
    return "cluster" in words or words in {"client", "self._client"}


def allowed(path: str) -> set[str]:
    """Return the resources that a module may write."""
    rooms = [room for room in MAY_WRITE if path.startswith(room)]
    return MAY_WRITE[max(rooms, key=len)] if rooms else set()


def test_only_record_act_and_report_write_each_its_own_kind_of_thing() -> None:
    found = [
        f"{path}:{line} writes {resource}"
        for path, tree in modules()
        for line, resource in writes(tree)
        if resource not in allowed(path) and not path.startswith("cli/")
    ]
    assert found == []


def test_the_writes_are_found_at_all() -> None:
    writers = {PurePath(path).parts[0] for path, tree in modules() if any(writes(tree))}
    assert {"record", "act"} <= writers


@pytest.mark.parametrize("room", PURE)
def test_the_rooms_that_think_take_the_time_as_an_argument(room: str) -> None:
    clocks = {"now", "utcnow", "today", "monotonic", "perf_counter"}
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
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
        for path, tree in modules()
        if path.startswith(room) and any(isinstance(node, waiting) for node in ast.walk(tree))
    ]
    assert found == []
