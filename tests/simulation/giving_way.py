"""Running in the background: whatever else runs goes first, and nothing is left behind.

Cluster tests mostly wait, so thousands of worlds fit into the time that they leave over. But a world never waits, and
what is tested on a cluster must not wait for it. Where the kernel shares its time by session first (autogroups,
sched(7)) niceness counts within a session only: hence a session of its own, and that one nice.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

LEAST: Final = 19
"""The niceness of what runs when nothing else wants to."""
AUTOGROUP: Final = Path("/proc/self/autogroup")


def give_way() -> None:
    """Let everything else run first, here and in child processes; on SIGTERM end together with them."""
    with contextlib.suppress(PermissionError):  # it leads a session already
        os.setsid()
    os.nice(LEAST)
    with contextlib.suppress(OSError):  # no such kernel
        AUTOGROUP.write_text(str(LEAST))
    signal.signal(signal.SIGTERM, _end)


def end_with(parent: int) -> None:
    """Exit if the process that started this one has ended: a session of its own hears no Ctrl-C."""
    if os.getppid() != parent:
        sys.exit(f"ended: process {parent}, which started this, is gone")


def _end(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
