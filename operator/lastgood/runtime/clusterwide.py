"""Driving ClusterKillSwitches: watch, decide, write a KillSwitch per namespace, tell how far it is (semantics.md, K2).

They and namespaces belong to no namespace, so they have a lane and watches of their own: an operator that may read
only some namespaces says that it does not serve them, and does all else. What is written is decided on what was just
read (rule F4). One namespace that refuses its switch delays no other (rule B2).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lastgood.api import names
from lastgood.decide import cluster_switch
from lastgood.kube import client, errors, resources
from lastgood.observe import cluster_switches as observing
from lastgood.observe import written
from lastgood.observe.parsed import Parsed
from lastgood.observe.store import Key, Store
from lastgood.record import cluster_switch as recording
from lastgood.report.reporter import Reporter
from lastgood.runtime import contest
from lastgood.runtime.optional import Streams
from lastgood.runtime.schedule import Schedule

log = logging.getLogger(__name__)

Object = Mapping[str, Any]
WATCHED: Final = (resources.NAMESPACES, resources.CLUSTER_KILL_SWITCHES)
WATCH_FOR: Final = 300
"""Seconds until a watch is begun anew, after a full list: a gap leaves no ghosts for longer."""
PAUSE: Final = 5.0
"""Seconds before a watch that failed is begun anew."""
FORBIDDEN: Final = 60.0
"""Seconds until rights are looked for again."""
WORKERS: Final = 4
AT_ONCE: Final = 16
"""Namespaces that one ClusterKillSwitch writes to at the same time."""
MOST_ROUNDS: Final = 5
PACE: Final = 1.0
"""Seconds from one report of a ClusterKillSwitch to the next."""


class ClusterSwitches:
    """Drives all ClusterKillSwitches; one instance for a process."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        store: Store,
        reporter: Reporter,
        may_act: Callable[[], bool],
        clock: Callable[[], datetime],
        switched: Callable[[Collection[Key]], None] = lambda _: None,
        namespaces: Collection[str] = (),
        gitops_managers: Collection[str] = (),
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._reporter = reporter
        self._may_act = may_act
        self._clock = clock
        self._switched = switched
        self._only = tuple(namespaces)
        self._gitops_managers = frozenset(gitops_managers)
        self._kept: dict[resources.Resource, dict[str, Object]] = {each: {} for each in WATCHED}
        self._parsed = Parsed()
        self._taken: set[tuple[str, str]] = set()
        """Names that were refused because somebody else has them, and that no watch has brought yet."""
        self._failures: dict[str, int] = {}
        self._lane = Schedule(self._drive, workers=WORKERS)
        self._reports = Schedule(self._report, workers=WORKERS)
        self._told: dict[str, float] = {}
        self._refused = ""

    async def run(self, streams: Streams) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in (self._lane, self._reports):
                group.create_task(lane.run())
            for resource in WATCHED:
                group.create_task(self._follow(streams, resource))

    def due_all(self) -> None:
        """Look at every ClusterKillSwitch now."""
        for name in self._kept[resources.CLUSTER_KILL_SWITCHES]:
            self._lane.due(name)

    def changed(self, resource: resources.Resource, raw: Object) -> None:
        """Take note of a change of a KillSwitch or a ModelDeployment that a ClusterKillSwitch may have to do with."""
        if resource is resources.KILL_SWITCHES and (parent := observing.parent(raw)):
            self._lane.due(parent)
        elif resource is resources.MODEL_DEPLOYMENTS and (
            raw["metadata"].get("namespace") in cluster_switch.SYSTEM
        ):
            self.due_all()

    async def _follow(self, streams: Streams, resource: resources.Resource) -> None:
        while True:
            try:
                self._keep(resource, await self._cluster.list(resource, None))
                self.due_all()
                async with contextlib.aclosing(streams.watch(resource, None, seconds=WATCH_FOR)) as events:
                    async for event in events:
                        self._take(resource, event)
            except errors.Forbidden as error:
                self._tell_refused(error)
                self._keep_none(resource)
                await asyncio.sleep(FORBIDDEN)
            except errors.ClusterError as error:
                log.debug("watching %s: %s; it is watched again", resource.plural, error)
                if isinstance(error, errors.NotFound):
                    self._keep_none(resource)
                await asyncio.sleep(PAUSE)

    def _keep_none(self, resource: resources.Resource) -> None:
        """Note that a kind may not be read, or is not installed: what was never seen of it is not served."""
        if not self._kept[resource]:
            self._keep(resource, ())

    def _keep(self, resource: resources.Resource, found: Sequence[Object]) -> None:
        kept = self._kept[resource] = {raw["metadata"]["name"]: raw for raw in found}
        if resource is resources.CLUSTER_KILL_SWITCHES:
            self._store.cluster_switches = kept
            self._switched([key for key, raw in self._store.switches.items() if observing.parent(raw)])

    def _tell_refused(self, error: errors.Forbidden) -> None:
        if not self._refused:
            log.warning(
                "ClusterKillSwitches are not served by this operator: %s; engage a KillSwitch in each namespace, or "
                "give the operator's account the rights in docs/operations.md",
                error,
            )
        self._refused = str(error)

    def _take(self, resource: resources.Resource, event: Mapping[str, Any]) -> None:
        raw, kept = event["object"], self._kept[resource]
        name = raw["metadata"]["name"]
        before = kept.get(name)
        if event["type"] == "DELETED":
            kept.pop(name, None)
            self._parsed.forget(raw)
        else:
            kept[name] = raw
        if resource is not resources.CLUSTER_KILL_SWITCHES:
            self.due_all()
            return
        self._lane.due(name)
        if _says(before) != _says(kept.get(name)):
            self._switched([_key(each) for each in self._store.children_of(name)])

    async def _drive(self, name: str) -> None:
        """Bring one ClusterKillSwitch as far as it can be brought now, and tell of it."""
        if not self._may_act():
            return
        try:
            await self._rounds(name)
            self._failures.pop(name, None)
        except written.Unreadable as error:
            log.warning("ClusterKillSwitch %s does not parse, so nothing is done for it: %s", name, error)
            return
        except errors.ClusterError as error:
            failures = self._failures[name] = self._failures.get(name, 0) + 1
            log.warning("ClusterKillSwitch %s: %s", name, error)
            self._lane.due(name, after=contest.retry_in(failures).total_seconds())
        last = self._told.get(name)
        now = asyncio.get_running_loop().time()
        self._reports.due(name, after=0.0 if last is None else last + PACE - now)

    async def _rounds(self, name: str) -> None:
        raw = self._kept[resources.CLUSTER_KILL_SWITCHES].get(name)
        children: Sequence[Object] = self._store.children_of(name)
        namespaces: Sequence[Object] = list(self._kept[resources.NAMESPACES].values())
        for _ in range(MOST_ROUNDS):
            if raw is None or not self._decided(raw, children, namespaces):
                return
            raw, children, namespaces = await self._fresh(name)
            if raw is None:
                return
            known = {(child.namespace, child.name): child for child in map(self._child, children)}
            await self._write(self._decided(raw, children, namespaces), known)
            children = (await self._fresh(name))[1]
        raise errors.Conflict(f"not at rest after {MOST_ROUNDS} rounds")

    async def _fresh(self, name: str) -> tuple[Object | None, Sequence[Object], Sequence[Object]]:
        cause = {names.LABEL_CAUSE: names.CAUSE_CLUSTER}
        try:
            raw: Object | None = await self._cluster.get(resources.CLUSTER_KILL_SWITCHES, None, name)
        except errors.NotFound:
            raw = None
        namespaces, *lists = await asyncio.gather(
            self._cluster.list(resources.NAMESPACES, None),
            *(
                self._cluster.list(resources.KILL_SWITCHES, each, labels=cause)
                for each in self._only or (None,)
            ),
        )
        children = [each for listed in lists for each in listed if observing.parent(each) == name]
        return raw, children, namespaces

    def _decided(
        self, raw: Object, children: Sequence[Object], namespaces: Sequence[Object]
    ) -> tuple[cluster_switch.Write, ...]:
        switch = self._read(raw)
        own = [self._child(each) for each in children]
        ours = {(child.namespace, child.name) for child in own}
        return cluster_switch.decide(
            switch,
            namespaces=self._looked_after(namespaces),
            children=own,
            taken=(self._store.switches.keys() | self._taken) - ours,
            gitops_managers=self._gitops_managers,
        )

    def _read(self, raw: Object) -> cluster_switch.ClusterSwitch:
        return self._parsed.of(raw, observing.read)

    def _child(self, raw: Object) -> cluster_switch.Child:
        return observing.child(raw, self._store.parsed_switch(raw))

    def _looked_after(self, namespaces: Sequence[Object]) -> list[cluster_switch.Namespace]:
        return [
            observing.namespace(raw, has_models=bool(self._store.models_in(raw["metadata"]["name"])))
            for raw in namespaces
            if not self._only or raw["metadata"]["name"] in self._only
        ]

    async def _write(
        self,
        writes: Sequence[cluster_switch.Write],
        known: Mapping[tuple[str, str], cluster_switch.Child],
    ) -> None:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(write: cluster_switch.Write) -> None:
            key = write.child.namespace, write.child.name
            async with turn:
                if not self._may_act():
                    raise errors.Unavailable("the lease is no longer ours, so nothing is written")
                try:
                    await recording.write(self._cluster, write, before=known.get(key), now=self._clock())
                except errors.AlreadyExists:
                    self._taken.add(key)
                except (errors.Conflict, errors.NotFound) as moved_on:
                    log.debug("%s/%s: %s; observing again", *key, moved_on)
                else:
                    what = "engaged" if isinstance(write, cluster_switch.Engage) else "released"
                    log.info("%s/%s: %s for ClusterKillSwitch %s", *key, what, write.child.parent)

        outcomes = await asyncio.gather(*(one(write) for write in writes), return_exceptions=True)
        failed = [each for each in outcomes if isinstance(each, BaseException)]
        if failed:
            raise failed[0]

    async def _report(self, name: str) -> None:
        raw = self._kept[resources.CLUSTER_KILL_SWITCHES].get(name)
        namespaces = list(self._kept[resources.NAMESPACES].values())
        if raw is None:
            self._told.pop(name, None)
            return
        switch, children = self._read(raw), self._store.children_of(name)
        there = (observing.namespace(each, has_models=False) for each in namespaces)
        share = cluster_switch.share(switch, there, self._only)
        if not namespaces or share is cluster_switch.Share.NONE:
            return
        self._told[name] = asyncio.get_running_loop().time()
        read = [self._child(each) for each in children]
        due = self._decided(raw, children, namespaces)
        missing = {each.child.namespace for each in due if isinstance(each, cluster_switch.Engage)}
        await self._reporter.report_cluster_switch(
            switch,
            raw,
            children,
            missing=sorted(missing),
            held=cluster_switch.still_held(switch, read, self._gitops_managers),
            seen_whole=share is cluster_switch.Share.ALL,
            now=self._clock(),
        )


def _key(raw: Object) -> Key:
    return raw["metadata"]["namespace"], raw["metadata"]["name"]


def _says(raw: Object | None) -> bool | None:
    """Return whether a ClusterKillSwitch is engaged, so that what it has engaged is released there; None for none."""
    return None if raw is None else bool((raw.get("spec") or {}).get("engaged"))
