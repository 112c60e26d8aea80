"""Writes docs/safety.md: `python -m tests.safety`; with `--check` it only compares."""

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePath

from lastgood.api import generated
from tests.safety import limits, naming, simulated

FILE = "docs/safety.md"
HEAD = """# Safety case

<!-- Written by python -m tests.safety from the tests, docs/semantics.md and tests/safety/limits.py. Do not edit. -->

For each rule of [semantics.md](semantics.md): the tests that hold it, what of it is not built, and what no test of
ours can show or nobody can enforce. A test of the project compares this page with the tests and the rules, so it is
never out of date.

Tests under `tests/unit` are pure or run on virtual time; those under `tests/simulation` run the whole operator against
a simulated API server and Prometheus with faults, as told [below](#the-simulation); those under `tests/cluster` and
`tests/e2e` run it on a real API server, the latter with a real Prometheus and real model servers; those under
`tests/chart` render the Helm chart.

| rule | tests | not built | not covered, or not enforceable |
|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    found = naming.tests_by_rule()
    rows = [_row(rule, found.get(rule.name, ())) for rule in naming.rules()]
    total = len({test for tests in found.values() for test in tests})
    foot = f"\n{len(rows)} rules; {total} tests name at least one of them.\n"
    return HEAD + "\n".join(rows) + "\n" + foot + simulated.section()


def _row(rule: naming.Rule, tests: Sequence[naming.Test]) -> str:
    told = "<br>".join(_told(file, list(group)) for file, group in groupby(tests, key=lambda test: test.file))
    return f"| **{rule.name}** | {told or '–'} | {rule.missing} | {limits.LIMITS.get(rule.name, '')} |"


def _told(file: str, tests: Sequence[naming.Test]) -> str:
    sentences = "; ".join(test.sentence for test in tests)
    return f"[{PurePath(file).relative_to('tests').with_suffix('')}](../{file}): {sentences}"


if __name__ == "__main__":
    sys.exit(generated.keep(page(), module="tests.safety", subject="safety case", file=FILE))
