"""One process of the cluster, tied to the life of the supervisor by the kernel.

Linux only: the parent-death signal and pidfds have no portable equal. The supervisor has no threads, which makes the
hook between fork and exec safe.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from devcluster import kernel


def _tie(*, parent: int, signal_number: int) -> Callable[[], None]:
    return lambda: kernel.die_with_parent(parent=parent, signal_number=signal_number)


class Child:
    """A process that runs until it is stopped; its output goes to a log."""

    def __init__(
        self,
        *,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
        death_signal: int = signal.SIGKILL,
    ) -> None:
        """Start the process. Raises OSError when the program cannot be run. Needs a running event loop."""
        self.log = log
        self.started = asyncio.get_running_loop().time()
        with log.open("ab") as output:
            self.log_start = output.tell()
            """Where this run's lines begin: the log goes on over restarts."""
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
                preexec_fn=_tie(parent=os.getpid(), signal_number=death_signal),  # noqa: PLW1509 - no threads here
            )
        self.pid = self._process.pid
        self._exited = asyncio.Event()
        self._pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._process.wait()
        self._exited.set()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    async def exited(self) -> None:
        """Wait for the end of the process."""
        await self._exited.wait()

    def send(self, signal_number: int, /) -> None:
        """Send a signal; nothing happens if the process has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal_number)

    async def stop(self, *, grace: float) -> None:
        """End the process: SIGTERM, and SIGKILL after ``grace`` seconds (at once for 0)."""
        if grace:
            self.send(signal.SIGTERM)
            self.send(signal.SIGCONT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.exited(), timeout=grace)
                return
        self.send(signal.SIGKILL)
        await self.exited()

    def output(self, *, limit: int = 20_000) -> str:
        """Return the last bytes that this run wrote."""
        with self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self.log_start, end - limit))
            return file.read().decode("utf-8", "replace")
