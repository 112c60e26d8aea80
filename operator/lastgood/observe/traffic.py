"""A model's Service and its fallback, as they are now: read for models that have one, and no kill waits for them."""

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lastgood.decide import facts, world
from lastgood.kube import client, errors, resources
from lastgood.observe import written

Object = Mapping[str, Any]
Key = tuple[str, str]
"""Namespace and name."""


def named(model: Object, workload: str, switches: Sequence[facts.Switch]) -> tuple[str, str]:
    """Return the names of a model's Service and of its fallback; empty where there is none.

    A Service that a switch has taken traffic from stays the one meant until its traffic is back.
    """
    service, fallback = _asked(model)
    entries = (switch.entry(workload) for switch in switches)
    taken = (entry.traffic.service for entry in entries if entry is not None and entry.traffic is not None)
    return next(taken, service), fallback


def _asked(model: Object) -> tuple[str, str]:
    spec = model.get("spec") or {}
    fallback = spec.get("fallback") or {}
    traffic = (spec.get("rollout") or {}).get("traffic") or {}
    service = str(fallback.get("service") or traffic.get("service") or "") if fallback else ""
    return service, str((fallback.get("workloadRef") or {}).get("name") or "")


@dataclass(slots=True)
class Fallbacks:
    """Which models a Service or a Deployment concerns, because they fall back by the one to the other."""

    _asked: dict[Key, tuple[str, str]] = field(default_factory=dict)
    _by_service: dict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    _by_stand_in: dict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))

    def change(self, model: Key, raw: Object | None) -> None:
        """Keep what a model asks for, or forget it with None."""
        service, stand_in = self._asked.pop(model, ("", ""))
        self._by_service[model[0], service].discard(model)
        self._by_stand_in[model[0], stand_in].discard(model)
        service, stand_in = ("", "") if raw is None else _asked(raw)
        if stand_in:
            self._asked[model] = service, stand_in
            self._by_service[model[0], service].add(model)
            self._by_stand_in[model[0], stand_in].add(model)

    def served_by(self, service: Key) -> set[Key]:
        """Return the models whose fallback is reached by a Service."""
        return set(self._by_service.get(service, ()))

    def on(self, deployment: Key) -> set[Key]:
        """Return the models that a Deployment stands in for."""
        return set(self._by_stand_in.get(deployment, ()))


def claimed(
    traffic: world.Traffic, *, workload: str, older: str, switches: Sequence[facts.Switch]
) -> world.Traffic:
    """Say which other model the Service is switched for: the one whose traffic it has taken, else an older one."""
    if traffic.service is None:
        return traffic
    entries = (entry for switch in switches for entry in switch.entries if entry.traffic is not None)
    taken = {e.workload: e.model or e.workload for e in entries if _sends(e.traffic, traffic.service)}
    by = "" if workload in taken else min(taken.values(), default=older)
    return dataclasses.replace(traffic, claimed_by=by)


def _sends(route: facts.Route | None, service: world.Service) -> bool:
    return route is not None and route.service == service.name


def seen(service: Object | None, deployment: Object | None, *, unread: str = "") -> world.Traffic:
    """Return what is known of a model's traffic."""
    return world.Traffic(
        service=None if service is None else read_service(service),
        stand_in=None if deployment is None else read_stand_in(deployment),
        unread=unread,
    )


async def fresh(cluster: client.Cluster, namespace: str, *, service: str, fallback: str) -> world.Traffic:
    """Read a model's Service and its fallback; that one cannot be read is part of the answer, and no error."""
    (found_service, why), (found_fallback, why_not) = await asyncio.gather(
        _read(cluster.get(resources.SERVICES, namespace, service) if service else None),
        _read(cluster.get(resources.DEPLOYMENTS, namespace, fallback) if fallback else None),
    )
    return seen(found_service, found_fallback, unread=why or why_not)


async def _read(request: Awaitable[Object] | None) -> tuple[Object | None, str]:
    if request is None:
        return None, ""
    try:
        return await request, ""
    except errors.NotFound:
        return None, ""
    except errors.ClusterError as error:
        return None, str(error)


def read_service(raw: Object) -> world.Service:
    """Read a Service."""
    metadata = raw["metadata"]
    return world.Service(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        selector=dict((raw.get("spec") or {}).get("selector") or {}),
        selected_by=written.writer(metadata, "f:spec", "f:selector"),
    )


def read_stand_in(raw: Object) -> world.StandIn:
    """Read the Deployment that a model falls back to.

    Its own selector never changes and matches all its pods, so that a Service with the same labels does not lose them;
    a selector that a Service cannot express is replaced by the labels of the pods.
    """
    spec, status = raw["spec"], raw.get("status") or {}
    labels = dict(((spec.get("template") or {}).get("metadata") or {}).get("labels") or {})
    selector = spec.get("selector") or {}
    plain = selector.get("matchLabels") if not selector.get("matchExpressions") else None
    return world.StandIn(
        name=raw["metadata"]["name"],
        selector=dict(plain or labels),
        labels=labels,
        available=int(status.get("availableReplicas") or 0),
        uid=raw["metadata"]["uid"],
    )


def kept(raw: Object) -> Object:
    """Return the little of a Service that is kept of it: a cluster has many that no model has to do with."""
    metadata = raw["metadata"]
    fields = ("namespace", "name", "uid", "resourceVersion", "managedFields")
    return {
        "metadata": {key: metadata[key] for key in fields if key in metadata},
        "spec": {"selector": (raw.get("spec") or {}).get("selector") or {}},
    }
