"""What an operator is made of: every part, once, and which part knows which.

It starts nothing and reads no clock of its own, so that a simulation runs just what a cluster runs.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from lastgood.decide import view
from lastgood.kube import client, resources
from lastgood.kube.shared import HowMany, SharedReadings
from lastgood.observe.contents import Contents, Reads
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.report.counted import CountedCluster
from lastgood.report.metrics import Metrics
from lastgood.report.outages import Outages
from lastgood.report.reporter import Reporter
from lastgood.report.unbuilt import UnbuiltKinds
from lastgood.runtime import watching
from lastgood.runtime.clusterwide import ClusterSwitches
from lastgood.runtime.driving import Actor, Driver
from lastgood.runtime.evaluation import Asks, Evaluation
from lastgood.runtime.holding import Holder
from lastgood.runtime.loop import Loop
from lastgood.runtime.recalling import Spans
from lastgood.runtime.settings import Settings
from lastgood.runtime.sights import Sights


class Cluster(client.Cluster, Reads, Protocol):
    """An API server, as it is read and written to."""


class Prometheus(Asks, Spans, Protocol):
    """Prometheus servers, as they are asked for what is and for what was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The parts that are started, or told of something, from outside."""

    store: Store
    metrics: Metrics
    reporter: Reporter
    loop: Loop
    watcher: watching.Watcher
    clusterwide: ClusterSwitches
    contents: Contents

    def due_all(self) -> None:
        """Look at everything now: the lease has just become ours."""
        self.clusterwide.due_all()
        self.loop.due_all()


def assemble(
    settings: Settings,
    *,
    cluster: Cluster,
    prometheus: Prometheus,
    actor: Actor,
    identity: str,
    clock: Callable[[], datetime],
    reporting: Callable[..., Reporter] = Reporter,
) -> Operator:
    """Build an operator that is called `identity`, and that writes while `actor` may act."""
    store, metrics, may_act = Store(), Metrics(), actor.may_act
    counted = SharedReadings(CountedCluster(cluster, metrics), how_many=_how_many(store))
    reporter = reporting(cluster=counted, store=store, metrics=metrics, may_act=may_act, instance=identity)
    outages = Outages(
        cluster=counted,
        metrics=metrics,
        may_act=may_act,
        lease=(settings.lease_namespace, settings.lease_name),
        instance=identity,
    )
    loop = Loop(
        reporter=reporter,
        store=store,
        driver=Driver(
            cluster=counted,
            store=store,
            actor=actor,
            reports=reporter,
            settings=_rules(settings),
            clock=clock,
            namespaces=settings.namespaces,
        ),
        holder=Holder(cluster=counted, store=store, may_act=may_act, clock=clock),
        evaluation=Evaluation(
            asks=prometheus,
            default_server=_default_server(settings),
            clock=clock,
            spans=prometheus,
            sights=Sights(outages.tell),
            passed=asyncio.get_running_loop().time,
        ),
        actor=actor,
        metrics=metrics,
        clock=clock,
        workers=settings.workers,
    )
    clusterwide = ClusterSwitches(
        cluster=counted,
        store=store,
        reporter=reporter,
        may_act=may_act,
        clock=clock,
        switched=loop.tell,
        namespaces=settings.namespaces,
        gitops_managers=settings.gitops_managers,
    )
    watcher = watching.Watcher(
        cluster=cluster,
        store=store,
        due=loop.due,
        hold=loop.hold,
        tell=UnbuiltKinds(cluster=counted, may_act=may_act, clock=clock).tell,
        switched=loop.tell,
        changed=clusterwide.changed,
        namespaces=settings.namespaces,
    )
    return Operator(
        store=store,
        metrics=metrics,
        reporter=reporter,
        loop=loop,
        watcher=watcher,
        clusterwide=clusterwide,
        contents=Contents(cluster=cluster, store=store, due=loop.due),
    )


def _rules(settings: Settings) -> view.Settings:
    return view.Settings(
        gitops_managers=frozenset(settings.gitops_managers),
        restart_spacing=timedelta(seconds=settings.restart_spacing),
        automatic_kills=settings.automatic_kills,
        automatic_kills_percent=settings.automatic_kills_percent,
    )


def _default_server(settings: Settings) -> Server | None:
    if not settings.prometheus_url:
        return None
    return Server(url=settings.prometheus_url, timeout=settings.prometheus_timeout)


def _how_many(store: Store) -> HowMany:
    kept = {resources.MODEL_DEPLOYMENTS: store.models, resources.DEPLOYMENTS: store.deployments}
    return lambda resource, namespace: sum(where == namespace for where, _ in kept[resource])
