"""What Linux offers to tie processes together: parent-death signals and reapers. There is no portable equal.

Run as a program, this file asks for a signal at its parent's end and becomes another program: for whoever has threads,
where code between fork and exec is not safe. It imports nothing but the standard library for that reason.
"""

import ctypes
import os
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(*, parent: int, signal_number: int) -> None:
    """Ask the kernel for a signal to this process when its parent ends; end at once if it already has.

    Between fork and exec this is safe in a process without other threads.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def tied_to_this_process(command: Sequence[str], /, *, signal_number: int) -> list[str]:
    """Return the command line that runs a program and has it signalled when this thread's process ends."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(signal_number)), *command]


def adopt_orphans() -> None:
    """Make this process the parent of all descendants that lose theirs. Raises OSError."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become the reaper of child processes")


if __name__ == "__main__":
    die_with_parent(parent=int(sys.argv[1]), signal_number=int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 - no shell is meant
