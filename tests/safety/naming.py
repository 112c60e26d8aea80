"""Which tests hold which rule: a test names its rules in its docstring, or its module does for all."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.unit.house import tracked

RULE = re.compile(r"^- \*\*([A-Z]\d+)\*\* \*\((built|in part|not yet)\)\* (.*)$", re.MULTILINE)
LACKING = re.compile(r"^\| ([A-Z]\d+) \| (?:in part|not yet) \| (.*) \|$", re.MULTILINE)
SPECIFICATION = "docs/semantics.md"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the specification."""

    name: str
    status: str
    """How far it is: built, in part, or not yet."""
    missing: str
    """What the specification says is missing; empty for one that is built."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test function; what it is run with is not told apart."""

    file: str
    name: str

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        return self.name.removeprefix("test_").replace("_", " ")


def rules() -> Sequence[Rule]:
    """Return the rules of the specification, in its order."""
    text = tracked.text(SPECIFICATION)
    missing = dict(LACKING.findall(text))
    return [Rule(name, status, missing.get(name, "")) for name, status, _ in RULE.findall(text)]


def tests_by_rule() -> Mapping[str, Sequence[Test]]:
    """Return the tests that name each rule, in the order of their files."""
    known = {rule.name for rule in rules()}
    found: dict[str, list[Test]] = defaultdict(list)
    for file in sorted(tracked.files()):
        if file.startswith("tests/") and file.rpartition("/")[2].startswith("test_"):
            for test, named in _named(file):
                for rule in named & known:
                    found[rule].append(test)
    return found


def _named(file: str) -> Iterator[tuple[Test, set[str]]]:
    module = ast.parse(tracked.text(file))
    of_all = _rules_in(ast.get_docstring(module) or "")
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Test(file, node.name), _rules_in(ast.get_docstring(node) or "") or of_all


def _rules_in(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z]\d{1,2}\b", text)) | {
        f"{letter}{number}"
        for letter, first, last in re.findall(r"\b([A-Z])(\d{1,2}) to [A-Z](\d{1,2})\b", text)
        for number in range(int(first), int(last) + 1)
    }
