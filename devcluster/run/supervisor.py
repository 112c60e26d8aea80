"""The life of one cluster: up, then requests, then down, whatever the reason to end.

It ends on a request, on SIGTERM, SIGINT or SIGHUP, when its owner ends (a test run that was killed), and when the
keeper ends. A component that ends by itself is reported, never restarted: a test must see it.
"""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from devcluster import errors
from devcluster.run.fleet import Fleet
from devcluster.run.layout import Layout

MAX_REQUEST = 64 * 1024


class Supervisor:
    """Owns the fleet, the control socket and the decision to end."""

    def __init__(
        self, *, fleet: Fleet, layout: Layout, owner: int | None, emit: Callable[[dict[str, Any]], None]
    ):
        """Prepare; ``owner`` is the process whose end ends the cluster, ``emit`` hears what happens."""
        self._fleet = fleet
        self._layout = layout
        self._owner = owner
        self._emit = emit
        self._owner_fd: int | None = None
        self._ending = asyncio.Event()
        self._busy = asyncio.Lock()
        self._began = time.monotonic()
        self._up_seconds: float | None = None

    async def run(self) -> int:
        """Run until the end; return 0, or 1 if the cluster did not come up."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._ending.set)
        self._watch_owner()
        folder = os.open(self._layout.root, os.O_RDONLY | os.O_DIRECTORY)
        # Paths of sockets are limited to 107 bytes, so the folder goes in by number.
        server = await asyncio.start_unix_server(
            self._serve, path=f"/proc/self/fd/{folder}/{self._layout.control.name}", limit=MAX_REQUEST
        )
        try:
            async with server:
                return await self._live()
        finally:
            os.close(folder)

    async def _live(self) -> int:
        code = 0
        ending = asyncio.create_task(self._ending.wait())
        coming_up = asyncio.create_task(self._come_up())
        await asyncio.wait({ending, coming_up}, return_when=asyncio.FIRST_COMPLETED)
        if coming_up.done() and (sentence := coming_up.result()):
            self._emit({"event": "failed", "message": sentence})
            code = 1
        elif coming_up.done():
            await ending
        coming_up.cancel()
        ending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming_up
        await self._fleet.down()
        if code == 0:
            self._layout.remove()
        return code

    async def _come_up(self) -> str | None:
        """Return None when the cluster is ready, else the sentence that says why not."""
        limit = self._fleet.setting.options.start_timeout
        try:
            async with asyncio.timeout(limit):
                await self._fleet.up()
        except TimeoutError:
            late = ", ".join(sorted(self._fleet.waiting_for)) or "the control plane"
            return (
                f"The cluster was not ready in {limit:.0f} s: {late} still missing; see {self._layout.logs}."
            )
        except (errors.DevclusterError, OSError) as error:
            return str(error)
        except ExceptionGroup as group:
            known, unknown = group.split((errors.DevclusterError, OSError))
            if unknown or known is None:
                raise
            return str(known.exceptions[0])
        self._up_seconds = time.monotonic() - self._began
        self._emit({"event": "up", "seconds": self._up_seconds})
        return None

    def _watch_owner(self) -> None:
        if self._owner is None:
            return
        try:
            self._owner_fd = os.pidfd_open(self._owner)
        except ProcessLookupError:
            self._ending.set()
            return
        asyncio.get_running_loop().add_reader(self._owner_fd, self._owner_ended)

    def _owner_ended(self) -> None:
        self._let_go()
        self._ending.set()

    def _let_go(self) -> None:
        """Live on without the owner."""
        if self._owner_fd is not None:
            asyncio.get_running_loop().remove_reader(self._owner_fd)
            os.close(self._owner_fd)
        self._owner_fd, self._owner = None, None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            line = await reader.readline()
            answer = await self._answer(json.loads(line))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": True, **(await self._obey(request) or {})}
        except TimeoutError:
            return {
                "ok": False,
                "message": f"{request.get('component')} was not ready in time; see {self._layout.logs}.",
            }
        except (errors.DevclusterError, OSError) as error:
            return {"ok": False, "message": str(error)}

    async def _obey(self, request: dict[str, Any]) -> dict[str, Any] | None:
        name = str(request.get("component", ""))
        match request.get("verb"):
            case "status":
                return self._status()
            case "down":
                self._ending.set()
            case "let-go":
                self._let_go()
            case "start":
                async with self._busy, asyncio.timeout(self._fleet.setting.options.start_timeout):
                    await self._fleet.start(name)
            case "stop":
                async with self._busy:
                    await self._fleet.stop(name, kill=bool(request.get("kill")))
            case "pause":
                self._fleet.pause(name)
            case "resume":
                self._fleet.resume(name)
            case verb:
                raise errors.DevclusterError(f"The supervisor knows no verb {verb!r}.")
        return None

    def _status(self) -> dict[str, Any]:
        setting = self._fleet.setting
        return {
            "name": setting.options.name,
            "state_dir": str(self._layout.root),
            "kubeconfig": str(self._layout.kubeconfig),
            "prometheus_url": self._fleet.prometheus_url,
            "supervisor": os.getpid(),
            "keeper": os.getppid(),
            "owner": self._owner,
            "up": self._up_seconds is not None,
            "up_seconds": self._up_seconds,
            "age_seconds": time.monotonic() - self._began,
            "components": self._fleet.describe(),
            "kubectl": str(setting.binaries["kubectl"]),
        }
