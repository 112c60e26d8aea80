"""One object that the API server must refuse, and where the refusal must point."""

from dataclasses import dataclass

from tests.cluster.api.objects import Object


@dataclass(frozen=True)
class Refusal:
    """One bad object. `path` is the field that the API server must name; `words` must stand in its message."""

    sentence: str
    manifest: Object
    path: str
    words: str = ""
