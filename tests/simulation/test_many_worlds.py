"""Many worlds, each of two hundred steps with faults and then an end without: every invariant holds in all.

Rules B1, F1 to F5, J1, J3, J5 to J7, J11, K2 to K9, R1 to R6, O1, O3 and O5 are looked at with every write; see
invariants.py and ending.py. A seed that fails is told with the command that replays it.
"""

import os
import subprocess
import sys

import pytest

from tests.simulation import running

SEEDS = 10
"""A look, for who changes something; `make test` runs two thousand worlds, beside what waits for a cluster."""


@pytest.mark.timeout(300)
def test_every_invariant_holds_in_many_worlds() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", str(SEEDS)]
    found = subprocess.run(
        command,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(found.stdout)
    assert found.returncode == 0, found.stdout + found.stderr[-2000:]


def test_a_seed_replays_exactly() -> None:
    told: list[list[str]] = [[], []]
    for lines in told:
        running.run(7, steps=60, trace=lines.append)
    assert told[0] == told[1]
    assert len(told[0]) > 60
