"""Writes the reference page of the API: `python -m lastgood.api.reference [--check] [FILE]`.

It says what `kubectl explain` says, for people without a cluster at hand: every field with its type and
default, and what the API server refuses. The page comes from the CRDs, so it cannot say more than they
enforce.
"""

import ast
import inspect
import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from lastgood.api import crd, durations, generated, kinds, names, schema

INTRODUCTION: Final = f"""\
# API reference: `{names.API_VERSION}`

Generated from the models by `python -m lastgood.api.reference`. On a cluster, `kubectl explain mdep.spec.rollout` says
the same. Durations are written like `15s`, `5m`, `1h30m` or `720h`; there is no unit for days. In paths, `[]`
stands for each item of a list. A field with **required** must be given wherever its parent is.
"""


def page() -> str:
    """Give the whole page, as Markdown."""
    parts = [INTRODUCTION, _overview()]
    parts += [_section(kind, crd.definition(kind, model)) for kind, model in crd.MODELS]
    parts.append(_words())
    return "\n".join(parts)


def _overview() -> str:
    rows = [
        f"| [`{kind.kind}`](#{kind.singular}) | `{kind.short_name}` | {'namespace' if kind.namespaced else 'cluster'} |"
        for kind in kinds.KINDS
    ]
    return "\n".join(["| kind | short name | scope |", "|---|---|---|", *rows, ""])


def _section(kind: kinds.Kind, definition: dict[str, Any]) -> str:
    root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    lines = [f"## {kind.kind}", "", root["description"], ""]
    for part in ("spec", "status"):
        lines += [f"### {kind.kind} {part}", "", "| field | type | default | meaning |", "|---|---|---|---|"]
        lines += [
            _row(path, node, required) for path, node, required in _fields(part, root["properties"][part])
        ]
        lines.append("")
    refusals = [f"- `{path}`: {message}" for path, message in _rules("", root)]
    if refusals:
        lines += [f"### What the API server refuses in a {kind.kind}", "", *dict.fromkeys(refusals), ""]
    return "\n".join(lines)


def _fields(path: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every field below `node`, depth first: its path, its schema, and whether it is required."""
    required = node.get("required", ())
    for name, part in node.get("properties", {}).items():
        below = f"{path}.{name}"
        yield below, part, name in required
        yield from _fields(below, part)
        if "properties" in part.get("items", {}):
            yield from _fields(f"{below}[]", part["items"])


def _row(path: str, node: dict[str, Any], required: bool) -> str:
    meaning, _, default = node.get("description", "").partition(" Default: ")
    default = "**required**" if required else _cell(default.removesuffix("."))
    values = node.get("enum") or node.get("items", {}).get("enum")
    if values:
        meaning += " One of " + ", ".join(f"`{value}`" for value in values) + "."
    return f"| `{path}` | {_type(node)} | {default} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    """Escape what a table's cell and HTML would take for their own; between backticks angle brackets are text."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))


def _type(node: dict[str, Any]) -> str:
    if node.get("x-kubernetes-int-or-string"):
        return "integer or percentage"
    if node.get("pattern") == durations.PATTERN:
        return "duration"
    if node.get("format") == "date-time":
        return "time"
    if node.get("type") == "array":
        return f"list of {_type(node['items'])}"
    if "additionalProperties" in node:
        return f"map of {_type(node['additionalProperties'])}"
    return str(node.get("type", "any"))


def _rules(path: str, node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every CEL rule, by the field that its refusal points at."""
    for rule in node.get(schema.VALIDATIONS, []):
        yield (path + rule.get("fieldPath", "")).removeprefix("."), rule["message"]
    for name, part in node.get("properties", {}).items():
        yield from _rules(f"{path}.{name}", part)
    if "items" in node:
        yield from _rules(f"{path}[]", node["items"])


def _words() -> str:
    """Labels and annotations, from the docstrings of `names`."""
    body = ast.parse(inspect.getsource(names)).body
    lines = ["## Labels and annotations", "", "| name | where, and what it says |", "|---|---|"]
    for constant, doc in itertools.pairwise(body):
        match constant, doc:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ) if name.startswith(("LABEL_", "ANNOTATION_")):
                lines.append(f"| `{getattr(names, name)}` | {_cell(text)} |")
            case _:
                pass
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or compare with what is there. Returns the exit code."""
    return generated.keep(
        page(),
        module="lastgood.api.reference",
        subject="API",
        file="docs/reference/api.md",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
