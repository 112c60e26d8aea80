"""What can be read of an object that does not parse as a whole (semantics.md, B1, B2, K6).

A newer release may have written it, or validation was off. What does not parse is left out, piece by piece, until the
rest does: a kill switch then still holds what it names, and a model can still be killed. Whoever uses the rest has to
know that it is not all: nothing automatic is done on the strength of it, and it is never written back whole.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import pydantic

from lastgood.api.base import Resource

MOST_ROUNDS: Final = 100
"""How many pieces are left out before an object counts as not readable at all."""
_GAP: Final = object()
"""Stands where something was left out, so that positions in a list stay what they are while faults are gone through."""
ResourceT = TypeVar("ResourceT", bound=Resource)


@dataclass(frozen=True, slots=True)
class Salvaged(Generic[ResourceT]):
    """An object as far as it can be read."""

    resource: ResourceT
    unread: str = ""
    """Path and fault of the first piece that was left out; empty when everything was read."""
    left_out: frozenset[str] = frozenset()
    """The paths of all that was left out, without list positions: `spec.restore.autoscaler.kind`."""

    def lacks(self, *fields: str) -> bool:
        """Whether one of these fields of the spec, or something inside it, was left out."""
        paths = tuple(f"spec.{field}" for field in fields)
        return any(path == each or path.startswith(each + ".") for path in self.left_out for each in paths)


def salvage(kind: type[ResourceT], raw: Mapping[str, Any]) -> Salvaged[ResourceT] | None:
    """Read an object as far as it can be read; None when nothing is left that makes one."""
    rest: Any = raw
    unread, left_out = "", set[str]()
    for _ in range(MOST_ROUNDS):
        try:
            return Salvaged(kind.parse(rest), unread, frozenset(left_out))
        except pydantic.ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
        if not unread:
            rest = copy.deepcopy(dict(raw))
            unread = sentence(faults[0])
        for fault in faults:
            path = _leave_out(rest, fault["loc"])
            if path in ("", "spec", "metadata"):
                return None
            left_out.add(path)
        rest = _without_gaps(rest)
    return None


def sentence(fault: Any) -> str:
    """Return where a fault is and what it is."""
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"


def _leave_out(rest: Any, loc: tuple[int | str, ...]) -> str:
    """Put a gap where a fault is, or for what a field is missing from; return its path without list positions."""
    here: Any = rest
    parent: Any = None
    path: list[int | str] = []
    for part in loc:
        if not (isinstance(here, dict) and part in here) and not (isinstance(here, list)):
            break  # a field that is missing, the name of a variant, or inside a gap already
        holder: Any = here
        parent, here = holder, holder[part]
        path.append(part)
    if parent is None:
        return ""
    parent[path[-1]] = _GAP
    return ".".join(part for part in path if isinstance(part, str))


def _without_gaps(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_gaps(each) for key, each in value.items() if each is not _GAP}
    if isinstance(value, list):
        return [_without_gaps(each) for each in value if each is not _GAP]
    return value
