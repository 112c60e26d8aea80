"""One running container: a process tree under a launcher, with its exit code and its two ways to end it.

Nothing here knows of Kubernetes. The exit is awaited on a pidfd, so that it is seen at once and an idle tree costs
nothing.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from devcluster.processnode import launcher

LAUNCHER = Path(launcher.__file__)
OWNER = "LASTGOOD_PROCESS_NODE"
"""Environment variable by which every process of a node is recognised: the node's state folder."""


class Process:
    """A command that was started. Its standard output and error go where ``output`` points."""

    def __init__(
        self, command: Sequence[str], /, *, env: Mapping[str, str], cwd: Path, output: BinaryIO
    ) -> None:
        """Start it. Raises OSError when ``cwd`` cannot be entered or no process can be created."""
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        loop = asyncio.get_running_loop()
        self.exit: asyncio.Future[int] = loop.create_future()
        """The exit code, 0 to 255; 128 + n when signal n ended it."""
        self._pidfd = os.pidfd_open(self._popen.pid)
        loop.add_reader(self._pidfd, self._ended, loop)

    @property
    def pid(self) -> int:
        """Process id of the launcher, the root of the tree."""
        return self._popen.pid

    def _ended(self, loop: asyncio.AbstractEventLoop, /) -> None:
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        code = self._popen.wait()
        if not self.exit.done():
            self.exit.set_result(128 - code if code < 0 else code)

    def terminate(self) -> None:
        """Ask the command to end, with SIGTERM."""
        self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole tree, with SIGKILL."""
        self._popen.send_signal(launcher.KILL_TREE)

    async def stop(self, *, grace: float) -> int:
        """SIGTERM, then SIGKILL after ``grace`` seconds. Returns the exit code once nothing of the tree is left."""
        self.terminate()
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self.exit), timeout=grace)
        self.kill()
        return await asyncio.shield(self.exit)


def sweep_leftovers(owner: str, /) -> list[int]:
    """Kill each process that an earlier node with the same state folder left behind; return their pids."""
    mark = f"{OWNER}={owner}".encode()
    killed = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                killed.append(int(entry.name))
    return killed
