"""Processes of the operator, each forked from one that has imported it already.

An import takes two seconds of a core, and a test run starts more than a hundred operators. Apart from that each is a
process of its own, with its own session: it is stopped and killed by signals. What is run by its command, as people
do, the end-to-end tests and those of the chart run.
"""

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing import context, forkserver
from pathlib import Path
from unittest import mock

from lastgood.cli import main
from lastgood.runtime import app
from tests.cluster.operator import crashing

ROOT = Path(__file__).resolve().parents[3]
PRELOADED = (__name__, app.__name__)
ENDS_WITHIN = 15
"""Seconds that an operator has for ending in order."""


class Process:
    """One operator, from its start to its end."""

    def __init__(self, arguments: Sequence[str], *, crash: tuple[str, int] | None) -> None:
        self._log = tempfile.NamedTemporaryFile(prefix="operator-", suffix=".log")  # noqa: SIM115  (closed by end)
        self._process = _forking().Process(target=_run, args=(list(arguments), self._log.name, crash))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def died(self) -> bool:
        """Whether it was killed."""
        return self._process.exitcode == -signal.SIGKILL

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it as a machine that loses power does."""
        self._process.kill()
        self._process.join()

    def end(self) -> None:
        """End it in order, and show its log, which is seen when the test fails."""
        self._process.terminate()
        self._process.join(ENDS_WITHIN)
        if self._process.exitcode is None:
            self.kill()
        with contextlib.closing(self._log):
            sys.stderr.write(Path(self._log.name).read_text(errors="replace"))


def _run(arguments: list[str], log: str, crash: tuple[str, int] | None) -> None:
    os.setsid()
    written = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(written, stream.fileno())
    if crash is not None:
        crashing.crash_at(*crash)
    main(arguments, prog_name="lastgood")


@functools.cache
def _forking() -> context.ForkServerContext:
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(list(PRELOADED))
    with mock.patch.dict(os.environ, PYTHONPATH=f"{ROOT / 'operator'}{os.pathsep}{ROOT}"):
        forkserver.ensure_running()
    return found
