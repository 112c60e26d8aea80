"""Autoscalers as the API server has them: which one scales which Deployment, and what it is set to (semantics.md, K3).

A HorizontalPodAutoscaler that a ScaledObject owns is KEDA's: it is kept nowhere and touched by nobody but KEDA.
"""

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lastgood.api import names
from lastgood.decide import autoscalers, facts, world
from lastgood.kube import client, errors, resources
from lastgood.observe import written

Key = tuple[str, str]
"""Namespace and name."""
Object = Mapping[str, Any]
Found = tuple[resources.Resource, Object]

KINDS: Final = {each.kind: each for each in (resources.SCALED_OBJECTS, resources.HPAS)}
"""By kind; a ScaledObject goes before a HorizontalPodAutoscaler, which KEDA does not admit beside it."""
PATIENCE: Final = 1.0
"""Seconds that a fresh reading may take: a kill waits for it."""
KEDA_LEAST: Final = 0
KEDA_MOST: Final = 100
"""What KEDA takes for `minReplicaCount` and `maxReplicaCount` that are left out."""
SCALED_TO_ZERO: Final = "ScaledToZero"
"""Condition of a HorizontalPodAutoscaler, since Kubernetes 1.36: it has brought the workload to zero by itself."""


@dataclass(slots=True)
class Autoscalers:
    """The autoscalers that watches have brought, by name and by the Deployment that they scale."""

    _kept: dict[tuple[str, Key], Object] = field(default_factory=dict)
    _of: dict[Key, set[tuple[str, Key]]] = field(default_factory=lambda: defaultdict(set))

    def put(self, resource: resources.Resource, raw: Object) -> set[Key]:
        """Keep one; return the Deployments that are concerned: none when nothing has changed that is looked at."""
        earlier, concerned = self._kept.get((resource.kind, _key(raw))), self.remove(resource, raw)
        if not _is_kedas_own(raw):
            identity = resource.kind, _key(raw)
            self._kept[identity] = raw
            self._of[raw["metadata"]["namespace"], scales(raw)].add(identity)
            concerned.add((raw["metadata"]["namespace"], scales(raw)))
        same = earlier is not None and _looked_at(resource, earlier) == _looked_at(resource, raw)
        return set() if same else concerned

    def remove(self, resource: resources.Resource, raw: Object) -> set[Key]:
        """Forget one; return the Deployment that it scaled."""
        identity = resource.kind, _key(raw)
        earlier = self._kept.pop(identity, None)
        if earlier is None:
            return set()
        workload = (earlier["metadata"]["namespace"], scales(earlier))
        self._of[workload].discard(identity)
        if not self._of[workload]:
            del self._of[workload]
        return {workload}

    def of(self, workload: Key, *, recorded: Iterable[tuple[str, str]] = ()) -> list[Found]:
        """Return the autoscalers of a Deployment, and those that are on record for it by kind and name."""
        identities = set(self._of.get(workload, ()))
        identities |= {(kind, (workload[0], name)) for kind, name in recorded}
        return [
            (KINDS[kind], self._kept[kind, key])
            for kind, key in sorted(identities)
            if (kind, key) in self._kept
        ]

    def all(self, resource: resources.Resource) -> list[Object]:
        """Return all of a kind."""
        return [raw for (kind, _), raw in self._kept.items() if kind == resource.kind]


async def fresh(cluster: client.Cluster, found: Sequence[Found]) -> list[Found]:
    """Return the same autoscalers read afresh, without those that are gone.

    One that cannot be read is taken as the watch has brought it: a kill does not wait for it, and a write to it says
    what it takes it for (rule F3).
    """
    if not found:
        return []
    return [each for each in await asyncio.gather(*(_fresh(cluster, *each) for each in found)) if each]


async def recorded(
    cluster: client.Cluster,
    namespace: str,
    workload: str,
    found: Sequence[Found],
    switches: Sequence[facts.Switch],
) -> list[Found]:
    """Return what is on record for a workload that comes back, where no watch has brought it (rule K3).

    A process that has just started may not know of an autoscaler that another has held: it must not be let go of
    before it is given back. A kill waits for none of this. Raises `errors.ClusterError`.
    """
    held = [switch for switch in switches if switch.entry(workload) is not None]
    if any(switch.engaged for switch in held):
        return []
    known = autoscalers.known(entry for switch in held if (entry := switch.entry(workload)) is not None)
    resource = None if known is None else KINDS.get(known.kind)
    if known is None or resource is None:
        return []
    if any(each is resource and _key(raw) == (namespace, known.name) for each, raw in found):
        return []
    try:
        return [(resource, await _get(cluster, resource, namespace, known.name))]
    except errors.NotFound:
        return []


async def _get(cluster: client.Cluster, resource: resources.Resource, namespace: str, name: str) -> Object:
    if resource is resources.SCALED_OBJECTS:
        return await cluster.get(resources.SCALED_OBJECTS, namespace, name)
    return await cluster.get(resources.HPAS, namespace, name)


async def _fresh(cluster: client.Cluster, resource: resources.Resource, raw: Object) -> Found | None:
    namespace, name = _key(raw)
    try:
        async with asyncio.timeout(PATIENCE):
            return resource, await _get(cluster, resource, namespace, name)
    except errors.NotFound:
        return None
    except (errors.ClusterError, TimeoutError):
        return resource, raw


def of(workload: str, found: Sequence[Found], switches: Sequence[facts.Switch]) -> world.Autoscaler | None:
    """Return the autoscaler that counts: the one on record, else the workload's own; of several always the same.

    One that is on record may have been held, and counts until it is given back, also when it scales something else by
    now.
    """
    known = autoscalers.known(entry for switch in switches if (entry := switch.entry(workload)) is not None)
    usable = [each for each in found if not _is_kedas_own(each[1])]
    usable.sort(key=lambda each: (list(KINDS).index(each[0].kind), _key(each[1])))
    candidates = [
        dataclasses.replace(read(resource, raw), elsewhere=scales(raw) != workload)
        for resource, raw in usable
    ]
    recorded = [each for each in candidates if known and (each.kind, each.name) == (known.kind, known.name)]
    held = [each for each in recorded if not each.elsewhere or autoscalers.give_back(each, known)]
    own = [each for each in candidates if not each.elsewhere]
    return next(iter([*held, *own]), None)


def read(resource: resources.Resource, raw: Object) -> world.Autoscaler:
    """Read an autoscaler."""
    return _scaled_object(raw) if resource is resources.SCALED_OBJECTS else _hpa(raw)


def _hpa(raw: Object) -> world.Autoscaler:
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    behavior = spec.get("behavior")
    policy = ((behavior or {}).get("scaleUp") or {}).get("selectPolicy") or autoscalers.MAX
    conditions = (raw.get("status") or {}).get("conditions") or []
    return world.Autoscaler(
        kind=resources.HPAS.kind,
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        min_replicas=_integer(spec.get("minReplicas"), default=1),
        max_replicas=_integer(spec.get("maxReplicas"), default=1),
        scale_up=None if behavior is None else str(policy),
        scaled_to_zero=any(c.get("type") == SCALED_TO_ZERO and c.get("status") == "True" for c in conditions),
        others_behavior=bool(written.writers(metadata, "f:spec", "f:behavior") - {client.FIELD_MANAGER}),
    )


def _scaled_object(raw: Object) -> world.Autoscaler:
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    return world.Autoscaler(
        kind=resources.SCALED_OBJECTS.kind,
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        min_replicas=_integer(spec.get("minReplicaCount"), default=KEDA_LEAST),
        max_replicas=_integer(spec.get("maxReplicaCount"), default=KEDA_MOST),
        paused_replicas=_number((metadata.get("annotations") or {}).get(names.ANNOTATION_PAUSED_REPLICAS)),
    )


def _integer(value: object, *, default: int) -> int:
    """Read a number; one that is none must not keep the workload from being killed (rule B2)."""
    return value if isinstance(value, int) and value >= 0 else default


def _number(text: str | None) -> int | None:
    """Read the annotation; KEDA stumbles over one that is no number, so nobody's wish is in it."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def scales(raw: Object) -> str:
    """Return the Deployment that an autoscaler scales; empty when it scales something else."""
    target = (raw.get("spec") or {}).get("scaleTargetRef") or {}
    # KEDA takes a target without a kind for a Deployment; of a HorizontalPodAutoscaler the API server demands it.
    return str(target.get("name") or "") if target.get("kind", "Deployment") == "Deployment" else ""


def _is_kedas_own(raw: Object) -> bool:
    owners = raw["metadata"].get("ownerReferences") or []
    return any(owner.get("kind") == resources.SCALED_OBJECTS.kind for owner in owners)


def _looked_at(resource: resources.Resource, raw: Object) -> tuple[object, ...]:
    """Return what decisions are made from: the rest of its status changes with each metric, and concerns nobody."""
    scaler = read(resource, raw)
    return scaler.uid, scaler.bounds, scaler.scaled_to_zero, scaler.others_behavior, scales(raw)


def _key(raw: Object) -> Key:
    metadata = raw["metadata"]
    return metadata["namespace"], metadata["name"]
