"""The operator as a process: in which order it starts, and in which order it stops.

It stops acting before it gives back its lease, and it gives back its lease before it closes its connections.
"""

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from lastgood.kube import client, errors, resources
from lastgood.observe.prometheus import Prometheus
from lastgood.runtime import assembly, watching, web
from lastgood.runtime.lease import Elector, Timing
from lastgood.runtime.settings import Settings

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
    operator = assembly.assemble(
        settings, cluster=cluster, prometheus=prometheus, actor=elector, identity=identity, clock=_now
    )
    watcher = operator.watcher
    await _first_reading(watcher)
    health = web.Health()
    stop, watching_now = asyncio.Event(), asyncio.Event()
    async with web.serving(settings.metrics_address, metrics=operator.metrics, health=health):
        watch = asyncio.create_task(
            watcher.watch(watching.login(cluster), stop=stop, ready=watching_now), name="watch"
        )
        election = asyncio.create_task(elector.run(), name="election")
        work = [
            asyncio.create_task(operator.loop.run(), name="loop"),
            asyncio.create_task(_sweep(watcher, watching_now), name="sweep"),
            asyncio.create_task(watcher.optional.watch(cluster), name="optional kinds"),
            asyncio.create_task(operator.contents.run(settings.config_interval), name="contents"),
            asyncio.create_task(operator.clusterwide.run(cluster), name="cluster switches"),
            asyncio.create_task(_lead(elector, operator), name="lead"),
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


async def _lead(elector: Elector, operator: assembly.Operator) -> None:
    """Look at everything as soon as the lease is ours: a standby has seen it all and done nothing."""
    while True:
        operator.metrics.leads(False)
        await elector.wait_leading()
        operator.metrics.leads(True)
        operator.due_all()
        telling = asyncio.create_task(operator.watcher.tell_unbuilt())
        await elector.wait_lost()
        telling.cancel()


async def _sweep(watcher: watching.Watcher, watching_now: asyncio.Event) -> None:
    await watching_now.wait()
    await watcher.sweep(SWEEP_EVERY)


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


def _now() -> datetime:
    return datetime.now(UTC)
