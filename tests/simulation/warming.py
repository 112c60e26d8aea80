"""From when on what is said of a version counts: an account of the warm-up (rule J7) that is never stricter than it."""

import asyncio
from collections import defaultdict, deque
from typing import Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation.apiserver import ApiServer, Write
from tests.simulation.controllers import fingerprint
from tests.simulation.faults import Fault, Injector
from tests.simulation.objects import value_at
from tests.simulation.scene import Scene

SECOND: Final = 1.0
"""Kubernetes cuts times to whole seconds."""
KEPT: Final = 20
"""Changes that are kept for each model: more than there are while one write is on its way."""


class Warming:
    """Remembers when the first pod came of each version that was switched to while no pod of it was there."""

    def __init__(self, scene: Scene, server: ApiServer, injector: Injector) -> None:
        self._warmup = float(scene.spec["rollback"]["warmup"].rstrip("s"))
        self._server = server
        self._injector = injector
        self._awaited: dict[str, str] = {}
        """By model: what it was switched to, until a pod of that comes."""
        self._begins: dict[str, deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=KEPT))
        """By model: each time that this changed, and from when on something counts since then."""
        self._clock_was_set = False

    def note(self, write: Write) -> None:
        """Take note of a switch of version, and of a pod that comes."""
        self._clock_was_set = self._clock_was_set or Fault.CLOCK in self._injector.lasting
        if write.new is None:
            return
        if write.resource is resources.PODS and write.old is None:
            model = write.new["metadata"]["labels"].get("app", "")
            if self._awaited.get(model) == fingerprint(write.new):
                del self._awaited[model]
                now = asyncio.get_running_loop().time()
                self._begins[model].append((now, now + self._warmup - SECOND))
        elif write.resource is resources.MODEL_CHECKPOINTS:
            before = value_at(write.old, "spec", "activations") or []
            if len(write.new["spec"].get("activations") or []) > len(before):
                model = write.new["metadata"]["labels"][names.LABEL_MODEL]
                self._switch(model, fingerprint(write.new["spec"]["saved"]["podTemplate"]))

    def _switch(self, model: str, version: str) -> None:
        self._begins[model].append((asyncio.get_running_loop().time(), 0.0))
        self._awaited.pop(model, None)
        pods = self._server.of(resources.PODS).values()
        own = (each for each in pods if each["metadata"]["labels"].get("app") == model)
        if all(fingerprint(each) != version for each in own):
            self._awaited[model] = version

    def begins(self, model: str, *, then: float) -> float:
        """Return the earliest moment from which something counted at a moment, both in the loop's seconds.

        By a clock that was set a version may have warmed up at any time, as far as its process can tell.
        """
        if self._clock_was_set:
            return 0.0
        return next((begins for at, begins in reversed(self._begins[model]) if at <= then), 0.0)
