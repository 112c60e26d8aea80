"""One thing that is wrong with one manifest, and where."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and indexes from the root of the document."""


class Severity(enum.StrEnum):
    """How sure it is that this does harm."""

    ERROR = "error"
    """The API server refuses it, the operator does not act on it, or a field has no effect."""
    WARNING = "warning"
    """It may be meant, or only the server can tell."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one field: what is wrong, and what to do."""

    path: Path
    message: str
    check: str
    """Which check found it, in kebab case: what a script filters by."""
    severity: Severity = Severity.ERROR


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as the API server does: `spec.thresholds[0].max`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "(document)"
