"""The shape of a manifest, by the schema of its CRD: types, limits, required and unknown fields.

The API server checks the same, but drops an unknown field in silence unless the client is strict; here it is an error.
"""

import datetime
import difflib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jsonschema

from lastgood.api import crd, names, openapi
from lastgood.lint.finding import Finding, Path

Schema = Mapping[str, Any]

METADATA: Final[Schema] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    openapi.PRESERVE: True,
}
"""What of metadata a person writes; the rest is the API server's."""


SENTENCES: Final[Mapping[str, str]] = {
    "pattern": "{shown!r} does not match {limit}",
    "format": "{shown!r} is no time, such as 2026-01-31T12:00:00Z",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "minItems": "must have at least {limit} items",
    "maxItems": "must have at most {limit} items",
    "minProperties": "must have at least {limit} entries",
    "maxProperties": "must have at most {limit} entries",
    "minimum": "{shown} must be at least {limit}",
    "maximum": "{shown} must be at most {limit}",
}
"""What is said of a keyword of the schema that a value breaks."""


@functools.cache
def schema_of(kind: str) -> Schema:
    """Return the schema of one of our kinds. Raises KeyError for any other."""
    models = {each.kind: model for each, model in crd.MODELS}
    schema = openapi.structural(models[kind])
    schema["properties"] |= {"metadata": METADATA}
    schema["required"] = sorted({*schema.get("required", ()), "metadata", "spec"})
    return schema


@functools.cache
def _validator(kind: str) -> jsonschema.Draft4Validator:
    formats = jsonschema.FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(_is_a_time)
    return jsonschema.Draft4Validator(_draft4(schema_of(kind)), format_checker=formats)


def _is_a_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.datetime.fromisoformat(value).tzinfo is not None


def is_ours(value: Any) -> bool:
    """Whether a document is an object of this API, in whatever version."""
    version = value.get("apiVersion") if isinstance(value, dict) else None
    return isinstance(version, str) and version.partition("/")[0] == names.GROUP


def settled(value: Any, schema: Schema) -> Any:
    """Return a value as the API server sees it when it checks: without nulls, with defaults, numbers as floats."""
    if isinstance(value, dict):
        properties: Schema = schema.get("properties", {})
        others = schema.get("additionalProperties")
        found = {}
        for key, each in value.items():
            below = properties.get(key, others if isinstance(others, Mapping) else {})
            if each is not None or below.get("nullable"):
                found[key] = settled(each, below)
        for key, below in properties.items():
            if key not in found and "default" in below:
                found[key] = settled(below["default"], below)
        return found
    if isinstance(value, list):
        return [settled(each, schema.get("items", {})) for each in value]
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def check(value: Any, kind: str, *, written: Callable[[Path], str]) -> Iterator[Finding]:
    """Find what the schema refuses, and fields that it does not know; `written` gives the text of a field in its file.

    What YAML takes for the number 1.1 may be the version 1.10.
    """
    schema = schema_of(kind)
    found: set[tuple[Path, str]] = set()
    for error in _validator(kind).iter_errors(settled(value, schema)):
        for each in _findings(error, written):
            if (each.path, each.message) not in found:
                found.add((each.path, each.message))
                yield each
    yield from unknown(value, schema, ())
    yield from _twice(value, schema, ())


def unknown(value: Any, schema: Schema, path: Path) -> Iterator[Finding]:
    """Find the fields that the API server would drop in silence."""
    if isinstance(value, dict) and not schema.get(openapi.PRESERVE):
        properties: Schema = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for key, each in value.items():
            if key in properties:
                yield from unknown(each, properties[key], (*path, key))
            elif isinstance(others, Mapping):
                yield from unknown(each, others, (*path, key))
            elif properties:
                near = difflib.get_close_matches(str(key), properties, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(properties))}"
                message = f"there is no such field, and the API server drops it in silence; {hint}"
                yield Finding((*path, str(key)), message, "unknown-field")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from unknown(each, schema.get("items", {}), (*path, place))


def _findings(error: jsonschema.ValidationError, written: Callable[[Path], str]) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    if error.validator == "required":
        required: Any = error.validator_value
        given: Any = error.instance
        for name in required:
            if name not in given:
                yield Finding((*path, name), "Required value", "schema")
    else:
        yield Finding(path, _sentence(error, written(path)), "schema")


def _sentence(error: jsonschema.ValidationError, written: str) -> str:
    limit: Any = error.validator_value
    shown = error.instance if isinstance(error.instance, str | int | float | bool) else "this"
    if error.validator == "type":
        wanted = " or ".join(limit) if isinstance(limit, list) else limit
        quoted = (
            f'; quote it: "{written or shown}"'
            if limit == "string" and isinstance(shown, int | float)
            else ""
        )
        return f"must be of type {wanted}{quoted}"
    if error.validator == "enum":
        return f"{shown!r} is none of {', '.join(map(str, limit))}"
    sentence = SENTENCES.get(str(error.validator))
    return error.message if sentence is None else sentence.format(shown=shown, limit=limit)


def _twice(value: Any, schema: Schema, path: Path) -> Iterator[Finding]:
    """Find items of a list that have the same key."""
    if isinstance(value, dict):
        for key, below in schema.get("properties", {}).items():
            yield from _twice(value.get(key), below, (*path, key))
    elif isinstance(value, list):
        keys = schema.get("x-kubernetes-list-map-keys")
        alike = keys or schema.get("x-kubernetes-list-type") == "set"
        seen: list[Any] = []
        for place, each in enumerate(value):
            own = [each.get(key) for key in keys] if keys and isinstance(each, dict) else each
            if alike and own in seen:
                what = f"the same {' and '.join(keys)} as" if keys else "the same as"
                yield Finding((*path, place), f"Duplicate value: {what} an earlier one", "schema")
            seen.append(own)
            yield from _twice(each, schema.get("items", {}), (*path, place))


def _draft4(schema: Any) -> Any:
    """Return an OpenAPI v3 schema as JSON schema of draft 4, which it comes from."""
    if isinstance(schema, list):
        return [_draft4(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {
        key: _draft4(each) for key, each in schema.items() if not key.startswith("x-") and key != "default"
    }
    if schema.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
        found.pop("anyOf", None)
    return found
