"""The operator as a process: what is built from what, in which order it starts, and in which order it stops.

It stops acting before it gives back its lease, and it gives back its lease before it closes its connections.
"""

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from lastgood.decide import view
from lastgood.kube import client, errors, resources
from lastgood.kube.shared import SharedLists
from lastgood.observe.contents import Contents
from lastgood.observe.prometheus import Prometheus
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.report.counted import CountedCluster
from lastgood.report.metrics import Metrics
from lastgood.report.outages import Outages
from lastgood.report.reporter import Reporter
from lastgood.report.unbuilt import UnbuiltKinds
from lastgood.runtime import watching, web
from lastgood.runtime.clusterwide import ClusterSwitches
from lastgood.runtime.driving import Driver
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.holding import Holder
from lastgood.runtime.lease import Elector, Timing
from lastgood.runtime.loop import Loop
from lastgood.runtime.settings import Settings
from lastgood.runtime.sights import Sights

log = logging.getLogger(__name__)

SWEEP_EVERY: Final = 300.0
"""Seconds between two comparisons of the watches with the API server."""
PATIENCE: Final = 60.0
"""Seconds to wait at the start for an API server that does not answer."""


class StartError(Exception):
    """The operator cannot start; the message is one sentence that says what is missing and what to do."""


async def serve(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT. Raises `StartError`."""
    try:
        cluster = await client.connect(kubeconfig=settings.kubeconfig, context=settings.context)
    except errors.ClusterError as error:
        raise StartError(str(error)) from error
    async with contextlib.aclosing(cluster), _prometheus() as prometheus:
        await _check(cluster, settings)
        await _serve(settings, cluster, prometheus)


@contextlib.asynccontextmanager
async def _prometheus() -> AsyncIterator[Prometheus]:
    prometheus = Prometheus()
    try:
        yield prometheus
    finally:
        await prometheus.close()


async def _check(cluster: client.ApiServer, settings: Settings) -> None:
    """Wait for the API server, and see that our kinds are there and may be read."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            for namespace in settings.namespaces or (None,):
                await cluster.list(resources.MODEL_DEPLOYMENTS, namespace)
        except errors.NotFound as error:
            raise StartError(
                "the API server does not know ModelDeployments: install the CRDs with kubectl apply -f crds/"
            ) from error
        except errors.Forbidden as error:
            raise StartError(
                f"{error}; give the operator's account the rights in docs/operations.md"
            ) from error
        except errors.ClusterError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise StartError(str(error)) from error
            log.warning("waiting for the API server: %s", error)
            await asyncio.sleep(1)
        else:
            return


async def _serve(settings: Settings, cluster: client.ApiServer, prometheus: Prometheus) -> None:
    store, metrics = Store(), Metrics()
    identity = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    elector = Elector(
        cluster=cluster,
        namespace=settings.lease_namespace,
        name=settings.lease_name,
        identity=identity,
        timing=Timing(
            lease_duration=settings.lease_duration,
            renew_deadline=settings.renew_deadline,
            retry_period=settings.retry_period,
        ),
    )
    counted = SharedLists(CountedCluster(cluster, metrics))
    reporter = Reporter(
        cluster=counted, store=store, metrics=metrics, may_act=elector.may_act, instance=identity
    )
    loop = Loop(
        reporter=reporter,
        store=store,
        driver=Driver(
            cluster=counted,
            store=store,
            actor=elector,
            reports=reporter,
            settings=view.Settings(
                gitops_managers=frozenset(settings.gitops_managers),
                restart_spacing=timedelta(seconds=settings.restart_spacing),
                automatic_kills=settings.automatic_kills,
                automatic_kills_percent=settings.automatic_kills_percent,
            ),
            clock=_now,
            namespaces=settings.namespaces,
        ),
        holder=Holder(cluster=counted, store=store, may_act=elector.may_act, clock=_now),
        evaluation=Evaluation(
            asks=prometheus,
            default_server=_default_server(settings),
            clock=_now,
            spans=prometheus,
            sights=Sights(
                Outages(
                    cluster=counted,
                    metrics=metrics,
                    may_act=elector.may_act,
                    lease=(settings.lease_namespace, settings.lease_name),
                    instance=identity,
                ).tell
            ),
        ),
        actor=elector,
        metrics=metrics,
        clock=_now,
        workers=settings.workers,
    )
    clusterwide = ClusterSwitches(
        cluster=counted,
        store=store,
        reporter=reporter,
        may_act=elector.may_act,
        clock=_now,
        namespaces=settings.namespaces,
        gitops_managers=settings.gitops_managers,
    )
    unbuilt = UnbuiltKinds(cluster=counted, may_act=elector.may_act, clock=_now)
    watcher = watching.Watcher(
        cluster=cluster,
        store=store,
        due=loop.due,
        hold=loop.hold,
        tell=unbuilt.tell,
        switched=loop.tell,
        changed=clusterwide.changed,
        namespaces=settings.namespaces,
    )
    contents = Contents(cluster=cluster, store=store, due=loop.due)
    await _first_reading(watcher)
    health = web.Health()
    stop, watching_now = asyncio.Event(), asyncio.Event()
    async with web.serving(settings.metrics_address, metrics=metrics, health=health):
        watch = asyncio.create_task(
            watcher.watch(watching.login(cluster), stop=stop, ready=watching_now), name="watch"
        )
        election = asyncio.create_task(elector.run(), name="election")
        work = [
            asyncio.create_task(loop.run(), name="loop"),
            asyncio.create_task(watcher.sweep(SWEEP_EVERY), name="sweep"),
            asyncio.create_task(watcher.optional.watch(cluster), name="optional kinds"),
            asyncio.create_task(contents.run(settings.config_interval), name="contents"),
            asyncio.create_task(clusterwide.run(cluster), name="cluster switches"),
            asyncio.create_task(_lead(elector, loop, watcher, clusterwide, metrics), name="lead"),
            asyncio.create_task(_beat(health, watching_now), name="beat"),
        ]
        try:
            # kopf ends its watches on SIGTERM and SIGINT; anything else that ends first is a fault.
            done, _ = await asyncio.wait([watch, election, *work], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _end(work)
            await _end([election])
            stop.set()
            await _end([watch], patience=5)
    log.info("stopped")


async def _first_reading(watcher: watching.Watcher) -> None:
    """Read everything once before anything is decided: half a picture may look like a change."""
    for attempt in range(int(PATIENCE)):
        try:
            await watcher.read_all()
        except errors.Forbidden as error:
            raise StartError(
                f"{error}; give the operator's account the rights in docs/operations.md"
            ) from error
        except errors.ClusterError as error:
            log.warning("waiting for the API server (%d): %s", attempt + 1, error)
            await asyncio.sleep(1)
        else:
            return
    raise StartError("the API server does not list what the operator watches; see the warnings above")


async def _lead(
    elector: Elector, loop: Loop, watcher: watching.Watcher, clusterwide: ClusterSwitches, metrics: Metrics
) -> None:
    """Look at everything as soon as the lease is ours: a standby has seen it all and done nothing."""
    while True:
        metrics.leads(False)
        await elector.wait_leading()
        metrics.leads(True)
        clusterwide.due_all()
        loop.due_all()
        telling = asyncio.create_task(watcher.tell_unbuilt())
        await elector.wait_lost()
        telling.cancel()


async def _beat(health: web.Health, watching_now: asyncio.Event) -> None:
    """Tell the probes that the event loop turns, and that the watches have begun."""
    while True:
        health.beat()
        health.ready = watching_now.is_set()
        await asyncio.sleep(1)


async def _end(tasks: list[asyncio.Task[None]], *, patience: float = 0) -> None:
    if patience:
        await asyncio.wait(tasks, timeout=patience)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _default_server(settings: Settings) -> Server | None:
    if not settings.prometheus_url:
        return None
    return Server(url=settings.prometheus_url, timeout=settings.prometheus_timeout)


def _now() -> datetime:
    return datetime.now(UTC)
