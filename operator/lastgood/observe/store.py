"""What the watches have brought: plain dictionaries, and which models a change concerns.

It may lag behind the API server, and after a gap in a watch it may hold objects that are gone: so it only says that
there may be something to do. What is done is decided on facts read afresh (rule F4), and `sweep` removes ghosts.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lastgood.api import names
from lastgood.decide import facts, world
from lastgood.kube import resources
from lastgood.observe import autoscalers, cluster_switches, concern, pods, traffic, written
from lastgood.observe.index import Indexes, Key, Object
from lastgood.observe.parsed import Parsed

__all__ = ["Key", "Object", "Store"]

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Store:
    """The objects of the watched namespaces that models are made of."""

    models: dict[Key, Object] = field(default_factory=dict)
    checkpoints: dict[Key, Object] = field(default_factory=dict)
    switches: dict[Key, Object] = field(default_factory=dict)
    deployments: dict[Key, Object] = field(default_factory=dict)
    scalers: autoscalers.Autoscalers = field(default_factory=autoscalers.Autoscalers)
    contents: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By namespace and name, hashes of the ConfigMaps that models use; no watch brings them (`contents.py`)."""
    cluster_switches: dict[str, Object] | None = None
    """The ClusterKillSwitches that this operator serves, by name; None until it is known which."""
    _index: Indexes = field(default_factory=Indexes)
    services: dict[Key, Object] = field(default_factory=dict)
    _pods: pods.Pods = field(default_factory=pods.Pods)
    _models_of: dict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    _workload_of: dict[Key, Key] = field(default_factory=dict)
    _fallbacks: traffic.Fallbacks = field(default_factory=traffic.Fallbacks)
    _parsed: Parsed = field(default_factory=Parsed)
    _made: dict[Key, tuple[tuple[object, ...], Any]] = field(default_factory=dict)
    _empty: dict[Key, tuple[str, int]] = field(default_factory=dict)
    """Deployments of which it was read afresh that they are at zero and have no pod: uid, and generation by then."""

    def put(self, resource: resources.Resource, raw: Object) -> set[Key]:
        """Keep an object that was added or changed; return the models that it concerns."""
        return self._change(resource, raw, gone=False)

    def remove(self, resource: resources.Resource, raw: Object) -> set[Key]:
        """Forget an object that was deleted; return the models that it concerns."""
        return self._change(resource, raw, gone=True)

    def learn(self, resource: resources.Resource, raw: Object) -> None:
        """Keep what the API server has just answered to a write of ours, unless a watch has brought it, or newer.

        Whom it concerns knows it already; without this the watch would tell each of hundreds of models of every write
        of their switch.
        """
        known = self._kept(resource).get(_key(raw))
        metadata = raw["metadata"]
        if known is not None and known["metadata"]["uid"] == metadata["uid"]:
            counts = (int(each.get("generation") or 0) for each in (known["metadata"], metadata))
            if next(counts) < next(counts):
                self._change(resource, raw, gone=False)

    def _change(self, resource: resources.Resource, raw: Object, *, gone: bool) -> set[Key]:
        if resource is resources.PODS or resource is resources.REPLICA_SETS:
            of = self._pods.change_pod if resource is resources.PODS else self._pods.change_set
            deployment = of(raw, gone=gone)
            return set() if deployment is None else self.models_on(deployment)
        if resource.kind in autoscalers.KINDS:
            change = self.scalers.remove if gone else self.scalers.put
            return set[Key]().union(*(self._models_of.get(each, ()) for each in change(resource, raw)))
        kept, key = self._kept(resource), _key(raw)
        earlier = kept.pop(key, None)
        if gone:
            self._parsed.forget(raw)
        else:
            kept[key] = traffic.kept(raw) if resource is resources.SERVICES else raw
        self._index.change(resource, key, None if gone else raw)
        if resource is resources.MODEL_DEPLOYMENTS:
            return self._change_model(key, None if gone else raw)
        if resource is resources.DEPLOYMENTS:
            if gone:
                self._empty.pop(key, None)
            return self.models_on(key) | self._fallbacks.on(key)
        entered = None
        if resource is resources.KILL_SWITCHES and earlier is not None and not gone:
            entered = concern.entries_changed(earlier, raw)
        if entered is not None:  # that one of hundreds of models was entered concerns no other
            return set().union(*(self.models_on((key[0], workload)) for workload in entered))
        known = [raw] if earlier is None else [raw, earlier]
        return set().union(*(self._concerned(resource, each) for each in known))

    def _kept(self, resource: resources.Resource) -> dict[Key, Object]:
        return {
            resources.MODEL_DEPLOYMENTS: self.models,
            resources.MODEL_CHECKPOINTS: self.checkpoints,
            resources.KILL_SWITCHES: self.switches,
            resources.DEPLOYMENTS: self.deployments,
            resources.SERVICES: self.services,
        }[resource]

    def _concerned(self, resource: resources.Resource, raw: Object) -> set[Key]:
        namespace = raw["metadata"]["namespace"]
        if resource is resources.SERVICES:
            return self._fallbacks.served_by(_key(raw)) | self._taken_from(_key(raw))
        if resource is resources.MODEL_CHECKPOINTS:
            labels = raw["metadata"].get("labels") or {}
            return {(namespace, labels.get(names.LABEL_MODEL, ""))} & self.models.keys()
        return self._selected_by(namespace, raw.get("spec") or {})

    def _taken_from(self, service: Key) -> set[Key]:
        """Return the models whose traffic a switch has taken from a Service, whatever their specs say since."""
        entries = (
            (where, entry)
            for (where, _), switch in self.switches.items()
            if where == service[0]
            for entry in (switch.get("spec") or {}).get("restore") or []
        )
        taken = (
            self._models_of.get((where, entry.get("workload", "")), set())
            for where, entry in entries
            if (entry.get("traffic") or {}).get("service") == service[1]
        )
        return set[Key]().union(*taken)

    def _selected_by(self, namespace: str, switch: Object) -> set[Key]:
        """Return the models that a switch may be about; more than that are looked at for nothing."""
        held = {(namespace, name) for name in concern.held_by({"spec": switch})}
        models = concern.named_by(switch)
        if models is None:
            named = self._index.models_in.keys_of(namespace)
        else:
            named = {(namespace, name) for name in models} & self.models.keys()
        return named.union(*(self._models_of.get(workload, set()) for workload in held))

    def _change_model(self, key: Key, raw: Object | None) -> set[Key]:
        self._fallbacks.change(key, raw)
        self._made.pop(key, None)
        earlier = self._workload_of.pop(key, None)
        if earlier is not None:
            self._models_of[earlier].discard(key)
        if raw is not None:
            spec = raw.get("spec") or {}
            workload = (key[0], (spec.get("workloadRef") or {}).get("name") or key[1])
            self._workload_of[key] = workload
            self._models_of[workload].add(key)
        others = self._models_of.get(earlier, set()) if earlier is not None else set()
        return {key} | set(others)

    def parsed(self, raw: Object, read: Callable[[Object], T]) -> T:
        """Return what `read` makes of an object; it is asked once for each resourceVersion."""
        return self._parsed.of(raw, read)

    def parsed_switch(self, raw: Object) -> facts.Switch | None:
        """Return what a KillSwitch says, as far as it can be read."""
        return self._parsed.switch(raw)

    def once(self, model: Key, made_of: tuple[object, ...], make: Callable[[], T]) -> T:
        """Return what `make` makes for a model, and made before if it was made of the same.

        `made_of` says of all that `make` looks at which version of it there is: an object is never changed without
        another resourceVersion.
        """
        known = self._made.get(model)
        if known is None or known[0] != made_of:
            known = self._made[model] = (made_of, make())
        value: T = known[1]
        return value

    def pods_of(self, deployment: Key, *, uid: str | None = None) -> tuple[world.Pod, ...]:
        """Return the pods that belong to a Deployment by their owner references, or to one of that name before it.

        `uid` is that of the Deployment, where it has been read since a watch brought it.
        """
        there = self.deployments.get(deployment)
        known = "" if there is None else str(there["metadata"]["uid"])
        return self._pods.of(deployment, known if uid is None else uid)

    def read_empty(self, deployment: Object) -> None:
        """Note that no pod was left when a Deployment was at zero, and both were read afresh."""
        self._empty[_key(deployment)] = _written_as(deployment)

    def is_read_empty(self, deployment: Key) -> bool:
        """Return whether it was read afresh that a Deployment at zero has no pod, and it was not written since."""
        there = self.deployments.get(deployment)
        return there is not None and self._empty.get(deployment) == _written_as(there)

    def unowned(self, resource: resources.Resource, raw: Object) -> set[Key]:
        """Return the Deployments that an engaged or released switch holds or names, and that no model speaks for."""
        namespace, name = _key(raw)
        found: set[Key]
        if resource is resources.KILL_SWITCHES:
            found = {(namespace, each) for each in concern.held_by(raw)}
        elif resource is resources.PODS:
            key = self._pods.deployment_over(raw)
            found = {key} if key is not None and self._index.switches_on.keys_of(key) else set()
        elif resource is resources.DEPLOYMENTS:
            found = {(namespace, name)} if self._index.switches_on.keys_of((namespace, name)) else set()
        elif resource is resources.MODEL_DEPLOYMENTS:
            held = (concern.held_by(switch) for switch in self.switches_in(namespace))
            found = {(namespace, each) for each in set().union(*held)}
        elif resource.kind in autoscalers.KINDS:
            scaled = (namespace, autoscalers.scales(raw))
            found = {scaled} if self._index.switches_on.keys_of(scaled) else set()
        else:
            return set()
        return {each for each in found if not self._models_of.get(each)}

    def models_in(self, namespace: str) -> list[Object]:
        """Return the ModelDeployments of a namespace."""
        return self._index.models_in.of(namespace)

    def switches_in(self, namespace: str) -> list[Object]:
        """Return the KillSwitches of a namespace."""
        return self._index.switches_in.of(namespace)

    def switches_on(self, workload: Key) -> set[Key]:
        """Return the KillSwitches that hold or name a Deployment."""
        return self._index.switches_on.keys_of(workload)

    def children_of(self, cluster_switch: str) -> list[Object]:
        """Return the KillSwitches of a ClusterKillSwitch, in the order of their namespaces."""
        found = self._index.children_of.of(cluster_switch)
        return sorted(found, key=lambda raw: str(raw["metadata"]["namespace"]))

    def kept_engaged_by(self, switch: Object) -> str | None:
        """Return the ClusterKillSwitch that engages a KillSwitch again if that is released; empty for none.

        None while that is not known.
        """
        if self.cluster_switches is None and cluster_switches.parent(switch):
            return None
        return cluster_switches.keeping(switch, self.parsed_switch(switch), self.cluster_switches or {})

    def checkpoints_of(self, model: Key) -> list[Object]:
        """Return the ModelCheckpoints of a model."""
        return self._index.checkpoints_of.of(model)

    def autoscalers_of(self, workload: Key) -> list[autoscalers.Found]:
        """Return the autoscalers of a Deployment, and those that a switch has on record for it."""
        recorded = {
            (str(scaler.get("kind")), str(scaler.get("name")))
            for key in self._index.switches_on.keys_of(workload)
            if (scaler := self._index.entries[key].get(workload[1], {}).get("autoscaler"))
        }
        return self.scalers.of(workload, recorded=recorded)

    def workload_of(self, model: Key) -> str:
        """Return the Deployment that a model names."""
        return self._workload_of[model][1]

    def has_run(self, model: Key) -> bool:
        """Return whether it is on record that a model ran on the Deployment that it names, there or not."""
        read = (self.parsed(raw, written.checkpoint) for raw in self.checkpoints_of(model))
        known = tuple(each for each in read if each is not None)
        return facts.Facts(known, workload=self.workload_of(model)).current is not None

    def models_on(self, workload: Key) -> set[Key]:
        """Return the models that name a Deployment."""
        return set(self._models_of.get(workload, ()))

    def falling_back_by(self, service: Key) -> set[Key]:
        """Return the models that fall back by a Service."""
        return self._fallbacks.served_by(service)

    def sweep(
        self,
        resource: resources.Resource,
        present: Iterable[Object],
        *,
        changed_since: Collection[str] = (),
    ) -> set[Key]:
        """Forget what is not among the objects present, and keep those; return the models that change concerns.

        `changed_since` are uids of which a watch has told since the objects were asked for: it knows better. One that
        cannot be read is passed over, so that it does not hide the others (rule B2).
        """
        listed = [raw for raw in present if raw["metadata"]["uid"] not in changed_since]
        uids = {raw["metadata"]["uid"] for raw in listed} | set(changed_since)
        concerned: set[Key] = set()
        for ghost in self._ghosts(resource, uids):
            concerned |= self.remove(resource, ghost)
        for raw in listed:
            try:
                concerned |= self.put(resource, raw)
            except (AttributeError, KeyError, TypeError, ValueError):
                log.exception("%s %s/%s cannot be read; it is passed over", resource.kind, *_key(raw))
        return concerned

    def _ghosts(self, resource: resources.Resource, uids: set[str]) -> list[Object]:
        if resource is resources.PODS:
            return self._pods.pods_but(uids)
        if resource is resources.REPLICA_SETS:
            return self._pods.sets_but(uids)
        if resource.kind in autoscalers.KINDS:
            return [raw for raw in self.scalers.all(resource) if raw["metadata"]["uid"] not in uids]
        return [raw for raw in self._kept(resource).values() if raw["metadata"]["uid"] not in uids]


def _key(raw: Object) -> Key:
    metadata = raw["metadata"]
    return metadata["namespace"], metadata["name"]


def _written_as(deployment: Object) -> tuple[str, int]:
    """Return what is another whenever somebody writes the spec."""
    metadata = deployment["metadata"]
    return metadata["uid"], int(metadata.get("generation") or 0)
