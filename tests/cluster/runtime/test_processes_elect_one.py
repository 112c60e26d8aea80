"""Real processes, a real API server, and signals that stop them in the middle of anything."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devcluster import Cluster
from lastgood.runtime.lease import boottime

pytestmark = pytest.mark.cluster

CONTENDER = Path(__file__).with_name("contender.py")
OPERATOR = Path(__file__).resolve().parents[3] / "operator"


@dataclass
class Contender:
    name: str
    process: subprocess.Popen[bytes]
    said: Path

    def lines(self) -> list[str]:
        return self.said.read_text().split("\n")[:-1]

    def acted_at(self) -> list[tuple[float, int]]:
        """The moments at which it might act, each with its term."""
        return [(float(moment), int(term)) for moment, term in (line.split() for line in self.lines()[1:])]

    def acts(self) -> bool:
        before = len(self.acted_at())
        return wait_until(lambda: len(self.acted_at()) > before, seconds=0.5)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def contenders(*names: str, cluster: Cluster, namespace: str, folder: Path) -> Iterator[list[Contender]]:
    with contextlib.ExitStack() as stack:
        started = []
        for name in names:
            said = folder / name
            with said.open("wb") as out:
                process = subprocess.Popen(
                    [sys.executable, CONTENDER, cluster.kubeconfig, namespace, name],
                    stdout=out,
                    env={**os.environ, "PYTHONPATH": str(OPERATOR)},
                )
            stack.callback(process.wait, 20)
            stack.callback(process.send_signal, signal.SIGTERM)
            stack.callback(process.send_signal, signal.SIGCONT)
            started.append(Contender(name, process, said))
        yield started


def the_one_that_acts(started: list[Contender]) -> Contender:
    acting: list[Contender] = []

    def one_acts() -> bool:
        acting[:] = [contender for contender in started if contender.acts()]
        return bool(acting)

    assert wait_until(one_acts, seconds=40)
    assert len(acting) == 1
    return acting[0]


def assert_never_two_acted(started: list[Contender]) -> None:
    """No span of acting has another one inside it."""
    moments = sorted(
        (moment, contender.name, term) for contender in started for moment, term in contender.acted_at()
    )
    spans = [span for span, _ in itertools.groupby((name, term) for _, name, term in moments)]
    assert len(spans) == len(set(spans)), f"they acted in turns: {spans}"


def test_a_stopped_process_and_its_successor_never_act_together(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    with contenders("a", "b", "c", cluster=cluster, namespace=namespace, folder=tmp_path) as started:
        first = the_one_that_acts(started)
        first.process.send_signal(signal.SIGSTOP)
        others = [contender for contender in started if contender is not first]
        second = the_one_that_acts(others)
        went_on = boottime()
        first.process.send_signal(signal.SIGCONT)
        # What it had asked before it was stopped it may still say.
        assert not wait_until(lambda: first.acted_at()[-1][0] > went_on, seconds=0.5)
        assert second.acts()

        second.process.send_signal(signal.SIGTERM)
        second.process.wait(20)
        assert second.process.returncode == 0
        third = the_one_that_acts([contender for contender in started if contender is not second])
        ended = second.acted_at()[-1][0]
        begun = next(moment for moment, _ in third.acted_at() if moment > ended)
        assert begun - ended < 5.0, "a Lease that is given back is free at once"
        assert third is not second
    assert_never_two_acted(started)


def test_a_killed_process_is_followed_after_the_duration_and_not_before(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    with contenders("a", "b", cluster=cluster, namespace=namespace, folder=tmp_path) as started:
        first = the_one_that_acts(started)
        first.process.kill()
        first.process.wait(20)
        (second,) = [contender for contender in started if contender is not first]
        the_one_that_acts([second])
        gap = second.acted_at()[0][0] - first.acted_at()[-1][0]
        assert 2.0 <= gap < 15.0
    assert_never_two_acted(started)
