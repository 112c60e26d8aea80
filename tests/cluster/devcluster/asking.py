"""Asks until the answer is yes, or fails and says what never came."""

import time
from collections.abc import Callable
from pathlib import Path


def eventually(
    question: Callable[[], bool], *, what: str, seconds: float = 20.0, interval: float = 0.05
) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(interval)


def processes_that_mention(text: str) -> list[int]:
    """Return the pids of the processes with this text in their command line; zombies have none."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in command:
                found.append(int(entry.name))
    return found
