"""The operator as a child process outside the cluster, as a developer runs it; its log goes to a file."""

import asyncio
import os
import pathlib
import re
import signal
import sys
import time

import aiohttp

from demo import cluster, errors

ROOT = pathlib.Path(__file__).resolve().parent.parent
GRACE_SECONDS = 15.0
READY_SECONDS = 60.0


class OperatorProcess:
    """One `python -m lastgood operator`, ended with the demo."""

    def __init__(self, *, kubeconfig: pathlib.Path, prometheus_url: str, log: pathlib.Path) -> None:
        self.log = log
        self.address = ""
        """Where its metrics are, once it is ready."""
        self._kubeconfig = kubeconfig
        self._prometheus_url = prometheus_url
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, reader: cluster.Cluster) -> None:
        """Start it with a Lease to take, and wait until it is ready.

        Raises `errors.SetUpError` with its last words if it ends, or is not ready within `READY_SECONDS`.
        """
        await reader.kubectl("apply", "-f", "demo/lease.yaml")
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'operator'}", "PYTHONUNBUFFERED": "1"}
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "lastgood", "operator"),
                f"--kubeconfig={self._kubeconfig}",
                f"--prometheus-url={self._prometheus_url}",
                "--metrics-address=127.0.0.1:0",
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends things in order
            )
        deadline = time.monotonic() + READY_SECONDS
        while not await self._is_ready():
            if not self.is_alive() or time.monotonic() > deadline:
                tail = "\n".join(self.log.read_text().splitlines()[-12:])
                raise errors.SetUpError(f"the operator did not become ready (log: {self.log}):\n{tail}")
            await asyncio.sleep(0.2)

    async def _is_ready(self) -> bool:
        """Ask the operator's own readiness probe, at the address that its log names."""
        found = re.search(r"metrics at (http://\S+)/metrics", self.log.read_text())
        if found is None:
            return False
        self.address = found[1]
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.address}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process id, for whoever looks around."""
        return self._process.pid if self._process else None

    async def stop(self) -> None:
        """Ask it to end, and kill it after `GRACE_SECONDS`."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), timeout=GRACE_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
