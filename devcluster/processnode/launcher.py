"""Run one command as the init process of its own tree, and leave nothing of that tree behind.

A container ends as a whole; a process does not: its children live on. This program stands between the node and each
container. It is the reaper of everything below it, so when the command ends, or the node dies by whatever signal, the
whole tree is killed. It runs as a script with an empty import path (``python -I -S launcher.py NODE_PID COMMAND...``)
to start fast, so it must import nothing but the standard library.

Signals: SIGTERM is passed to the command; SIGUSR1 kills the tree. The exit code is the command's, or 128 + the signal
that ended it.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
KILL_TREE = signal.SIGUSR1
SIGNALS = {signal.SIGCHLD, signal.SIGTERM, KILL_TREE}
SWEEPS = 200
"""How often the tree is killed again while something of it is left, 10 ms apart."""


def control_process(option: int, value: int) -> None:
    """Call prctl(2); raise OSError when the kernel refuses."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")


def start(command: list[str], /) -> int:
    """Fork the command into a session of its own and return its pid."""
    launcher = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    control_process(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:
        os._exit(137)
    for number in (
        signal.SIGPIPE,
        signal.SIGXFSZ,
    ):  # Python ignores them; a container starts with the defaults
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        os.execvp(command[0], command)  # noqa: S606 - to run the command is what it is for
    except OSError as error:
        os.write(2, f"exec {command[0]}: {error.strerror}\n".encode())
    os._exit(128)


def reap(pid: int, /) -> int | None:
    """Collect everything that has ended; return the exit code of ``pid`` when it is among it."""
    code = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if ended == 0:
            return code
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            code = 128 - code if code < 0 else code


def kill_tree() -> None:
    """Kill all that is left below this process. Orphans come up to it, so a few sweeps reach every depth."""
    for _ in range(SWEEPS):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        if not children:
            return
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)
        reap(0)


def main(node: int, command: list[str], /) -> int:
    """Run the command until it ends or the tree is to be killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    control_process(PR_SET_CHILD_SUBREAPER, 1)
    control_process(PR_SET_PDEATHSIG, KILL_TREE)
    if os.getppid() != node:
        return 137
    pid = start(command)
    code = None
    while code is None:
        match signal.sigwaitinfo(SIGNALS).si_signo:
            case signal.SIGTERM:
                os.kill(pid, signal.SIGTERM)
            case signal.SIGCHLD:
                code = reap(pid)
            case _:
                code = 137
    kill_tree()
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
