"""Whatever writes to the API server is a row of the coverage table, told by the function that does it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import lastgood
from tests.simulation import sites

PACKAGE: Final = Path(lastgood.__file__).parent
VERBS: Final = ("create", "patch", "delete")
PASSED_ON: Final = ("kube/client.py", "kube/shared.py", "report/counted.py")
"""The API server itself, and what stands before it and passes on what others write."""
BY_HAND: Final = ("cli/",)
"""Commands that a person runs."""


def writers(module: str, node: ast.AST, place: str = "") -> Iterator[str]:
    """Yield the functions of a module that ask a cluster to change something, by their dotted names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from writers(module, child, f"{place}.{child.name}")
        else:
            if isinstance(child, ast.Call) and is_write(child.func):
                yield f"{module}{place}"
            yield from writers(module, child, place)


def is_write(function: ast.expr) -> bool:
    """Whether a call is `cluster.patch(...)` or the like."""
    if not isinstance(function, ast.Attribute) or function.attr not in VERBS:
        return False
    whose = function.value
    return "cluster" in (whose.attr if isinstance(whose, ast.Attribute) else getattr(whose, "id", ""))


def test_every_function_that_writes_is_named_with_its_rows() -> None:
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).as_posix()
        if relative in PASSED_ON or relative.startswith(BY_HAND):
            continue
        module = relative.removesuffix(".py").replace("/", ".")
        found |= set(writers(module, ast.parse(path.read_text())))
    assert found == set(sites.WRITERS)
