"""Telling people: the status of a model and of the switches that hold it, events of what changed, and metrics.

Whatever cannot be written is written with the next report; nothing here stops or delays a decision.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Sized
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypedDict

from lastgood.decide import cluster_switch, facts, records
from lastgood.decide.decision import Decision
from lastgood.decide.view import View
from lastgood.kube import client, resources
from lastgood.report import summary, switches, ways_out
from lastgood.report.events import Events
from lastgood.report.metrics import Key, Metrics
from lastgood.report.status import Statuses
from lastgood.report.transitions import transitions

MOST_TOLD: Final = 10_000
"""Switches of which it is remembered that their status is up to date."""

RESTS: Final = timedelta(minutes=1)
"""So long a status rests before it tells another cause of a verdict that stays."""
Object = Mapping[str, Any]
"""An object as the API server gave it."""


class Seen(Protocol):
    """What was observed of a model beside what the decision was made from."""

    @property
    def status(self) -> Object:
        """The model's status as it was observed."""
        ...


class Objects(Protocol):
    """The watched objects, of all models."""

    def models_in(self, namespace: str, /) -> Iterable[Object]:
        """Return the ModelDeployments of a namespace."""
        ...

    def switches_in(self, namespace: str, /) -> Iterable[Object]:
        """Return the KillSwitches of a namespace."""
        ...

    def parsed_switch(self, raw: Object, /) -> facts.Switch | None:
        """Return what a KillSwitch says, as far as it can be read."""
        ...

    def kept_engaged_by(self, switch: Object, /) -> str | None:
        """Return the ClusterKillSwitch that engages a switch again if it is released; None while it is not known."""
        ...

    @property
    def deployments(self) -> Mapping[Key, Object]:
        """The Deployments."""
        ...

    def workload_of(self, model: Key, /) -> str:
        """Return the name of the Deployment that a model names."""
        ...

    @property
    def models(self) -> Mapping[Key, Object]:
        """The ModelDeployments."""
        ...

    def models_on(self, workload: Key, /) -> Iterable[Key]:
        """Return the models that name a Deployment."""
        ...

    def has_run(self, model: Key, /) -> bool:
        """Return whether it is on record that a model ran on the Deployment that it names, there or not."""
        ...

    def is_read_empty(self, deployment: Key, /) -> bool:
        """Return whether it was read afresh that a Deployment at zero has no pod, and it was not written since."""
        ...

    def pods_of(self, deployment: Key, /) -> Sized:
        """Return the pods of a Deployment, and what one of that name before it has left."""
        ...


class _WaysOut(TypedDict):
    release: str
    not_there: str
    held_elsewhere: Mapping[str, str]


class Reporter:
    """Reports on all models of one operator."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        store: Objects,
        metrics: Metrics,
        may_act: Callable[[], bool],
        instance: str,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._may_act = may_act
        self._statuses = Statuses(cluster)
        self._events = Events(cluster, instance=instance)
        self._uids: dict[Key, str] = {}
        self._wrote_at: dict[Key, datetime] = {}
        self._told: dict[str, object] = {}

    async def report(self, seen: Seen, view: View, decision: Decision) -> None:
        """Write what a person would see changed; nothing is written while nothing changes."""
        model = view.model
        key = model.namespace, model.name
        self._metrics.model_seen(key, view, decision)
        self._uids[key] = model.uid
        if not self._may_act():
            return
        before = self._statuses.latest(model.uid, seen.status)
        after = summary.summarize(view, decision, previous=before, rested=self._has_rested(key, view.now))
        wrote = await self._statuses.write(
            resources.MODEL_DEPLOYMENTS,
            namespace=model.namespace,
            name=model.name,
            uid=model.uid,
            seen=seen.status,
            wanted=after,
        )
        if wrote:
            self._wrote_at[key] = view.now
            self._metrics.status_written(resources.MODEL_DEPLOYMENTS.kind)
            notices = transitions(before, after)
            self._metrics.changed(after, notices)
            await self._events.write(
                resources.MODEL_DEPLOYMENTS,
                namespace=model.namespace,
                name=model.name,
                uid=model.uid,
                notices=notices,
                now=view.now,
            )

    def _has_rested(self, key: Key, now: datetime) -> bool:
        """Whether a model's status was left alone for a while, as far as this process knows, or the clock was set."""
        wrote_at = self._wrote_at.get(key)
        return wrote_at is None or not timedelta(0) <= now - wrote_at < RESTS

    async def report_switch(self, namespace: str, switch: facts.Switch, raw: Object, now: datetime) -> bool:
        """Write how far a switch is over all that it selects; nothing is written while nothing changes.

        Returns whether it is told: of a switch that selects nothing no later look at a model would tell again.
        """
        if not self._may_act():
            return True
        metadata, seen = raw["metadata"], raw.get("status") or {}
        selected = self._selected(namespace, switch)
        before = self._statuses.latest(metadata["uid"], seen)
        pods = self._pods(namespace, switch, selected, told_empty=switches.told_empty(before))
        found = switches.targets(switch, models=selected, pods=pods)
        parent = self._store.kept_engaged_by(raw) if switch.cause is facts.Cause.CLUSTER else ""
        if parent is None:  # where it is released is not known yet
            return False
        way_out = self._ways_out(namespace, switch, parent, selected)
        told = switch.engaged, switch.reason, metadata.get("generation"), found, way_out
        if self._told.get(metadata["uid"]) == (told, before):
            return True
        wanted = switches.summarize_switch(
            engaged=switch.engaged,
            reason=switch.reason,
            generation=int(metadata.get("generation") or 0),
            targets=found,
            now=now,
            previous=before,
            **way_out,
        )
        if wanted == before:
            self._note_told(metadata["uid"], (told, before))
            return True
        wrote = await self._statuses.write(
            resources.KILL_SWITCHES,
            namespace=namespace,
            name=switch.name,
            uid=metadata["uid"],
            seen=seen,
            wanted=wanted,
        )
        if wrote:
            self._metrics.status_written(resources.KILL_SWITCHES.kind)
        return not self._statuses.is_failing(metadata["uid"])

    def _note_told(self, uid: str, told: object) -> None:
        """Remember from what a switch's status follows that is there: from the same the same follows at any time."""
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        self._told[uid] = told

    async def report_cluster_switch(
        self,
        switch: cluster_switch.ClusterSwitch,
        raw: Object,
        children: Sequence[Object],
        *,
        missing: Sequence[str],
        held: Sequence[cluster_switch.Child],
        seen_whole: bool,
        now: datetime,
    ) -> None:
        """Write how far a ClusterKillSwitch is in all namespaces; nothing is written while nothing changes."""
        if not self._may_act():
            return
        metadata, seen = raw["metadata"], raw.get("status") or {}
        waiting = [each for each in switches.unseen(children) if switch.engaged and each not in missing]
        wanted = switches.summarize_cluster_switch(
            engaged=switch.engaged,
            reason=switch.selection.reason,
            generation=int(metadata.get("generation") or 0),
            targets=switches.targets_of(children),
            now=now,
            previous=self._statuses.latest(metadata["uid"], seen),
            missing=[*missing, *waiting],
            refused=switches.refused(held, written_by=switch.written_by),
            not_seen="" if seen_whole else ways_out.not_seen(switch.name),
        )
        wrote = await self._statuses.write(
            resources.CLUSTER_KILL_SWITCHES,
            namespace=None,
            name=switch.name,
            uid=metadata["uid"],
            seen=seen,
            wanted=wanted,
        )
        if wrote:
            self._metrics.status_written(resources.CLUSTER_KILL_SWITCHES.kind)

    def _ways_out(
        self, namespace: str, switch: facts.Switch, parent: str, selected: Collection[str]
    ) -> _WaysOut:
        models = {raw["metadata"]["name"] for raw in self._store.models_in(namespace)}
        others = map(self._store.parsed_switch, self._store.switches_in(namespace))
        return {
            "release": ways_out.release(switch, cluster_switch=parent),
            "not_there": ways_out.not_there(switch, models=models, selected=selected),
            "held_elsewhere": ways_out.held_elsewhere(switch, (each for each in others if each is not None)),
        }

    def _selected(self, namespace: str, switch: facts.Switch) -> dict[str, str]:
        found = {}
        for raw in self._store.models_in(namespace):
            name, labels = raw["metadata"]["name"], raw["metadata"].get("labels") or {}
            if switch.selects(name, labels):
                found[name] = self._store.workload_of((namespace, name))
        return found

    def _pods(
        self,
        namespace: str,
        switch: facts.Switch,
        selected: dict[str, str],
        *,
        told_empty: Collection[str],
    ) -> dict[str, int]:
        held = {entry.workload for entry in switch.entries} | set(switch.workloads) | set(selected.values())
        found = {}
        for name in held:
            left = len(self._store.pods_of((namespace, name)))
            there = (namespace, name) in self._store.deployments
            if left or (
                self._is_off(namespace, name, told_empty=name in told_empty)
                if there
                else self._was_there(namespace, name, switch, selected)
            ):
                found[name] = left
        return found

    def _is_off(self, namespace: str, name: str, *, told_empty: bool) -> bool:
        """Whether no pod of a Deployment is left because it is at zero, and no model on it says otherwise.

        A model says so by pods that were read afresh (rule K4). Where none says anything, they are read for the switch,
        of which what it told before stands until then: a process that starts writes nothing (rule F2).
        """
        spec = self._store.deployments[namespace, name].get("spec") or {}
        told = [
            condition.get("status")
            for key in self._store.models_on((namespace, name))
            for condition in (self._store.models[key].get("status") or {}).get("conditions") or ()
            if condition.get("type") == "KillSwitchEngaged"
        ]
        read = told_empty or self._store.is_read_empty((namespace, name))
        return spec.get("replicas") == 0 and (all(each == "True" for each in told) if told else read)

    def _was_there(self, namespace: str, name: str, switch: facts.Switch, selected: dict[str, str]) -> bool:
        """Whether there was a Deployment of a name that is not there: its pods are known, and a typo has none."""
        ran = (self._store.has_run((namespace, model)) for model, named in selected.items() if named == name)
        return switch.entry(name) is not None or any(ran)

    def recorded(self, key: Key, decision: Decision) -> None:
        """Count rollbacks and kills when they have become facts."""
        for record in decision.records:
            if isinstance(record, records.Activate) and record.activation.why.goes_back:
                self._metrics.rollback_decided(key)
            if isinstance(record, records.EngageSwitch):
                self._metrics.kill_engaged(key, record.switch.cause)

    def forget(self, key: Key) -> None:
        """Drop what is told of a model that is gone."""
        self._metrics.model_gone(key)
        self._wrote_at.pop(key, None)
        uid = self._uids.pop(key, None)
        if uid is not None:
            self._statuses.forget(uid)
