"""What the API server refuses for a while, and whether people are told so (rule B1).

One try that is not told of proves nothing: what was to be done may have become needless with what came next. Several
in a row do.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from lastgood.kube import resources
from lastgood.runtime.refusals import REFUSED
from tests.simulation.apiserver import ApiServer
from tests.simulation.grounds import Violated
from tests.simulation.hindrance import Watched
from tests.simulation.refusals import NOTHING
from tests.simulation.scene import NAMESPACE

MOST_UNTOLD: Final = 3
"""Looks in a row that find a new try refused, and nothing told."""
OF_MODELS: Final = frozenset({"act.deployment.scale", "act.deployment.switch_template"})
"""Writes of which a model's own status must tell; the name of what is written is the model's."""


class Denials:
    """Looks after each step at what was refused since the last one."""

    def __init__(self, models: Sequence[str], server: ApiServer, processes: Sequence[Watched]) -> None:
        self._models = models
        self._server = server
        self._processes = processes
        self._seen: dict[tuple[str, str, str], int] = {}
        self._untold: Counter[tuple[str, str, str]] = Counter()

    def look(self) -> None:
        """Check that what is refused again and again is told. Raises Violated."""
        for process in self._processes:
            for (site, name), tries in process.connection.denied.items():
                if site not in OF_MODELS or not self._is_told_of(name, process):
                    continue
                place = process.identity, site, name
                before, self._seen[place] = self._seen.get(place, 0), tries
                said = process.said.get((NAMESPACE, name), NOTHING)
                if tries == 0 or REFUSED in said.reasons:
                    self._untold[place] = 0
                elif tries > before:
                    self._untold[place] += 1
                if self._untold[place] >= MOST_UNTOLD:
                    raise Violated(
                        f"B1: {site} of {name} was refused {tries} times in a row, and people are told "
                        f"{said.text or 'nothing'}"
                    )

    def _is_told_of(self, name: str, process: Watched) -> bool:
        """Whether there is a model to tell of, by a process that leads."""
        key = NAMESPACE, name
        is_there = self._server.find(resources.MODEL_DEPLOYMENTS, key) is not None
        return name in self._models and is_there and process.may_act()
