"""What Linux offers to tie processes together: parent-death signals and reapers. There is no portable equal."""

import ctypes
import os

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


def adopt_orphans() -> None:
    """Make this process the parent of all descendants that lose theirs. Raises OSError."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become the reaper of child processes")
