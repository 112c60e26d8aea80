"""Who has changed a workload's template, by the owners of just those fields that differ (semantics.md, O6).

Whoever wrote to the template last need not have changed it: a rollout restart writes there too. And nobody is named
for a field that nobody owns, as when it was taken out: better no name than the wrong one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lastgood.api import names

Part = str | Mapping[str, Any]
"""A field's name, or the element of a list."""


def changers(managed: Sequence[Mapping[str, Any]], *, live: Any, wanted: Any) -> tuple[str, ...]:
    """Return the field managers of what differs in a live template from the wanted one, without ourselves."""
    found = set()
    for path in _differing(live, wanted):
        for entry in managed:
            template = ((entry.get("fieldsV1") or {}).get("f:spec") or {}).get("f:template") or {}
            if _owns(template, path):
                found.add(str(entry.get("manager") or ""))
    return tuple(sorted(found - {"", names.FIELD_MANAGER}))


def _differing(live: Any, wanted: Any, path: tuple[Part, ...] = ()) -> Iterator[tuple[Part, ...]]:
    """Give the path of each field that the live object has with another value, or that the wanted one lacks."""
    if live == wanted:
        return
    if isinstance(live, Mapping):
        for key, value in live.items():
            yield from _differing(
                value, wanted.get(key) if isinstance(wanted, Mapping) else None, (*path, key)
            )
    elif (
        isinstance(live, list) and live and all(isinstance(each, Mapping) and "name" in each for each in live)
    ):
        others = wanted if isinstance(wanted, list) else []
        by_name = {each.get("name"): each for each in others if isinstance(each, Mapping)}
        for element in live:
            yield from _differing(element, by_name.get(element["name"]), (*path, element))
    else:
        yield path


def _owns(fields: Mapping[str, Any], path: tuple[Part, ...]) -> bool:
    """Whether a manager's fields have this one, or a whole that it is a part of."""
    for part in path:
        below = _below(fields, part)
        if below is None:
            return False
        if not below:
            return True
        fields = below
    return True


def _below(fields: Mapping[str, Any], part: Part) -> Mapping[str, Any] | None:
    if isinstance(part, str):
        found: Mapping[str, Any] | None = fields.get(f"f:{part}")
        return found
    for key, below in fields.items():
        if key.startswith("k:") and json.loads(key[2:]).items() <= part.items():
            element: Mapping[str, Any] = below
            return element
    return None
