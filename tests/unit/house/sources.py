"""The operator's modules as syntax trees, and the writes to the API server that are found in them."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from tests.unit.house import tracked

PACKAGE = "operator/lastgood/"
WRITING = {"create", "patch", "delete", "update", "apply"}
PASSES_ON = ("report/counted.py", "kube/shared.py")
"""Wrap a cluster to count, or to share, what others ask of it; they name no resource of their own."""


@dataclass(frozen=True)
class Request:
    """One call of a method of `kube.client.Cluster`."""

    line: int
    verb: str
    resource: str
    """The name of a constant of `kube/resources.py`; `?` where it is a variable."""
    subresource: str = ""


@functools.cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the operator that is looked at: its path inside the package, and its syntax tree."""
    return tuple(
        (name.removeprefix(PACKAGE), ast.parse(tracked.text(name), filename=name))
        for name in tracked.files()
        if name.startswith(PACKAGE) and name.endswith(".py") and name.removeprefix(PACKAGE) not in PASSES_ON
    )


def requests(tree: ast.AST, *, verbs: set[str]) -> Iterator[Request]:
    """Each call of these verbs on a cluster, or with a resource as its first argument."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in verbs:
            continue
        given = (each.value for each in node.keywords if each.arg == "subresource")
        subresource = next((each.value for each in given if isinstance(each, ast.Constant)), "")
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Attribute) and ast.unparse(first.value) == "resources":
            yield Request(node.lineno, node.func.attr, first.attr, str(subresource))
        elif _is_a_cluster(node.func.value):
            yield Request(node.lineno, node.func.attr, "?", str(subresource))


def _is_a_cluster(receiver: ast.expr) -> bool:
    words = ast.unparse(receiver).lower()
    return "cluster" in words or words in {"client", "self._client"}
