"""Turns a model into a structural schema: the strict corner of OpenAPI v3 that a CRD takes.

The API server refuses `$ref`, `title`, `const`, unions with null and closed objects. So definitions are
inlined, "may be null" becomes "may be left out" (the API server then drops nulls by itself), and words of our
own are taken out.
"""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from lastgood.api import durations, quantities, schema

DROPPED: Final = frozenset({"title", "anyOf", "default", "$ref", schema.STABLE, schema.OPEN})
PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"


class _Generator(GenerateJsonSchema):
    """Writes defaults as the wire has them."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, datetime.timedelta):
            return durations.canonical(dft)
        return str(dft) if isinstance(dft, quantities.IntOrPercent) else super().encode_default(dft)


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """Give the model's schema, complete in itself.

    Raises ValueError for a union that a CRD cannot express.
    """
    raw = model.model_json_schema(mode="validation", by_alias=True, schema_generator=_Generator)
    return _inlined(raw, raw.get("$defs", {}))


def _inlined(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    node = _merged(node, definitions)
    found = {key: value for key, value in node.items() if key not in DROPPED and key != "$defs"}
    if node.get(schema.OPEN):
        found.pop("enum", None)
    if "description" in found:
        found["description"] = " ".join(found["description"].split())
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "properties" in found:
        found["properties"] = {
            name: _inlined(part, definitions) for name, part in found["properties"].items()
        }
    if "items" in found:
        found["items"] = _inlined(found["items"], definitions)
    extra = found.pop("additionalProperties", None)
    if isinstance(extra, Mapping) and not found.get(PRESERVE):
        found["additionalProperties"] = _inlined(extra, definitions)
    return _with_default(found, node)


def _merged(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the node's own words over those of what it refers to, however deep; CEL rules of both hold."""
    if "$ref" in node:
        below: Mapping[str, Any] = definitions[node["$ref"].rpartition("/")[2]]
    elif "anyOf" in node:
        choices = [choice for choice in node["anyOf"] if choice.get("type") != "null"]
        if len(choices) != 1:
            raise ValueError(f"a CRD cannot express this choice: {node['anyOf']}")
        below = choices[0]
    else:
        return dict(node)
    own = {key: value for key, value in node.items() if key not in {"$ref", "anyOf"}}
    base = _merged(below, definitions)
    merged = base | own
    rules = [*base.get(schema.VALIDATIONS, []), *own.get(schema.VALIDATIONS, [])]
    if rules:
        merged[schema.VALIDATIONS] = rules
    return merged


def _with_default(found: dict[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """Write every default into the description, and a stable one into the schema as well."""
    default = node.get("default")
    if default is None or isinstance(default, dict | list) or default == "":
        return found
    if node.get(schema.STABLE):
        found["default"] = default
    description = found.get("description", "")
    if "Default:" not in description:
        word = str(default).lower() if isinstance(default, bool) else str(default)
        found["description"] = f"{description} Default: {word}."
    return found
