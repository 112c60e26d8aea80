"""A simulation in the background gives way to all else, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 120.0
"""Seconds within which processes start or end: who gives way is slow where others work."""
LIKE_A_SIMULATION = """
import multiprocessing, os, time
from tests.simulation import giving_way
parent = os.getppid()
giving_way.give_way()
with multiprocessing.get_context("forkserver").Pool(2) as pool:
    for _ in pool.imap_unordered(time.sleep, [0.05] * 10_000):
        giving_way.end_with(parent)
"""
COMMAND = [sys.executable, "-c", LIKE_A_SIMULATION]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _of_session(session: int) -> set[int]:
    """Return the processes of a session that have not ended."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, belongs, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(belongs) == session and state != "Z":
            found.add(int(stat.parent.name))
    return found


def _until_workers_run(session: int) -> set[int]:
    deadline = time.monotonic() + PATIENCE
    while len(found := _of_session(session)) < 4:  # itself, the server that forks, two workers
        assert time.monotonic() < deadline, f"only {found} run"
        time.sleep(0.05)
    return found


def _until_all_have_ended(session: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while found := _of_session(session):
        assert time.monotonic() < deadline, f"{found} still run"
        time.sleep(0.05)


def test_a_simulation_that_gives_way_is_nice_and_ends_with_all_its_processes() -> None:
    simulation = subprocess.Popen(
        COMMAND, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        running = _until_workers_run(simulation.pid)
        assert {os.getpriority(os.PRIO_PROCESS, each) for each in running} == {19}
    finally:
        simulation.terminate()
        assert simulation.wait(PATIENCE) == 128 + signal.SIGTERM
    _until_all_have_ended(simulation.pid)


def test_a_simulation_that_gives_way_ends_when_whoever_started_it_has_gone() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", '"$@" & echo $!; read _', "sh", *COMMAND],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as shell:
        assert shell.stdout is not None
        session = int(shell.stdout.readline())
        try:
            _until_workers_run(session)
        finally:
            shell.communicate("end\n", timeout=PATIENCE)
    _until_all_have_ended(session)
