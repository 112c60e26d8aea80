"""The operator's own small web server: /metrics for Prometheus, /healthz and /readyz for the kubelet.

Liveness says that the event loop turns and nothing more: a Prometheus or an API server that is away must not have the
operator killed, because it is then that it is needed. Readiness says that the watches have begun.
"""

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from lastgood.report.metrics import Metrics
from lastgood.runtime.settings import Address

log = logging.getLogger(__name__)

STALLED_AFTER: Final = 30.0
"""Seconds without a beat after which the process counts as stuck."""


class AddressError(Exception):
    """The address cannot be listened on; the message says why and what to do."""


class Health:
    """What the probes are told; whoever runs the operator calls `beat` and sets `ready`."""

    def __init__(
        self, *, stalled_after: float = STALLED_AFTER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ready = False
        """Whether the operator has seen the cluster and watches it."""
        self._stalled_after = stalled_after
        self._clock = clock
        self._beat = clock()

    def beat(self) -> None:
        """Say that the event loop turns."""
        self._beat = self._clock()

    @property
    def stalled_for(self) -> float | None:
        """Seconds since the last beat, if that is too long ago."""
        since = self._clock() - self._beat
        return since if since > self._stalled_after else None


@contextlib.asynccontextmanager
async def serving(address: str, *, metrics: Metrics, health: Health) -> AsyncIterator[tuple[str, int]]:
    """Serve while the context lasts; gives the host and port that are listened on. Raises `AddressError`."""
    wanted = Address.parse(address)
    runner = web.AppRunner(_application(metrics, health), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, wanted.host, wanted.port)
        try:
            await site.start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise AddressError(
                f"cannot serve metrics on {address}: {reason}; choose another --metrics-address (port 0: any free one)"
            ) from error
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        log.info("metrics at http://%s:%d/metrics, probes at /healthz and /readyz", shown, port)
        yield host, port
    finally:
        await runner.cleanup()


def _application(metrics: Metrics, health: Health) -> web.Application:
    async def show_metrics(request: web.Request) -> web.Response:
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def live(_request: web.Request) -> web.Response:
        stalled = health.stalled_for
        if stalled is None:
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"the event loop has not turned for {stalled:.0f} s\n")

    async def ready(_request: web.Request) -> web.Response:
        if health.ready and health.stalled_for is None:
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the cluster is still being read\n")

    application = web.Application()
    application.router.add_get("/metrics", show_metrics)
    application.router.add_get("/healthz", live)
    application.router.add_get("/readyz", ready)
    return application
