"""The PromQL of thresholds: placeholders that nobody fills, and queries that do not parse or give no number.

The parser is older than some servers, so what it does not understand is a warning; Prometheus has the last word.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from lastgood.lint.finding import Finding, Path, Severity
from lastgood.observe import lexing, promql

CHECK: Final = "query"
KNOWN: Final = ("namespace", "model", "workload", "version", "window")
_PLACEHOLDER: Final = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_SAMPLE: Final = {"namespace": "ml", "model": "model", "workload": "model", "version": "1"}


def check(value: Any, kind: str) -> Iterator[Finding]:  # noqa: ARG001  (every check is called alike)
    """Find what is wrong with the queries of a manifest that fits its schema."""
    for path, query in _queries(value):
        yield from _check(query, path)


def _queries(value: Any) -> Iterator[tuple[Path, str]]:
    for place, threshold in enumerate(value.get("spec", {}).get("thresholds") or ()):
        path: Path = ("spec", "thresholds", place)
        if threshold.get("query"):
            yield (*path, "query"), threshold["query"]
        if (threshold.get("samples") or {}).get("query"):
            yield (*path, "samples", "query"), threshold["samples"]["query"]


def _check(query: str, path: Path) -> Iterator[Finding]:
    wrong = False
    for piece in lexing.pieces(query):
        if piece.kind is lexing.Kind.UNTERMINATED:
            wrong = True
            yield Finding(path, f"a string begins with {piece.text} and does not end", CHECK)
        if piece.kind is lexing.Kind.CODE:
            for name in dict.fromkeys(_PLACEHOLDER.findall(piece.text)):
                if name != "window":
                    wrong = True
                    yield Finding(path, _outside(name), CHECK)
    if wrong:
        return
    filled = promql.fill(query, **_SAMPLE, window=timedelta(minutes=1))
    kind = promql.result_type(filled)
    if kind is None:
        yield Finding(
            path, "cannot be parsed here; ask your Prometheus whether it can", CHECK, Severity.WARNING
        )
    elif kind not in ("scalar", "vector"):
        yield Finding(path, f"gives a {kind}, and a threshold needs one number", CHECK)


def _outside(name: str) -> str:
    if name in KNOWN:
        return f'${name} is filled in only inside a string: write label="${name}"'
    return f"${name} is filled in by nobody; known are {', '.join(f'${each}' for each in KNOWN)}"
