"""The root of a cluster's processes: whatever happens to the supervisor, nothing below it survives.

It forks the supervisor and waits. As the reaper of all descendants it adopts every process that loses its parent, also
one that put itself into a session of its own; so when the supervisor has ended, what is left below the keeper is
exactly what must end. If the keeper itself is killed, the supervisor hears it from the kernel and ends in order; if
both are killed at the same instant, the kernel's parent-death signal ends the components.

Run as ``python -m devcluster.run.keeper``; only ``cluster`` does that.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from devcluster import kernel
from devcluster.options import ClusterOptions
from devcluster.run import network
from devcluster.run.fleet import Fleet
from devcluster.run.layout import Layout
from devcluster.run.supervisor import Supervisor


def main() -> int:
    """Fork the supervisor, keep watch, and return its exit code."""
    parser = argparse.ArgumentParser(prog="devcluster.run.keeper", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--owner", type=int, help="end with this process")
    parser.add_argument("--events-fd", type=int, required=True, help="where progress goes, as lines of JSON")
    parser.add_argument("--lock-fd", type=int, required=True, help="holds the lock on the folder")
    arguments = parser.parse_args()
    for fd in (arguments.events_fd, arguments.lock_fd):
        os.set_inheritable(fd, False)
    kernel.adopt_orphans()
    keeper = os.getpid()
    supervisor = os.fork()
    if supervisor == 0:
        kernel.die_with_parent(parent=keeper, signal_number=signal.SIGTERM)
        os._exit(_supervise(arguments))
    os.close(arguments.events_fd)
    return _keep(supervisor)


def _supervise(arguments: argparse.Namespace) -> int:
    layout = Layout(arguments.state_dir)
    options = ClusterOptions.from_json(layout.options.read_text(encoding="utf-8"))
    paths: dict[str, str] = json.loads((layout.root / "binaries.json").read_text(encoding="utf-8"))

    def emit(event: dict[str, Any]) -> None:
        # Nobody may be listening any more, which is no reason to end.
        with contextlib.suppress(OSError):
            os.write(arguments.events_fd, json.dumps(event).encode() + b"\n")

    began = time.monotonic()
    slot = network.take_slot()
    fleet = Fleet(
        options=options,
        layout=layout,
        binaries={name: Path(path) for name, path in paths.items()},
        slot=slot,
        report=lambda name: emit({"event": "ready", "component": name, "seconds": time.monotonic() - began}),
    )
    supervisor = Supervisor(fleet=fleet, layout=layout, owner=arguments.owner, emit=emit)
    code = asyncio.run(supervisor.run())
    sys.stdout.flush()
    return code


def _keep(supervisor: int) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: _forward(supervisor, number))
    code = 1
    alive = True
    while alive:
        pid, status = os.wait()
        if pid == supervisor:
            code = os.waitstatus_to_exitcode(status)
            alive = False
    _end_all_descendants()
    return code


def _forward(supervisor: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(supervisor, number)


def _end_all_descendants() -> None:
    """Kill children until there are none: each that ends hands its own children to this process."""
    while True:
        for pid in _children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The name of the program, in brackets, may hold anything; the parent is the second word after it.
            words = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(words[1]) == parent:
                found.append(int(entry.name))
    return found


if __name__ == "__main__":
    sys.exit(main())
