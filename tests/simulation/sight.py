"""What there is of one model, as the API server has it or as one process read it last: plain objects, no rules."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation.apiserver import ApiServer, Key
from tests.simulation.controllers import fingerprint
from tests.simulation.objects import Object, value_at
from tests.simulation.scene import NAMESPACE


@dataclass(frozen=True)
class Sight:
    """One model, its Deployment, its checkpoints and all switches of its namespace."""

    model: Object | None
    deployment: Object | None
    checkpoints: tuple[Object, ...]
    switches: tuple[Object, ...]

    @property
    def name(self) -> str:
        """The model's name, which is its Deployment's too in these worlds."""
        found = self.model or self.deployment
        return "" if found is None else str(found["metadata"]["name"])

    @functools.cached_property
    def engaged(self) -> list[Object]:
        """The engaged switches that select the model, or name or hold its Deployment."""
        return [
            each
            for each in self.switches
            if each["spec"]["engaged"] and concerns(each, self.name, self.model)
        ]

    @functools.cached_property
    def entries(self) -> list[tuple[Object, Object]]:
        """What switches hold of the Deployment: each switch with its entry."""
        found = ((each, entry_of(each, self.name)) for each in self.switches)
        return [(switch, entry) for switch, entry in found if entry is not None]

    @functools.cached_property
    def current(self) -> Object | None:
        """The checkpoint that was activated last."""
        activated = [each for each in self.checkpoints if each["spec"].get("activations")]
        return max(activated, key=activated_at, default=None)

    @property
    def replicas(self) -> int:
        """How many replicas are wanted now."""
        return 0 if self.deployment is None else int(self.deployment["spec"]["replicas"])

    def saved(self, template: Any) -> list[Object]:
        """Return the checkpoints of what a template runs."""
        own = fingerprint(template)
        return [each for each in self.checkpoints if fingerprint(each["spec"]["saved"]["podTemplate"]) == own]

    @property
    def asks(self) -> Mapping[str, Any]:
        """The model's spec; empty when it is gone."""
        return {} if self.model is None else self.model["spec"]


def now(server: ApiServer, name: str) -> Sight:
    """Return what there is."""
    key = NAMESPACE, name
    return Sight(
        server.find(resources.MODEL_DEPLOYMENTS, key),
        server.find(resources.DEPLOYMENTS, key),
        tuple(server.listed(resources.MODEL_CHECKPOINTS, NAMESPACE, {names.LABEL_MODEL: name})),
        tuple(server.listed(resources.KILL_SWITCHES, NAMESPACE)),
    )


def as_read(seen: Mapping[tuple[str, Key], Object | None], name: str) -> Sight:
    """Return what a process read last."""
    key = NAMESPACE, name
    checkpoints = [
        raw for (plural, _), raw in seen.items() if plural == "modelcheckpoints" and raw is not None
    ]
    return Sight(
        seen.get(("modeldeployments", key)),
        seen.get(("deployments", key)),
        tuple(each for each in checkpoints if each["metadata"]["labels"][names.LABEL_MODEL] == name),
        tuple(
            raw
            for (plural, (namespace, _)), raw in seen.items()
            if plural == "killswitches" and namespace == NAMESPACE and raw is not None
        ),
    )


def concerns(switch: Object, name: str, model: Object | None) -> bool:
    """Whether a switch is about a model or its Deployment."""
    spec = switch["spec"]
    if name in (spec.get("workloads") or ()) or entry_of(switch, name) is not None:
        return True
    if model is None:
        return False
    if spec.get("models"):
        return name in spec["models"]
    wanted = value_at(spec, "selector", "matchLabels")
    if wanted is not None:
        return bool(wanted.items() <= model["metadata"].get("labels", {}).items())
    return not spec.get("workloads")


def entry_of(switch: Object, workload: str) -> Object | None:
    """Return what a switch holds of a Deployment."""
    return next((each for each in switch["spec"].get("restore") or () if each["workload"] == workload), None)


def worth(checkpoint: Object) -> str:
    """Return the verdict on a saved version."""
    return str(checkpoint["spec"]["verdict"]["value"])


def activated_at(checkpoint: Object) -> datetime:
    """Return when a saved version was switched to last."""
    return max(moment(each["at"]) for each in checkpoint["spec"]["activations"])


def moment(text: str) -> datetime:
    """Read a time."""
    return datetime.fromisoformat(text)
