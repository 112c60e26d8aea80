"""The CEL rules of our CRDs, applied to a manifest as the API server does, with the same sentences.

`common-expression-language` evaluates CEL itself; what Kubernetes adds to it and our rules use is added here.
Rules on a change (`oldSelf`) are for the API server alone: a file has no earlier state.
"""

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import cel

from lastgood.api import schema as words
from lastgood.lint.finding import Finding, Path
from lastgood.lint.schemas import Schema, schema_of, settled


def _is_url(text: str) -> bool:
    parts = urllib.parse.urlsplit(text)
    return bool(parts.scheme) and (bool(parts.netloc) or parts.path.startswith("/"))


def _is_sorted(values: Sequence[Any]) -> bool:
    return list(values) == sorted(values)


KUBERNETES: Final[Mapping[str, Any]] = {
    "isSorted": _is_sorted,
    "isURL": _is_url,
    "url": str,
    "getScheme": lambda text: urllib.parse.urlsplit(text).scheme,
    "getHost": lambda text: urllib.parse.urlsplit(text).netloc,
    "lowerAscii": str.lower,
}
"""Functions that the API server has beside CEL's own, as far as our rules use them."""


def check(value: Any, kind: str) -> Iterator[Finding]:
    """Find the rules that do not hold. The manifest must fit its schema: CEL knows types."""
    schema = schema_of(kind)
    yield from _walk(settled(value, schema), schema, ())


def _walk(value: Any, schema: Schema, path: Path) -> Iterator[Finding]:
    for rule in schema.get(words.VALIDATIONS, ()):
        if "oldSelf" not in rule["rule"] and not _holds(rule["rule"], value):
            below = tuple(part for part in rule.get("fieldPath", "").split(".") if part)
            yield Finding((*path, *below), rule["message"], "rule")
    if isinstance(value, dict):
        properties: Schema = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for key, each in value.items():
            found = properties.get(key, others)
            if isinstance(found, Mapping):
                yield from _walk(each, found, (*path, key))
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for place, each in enumerate(value):
            yield from _walk(each, schema["items"], (*path, place))


def _holds(rule: str, value: Any) -> bool:
    context = cel.Context(variables={"self": value})
    for name, function in KUBERNETES.items():
        context.add_function(name, function)
    return bool(cel.evaluate(rule, context))
