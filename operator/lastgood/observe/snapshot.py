"""One model as it is now: from the watches' store, or with its facts read afresh from the API server (rule F4)."""

import asyncio
import dataclasses
import functools
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lastgood.api import names
from lastgood.decide import facts, world
from lastgood.decide.view import Model, Trouble
from lastgood.kube import client, errors, resources
from lastgood.observe import autoscalers, fresh_pods, kept, troubles, workloads, written
from lastgood.observe import traffic as routes
from lastgood.observe.store import Key, Object, Store


@dataclass(frozen=True)
class Snapshot:
    """What is observed of one model, before anything is judged."""

    model: Model
    facts: facts.Facts
    workload: world.Workload | None
    autoscaler: world.Autoscaler | None
    traffic: world.Traffic
    trouble: Trouble | None
    contents: Mapping[str, str]
    """What the ConfigMaps of the namespace hold that models use, as far as they were looked at."""
    status: Mapping[str, Any]
    orphans: tuple[world.Pod, ...] = ()
    """Where there is no Deployment: the pods that one of that name has left."""
    versions_watched: bool = False
    """Whether its checkpoints are only as a watch has brought them: enough for a kill, which rests on none."""

    @functools.cached_property
    def probation_since(self) -> datetime | None:
        """When the model's probation began, if it is in one."""
        entries = (switch.entry(self.model.workload_name) for switch in self.facts.switches)
        probations = (entry.probation for entry in entries if entry is not None)
        begun = (each.since for each in probations if each is not None and each.since is not None)
        return max(begun, default=None)


def cached(store: Store, key: Key) -> Snapshot | None:
    """Return a model as the store has it; None when it is gone. Raises `written.Unreadable`."""
    raw = store.models.get(key)
    if raw is None:
        return None
    namespace, workload = key[0], (key[0], workload_name(raw))
    deployment, checkpoints = store.deployments.get(workload), store.checkpoints_of(key)
    switches, scalers = store.switches_in(namespace), store.autoscalers_of(workload)
    service, fallback = routes.named(raw, workload[1], _readable(store, switches))
    served_by = store.services.get((namespace, service)), store.deployments.get((namespace, fallback))

    def make() -> Snapshot:
        traffic = routes.seen(*served_by)
        return _snapshot(
            store,
            raw,
            deployment=deployment,
            checkpoints=checkpoints,
            switches=switches,
            traffic=traffic,
            scalers=scalers,
        )

    made_of = kept.made_of(
        store,
        key,
        objects=[raw, *checkpoints, *switches, *(each for _, each in scalers)],
        workloads=[workload, (namespace, fallback)],
        services=[(namespace, service)],
    )
    return store.once(key, made_of, make)


async def fresh(
    store: Store, cluster: client.Cluster, key: Key, *, pods: bool = False, versions: bool = True
) -> Snapshot | None:
    """Return a model with its resource, workload, checkpoints and switches read from the API server.

    With `pods`, its pods are read too: that none is left is said only of what was just read (rule K4). Without
    `versions`, its checkpoints are taken as the store has them, for a kill (`Snapshot.versions_watched`). Raises
    `errors.ClusterError`, and `written.Unreadable`.
    """
    namespace, name = key
    known = store.models.get(key)
    if known is None:
        return None
    # Only the model itself may be missing: a list that is not found is an API server that is still starting.
    raw, deployment, checkpoints, switches, scalers = await asyncio.gather(
        _found(cluster.get(resources.MODEL_DEPLOYMENTS, namespace, name)),
        _found(cluster.get(resources.DEPLOYMENTS, namespace, workload_name(known))),
        _checkpoints(cluster, namespace, name) if versions else _nothing(),
        cluster.list(resources.KILL_SWITCHES, namespace),
        autoscalers.fresh(cluster, store.autoscalers_of((namespace, workload_name(known)))),
    )
    if raw is None:
        return None
    if workload_name(raw) != workload_name(known):
        deployment = await _found(cluster.get(resources.DEPLOYMENTS, namespace, workload_name(raw)))
    readable = _readable(store, switches)
    service, fallback = routes.named(raw, workload_name(raw), readable)
    more = await autoscalers.recorded(cluster, namespace, workload_name(raw), scalers, readable)
    read = _snapshot(
        store,
        raw,
        deployment=deployment,
        checkpoints=store.checkpoints_of(key) if checkpoints is None else checkpoints,
        switches=switches,
        traffic=await routes.fresh(cluster, namespace, service=service, fallback=fallback),
        scalers=[*scalers, *more],
        versions_watched=checkpoints is None,
    )
    return await _with_fresh_pods(cluster, read, deployment) if pods else read


async def _with_fresh_pods(cluster: client.Cluster, read: Snapshot, deployment: Object | None) -> Snapshot:
    namespace, workload, stand_in = read.model.namespace, read.workload, read.traffic.stand_in
    selector = (deployment or {}).get("spec", {}).get("selector") or {}
    key = namespace, read.model.workload_name
    uid = "" if workload is None else workload.uid
    found = await fresh_pods.read(cluster, key, uid=uid, labels=selector.get("matchLabels"))
    if workload is None:
        read = dataclasses.replace(read, orphans=found)
    else:
        read = dataclasses.replace(read, workload=dataclasses.replace(workload, pods=found))
    if stand_in is not None and stand_in.pods:
        key = namespace, stand_in.name
        found = await fresh_pods.read(cluster, key, uid=stand_in.uid, labels=stand_in.selector)
        traffic = dataclasses.replace(read.traffic, stand_in=dataclasses.replace(stand_in, pods=found))
        read = dataclasses.replace(read, traffic=traffic)
    return read


def with_switch(store: Store, seen: Snapshot, raw: Object) -> Snapshot | None:
    """Return a snapshot with one switch as the API server has just returned it; None for any other object."""
    if raw.get("kind") != resources.KILL_SWITCHES.kind:
        return None
    switch = store.parsed_switch(raw)
    if switch is None:
        return None
    others = [each for each in seen.facts.switches if each.name != switch.name]
    switches = tuple(sorted([*others, switch], key=lambda each: each.name))
    return dataclasses.replace(seen, facts=dataclasses.replace(seen.facts, switches=switches))


def scaled(seen: Snapshot, replicas: int) -> Snapshot | None:
    """Return a snapshot with its workload at other replicas; what it was read as is too old to be written over."""
    if seen.workload is None:
        return None
    return dataclasses.replace(seen, workload=dataclasses.replace(seen.workload, replicas=replicas))


async def _checkpoints(cluster: client.Cluster, namespace: str, model: str) -> Sequence[Object]:
    return await cluster.list(resources.MODEL_CHECKPOINTS, namespace, labels={names.LABEL_MODEL: model})


async def _nothing() -> None:
    """Stand where something could be read, and is not asked for."""


def _readable(store: Store, switches: Sequence[Object]) -> list[facts.Switch]:
    return [switch for raw in switches if (switch := store.parsed_switch(raw)) is not None]


async def _found(request: Awaitable[Object]) -> Object | None:
    try:
        return await request
    except errors.NotFound:
        return None


def _snapshot(
    store: Store,
    raw: Object,
    *,
    deployment: Object | None,
    checkpoints: Sequence[Object],
    switches: Sequence[Object],
    scalers: Sequence[autoscalers.Found],
    traffic: world.Traffic,
    versions_watched: bool = False,
) -> Snapshot:
    model = store.parsed(raw, written.model)
    checkpoints = sorted(
        checkpoints, key=_name
    )  # lists come in any order, and of equal times the first counts
    read = [store.parsed(each, written.checkpoint) for each in checkpoints]
    read_switches = [store.parsed_switch(each) for each in switches]
    workload, deployment_key = None, (model.namespace, model.workload_name)
    if deployment is not None:
        bare = store.parsed(deployment, workloads.workload)
        workload = dataclasses.replace(bare, pods=store.pods_of(deployment_key, uid=bare.uid))
    readable = tuple(sorted((s for s in read_switches if s is not None), key=lambda s: s.name))
    known = facts.Facts(tuple(c for c in read if c is not None), readable, model.workload_name)
    trouble = troubles.unread(
        model,
        checkpoints=dict(zip(map(_name, checkpoints), read, strict=True)),
        switches=dict(zip(map(_name, switches), read_switches, strict=True)),
    ) or troubles.with_the_workload(store, model, workload, known)
    return Snapshot(
        model=model,
        facts=known,
        workload=workload,
        autoscaler=autoscalers.of(model.workload_name, scalers, readable),
        traffic=routes.claimed(
            _with_pods(store, model.namespace, traffic),
            workload=model.workload_name,
            older=_older_on_the_service(store, model, traffic),
            switches=readable,
        ),
        trouble=trouble,
        contents=store.contents.get(model.namespace, {}),
        status=raw.get("status") or {},
        orphans=store.pods_of(deployment_key, uid="") if workload is None else (),
        versions_watched=versions_watched,
    )


def _name(raw: Object) -> str:
    return str(raw["metadata"]["name"])


def _older_on_the_service(store: Store, model: Model, traffic: world.Traffic) -> str:
    if traffic.service is None:
        return ""
    own = model.namespace, model.name
    falling_back = store.falling_back_by((model.namespace, traffic.service.name))
    others = falling_back - store.models_on((model.namespace, model.workload_name))
    first = troubles.oldest(store, others | {own})
    return first if first is not None and first != model.name else ""


def _with_pods(store: Store, namespace: str, traffic: world.Traffic) -> world.Traffic:
    """Return the traffic with the fallback's pods, as the watches know them, unless the fallback is a model itself."""
    stand_in = traffic.stand_in
    if stand_in is None or store.models_on((namespace, stand_in.name)):
        return traffic
    pods = store.pods_of((namespace, stand_in.name), uid=stand_in.uid)
    return dataclasses.replace(traffic, stand_in=dataclasses.replace(stand_in, pods=pods))


def workload_name(raw: Object) -> str:
    """Return the Deployment that a ModelDeployment names; its own name when it names none."""
    spec = raw.get("spec") or {}
    return str((spec.get("workloadRef") or {}).get("name") or raw["metadata"]["name"])
