"""Objects as an API server keeps them: never changed, only replaced, so that a reader needs no copy of its own."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lastgood.kube import errors

Object = dict[str, Any]
_INDEX = re.compile(r"\d+|-")


def plain(value: Any) -> Any:
    """Return what of a value would arrive as JSON; raises TypeError for what JSON cannot carry."""
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    raise TypeError(f"{value!r} is no JSON")


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """Return an object after a JSON merge patch (RFC 7396)."""
    new = dict(old)
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        elif isinstance(value, dict):
            before = old.get(key)
            new[key] = merged(before if isinstance(before, dict) else {}, value)
        else:
            new[key] = value
    return new


def patched(old: Object, operations: Sequence[Mapping[str, Any]]) -> Object:
    """Return an object after a JSON patch (RFC 6902), of which `test`, `replace`, `add` and `remove` are known."""
    for each in operations:
        path = [part.replace("~1", "/").replace("~0", "~") for part in each["path"].split("/")[1:]]
        if each["op"] == "test":
            if value_at(old, *path) != each["value"]:
                raise errors.Invalid(f"the test of {each['path']} failed")
        elif each["op"] in ("replace", "add", "remove"):
            old = _changed(old, path, each)
        else:
            raise ValueError(f"no such operation: {each['op']}")
    return old


def _changed(old: Any, path: list[str], operation: Mapping[str, Any]) -> Any:
    part, rest = path[0], path[1:]
    if isinstance(old, list):
        return _changed_list(old, part, rest, operation)
    new = dict(old)
    if rest:
        if part not in new:
            raise errors.Invalid(f"there is no {operation['path']}")
        new[part] = _changed(new[part], rest, operation)
    elif operation["op"] == "add":
        new[part] = operation["value"]
    elif part not in new:
        raise errors.Invalid(f"there is no {operation['path']}")
    elif operation["op"] == "replace":
        new[part] = operation["value"]
    else:
        del new[part]
    return new


def _changed_list(old: list[Any], part: str, rest: list[str], operation: Mapping[str, Any]) -> list[Any]:
    if not _INDEX.fullmatch(part):
        raise errors.Invalid(f"{part} is no place in a list")
    new, place = list(old), len(old) if part == "-" else int(part)
    if rest:
        new[place] = _changed(new[place], rest, operation)
    elif operation["op"] == "add":
        new.insert(place, operation["value"])
    elif operation["op"] == "replace":
        new[place] = operation["value"]
    else:
        del new[place]
    return new


def value_at(value: Any, *path: str) -> Any:
    """Return what is at a path of keys; None where there is nothing."""
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def nested(path: Sequence[str]) -> Object:
    """Return a path of keys as managedFields has it: `{"f:spec": {"f:replicas": {}}}`."""
    found: Object = {}
    for part in reversed(path):
        found = {f"f:{part}": found}
    return found


def by_workload(switch: Object) -> dict[str, Object]:
    """Return what a switch holds, by Deployment."""
    return {each["workload"]: each for each in value_at(switch, "spec", "restore") or ()}
