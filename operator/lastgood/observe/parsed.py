"""What was made of objects: they are looked at far more often than they change, and a digest costs a millisecond."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from lastgood.decide import facts
from lastgood.observe import written

Object = Mapping[str, Any]
T = TypeVar("T")
SWITCHES_AT_ONCE: Final = 4
"""While hundreds of drives write one switch, those that have written and those that have read know different ones."""


class Parsed:
    """What was made of each object that was seen lately, by uid and resourceVersion."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def of(self, raw: Object, read: Callable[[Object], T], *, versions: int = 1) -> T:
        """Return what `read` makes of an object; it is asked once for each of the newest so many versions."""
        metadata = raw["metadata"]
        version = metadata["resourceVersion"]
        known = self._known.setdefault(metadata["uid"], {})
        if version not in known:
            made = read(raw)
            for earliest in list(known)[: max(len(known) - versions + 1, 0)]:
                del known[earliest]
            known[version] = made
        found: T = known[version]
        return found

    def switch(self, raw: Object) -> facts.Switch | None:
        """Return what a KillSwitch says, as far as it can be read."""
        return self.of(raw, written.switch, versions=SWITCHES_AT_ONCE)

    def forget(self, raw: Object) -> None:
        """Drop what was made of an object that is gone."""
        self._known.pop(raw["metadata"]["uid"], None)
