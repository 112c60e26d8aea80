"""What docs/safety.md tells of the simulation: its writes, faults, stories and bugs, as the simulation has them."""

import re
from pathlib import Path
from typing import Final

from tests.simulation import coverage, mutations, sites, stories
from tests.simulation.faults import Fault

MAKEFILE: Final = Path(__file__).resolve().parents[2] / "Makefile"
TEXT: Final = """
## The simulation

The loop, the judge, the rules, the records, the actuators and the election that run in a cluster also run in simulated
worlds (`tests/simulation`): an API server with watches, preconditions and conflicts, controllers, autoscalers, a
Prometheus, people, GitOps and time itself are simulated, and everything is drawn from a seed. Its invariants are an
account of their own: they call none of the operator's rules, and read the true state of the world. After each write
they ask whether it was allowed; after each step whether everything that was owed by then has been done, or truly
refused; in the end whether the wanted state is reached, nothing is written any more, and all is as in a world without
faults.

- **`make test` runs {seeds:,} worlds of 200 steps or more**, `make SEEDS=100000 test-simulation` as many. A world that
  fails prints the command that plays it again, to the letter.
- **Every write meets every fault**, or the run fails: {number} writes ({written}), {faults} faults ({fault}){but}.
- **Every crash point** of {count} stories ({story}): each fault at each write, an old list after a restart, a change
  that no watch tells of, and each pair of crashes. Each run must end as the story does without any trouble.
- **Bugs put in on purpose**, each of which must be noticed (`python -m tests.simulation --mutation NAME`):

| bug | what it does | noticed by |
|---|---|---|
"""


def section() -> str:
    """Return the section, in Markdown."""
    head = TEXT.format(
        seeds=_seeds(),
        number=len(sites.SITES),
        written=", ".join(f"`{site}`" for site in sites.SITES),
        faults=len(Fault),
        fault=", ".join(fault.value for fault in Fault),
        but="".join(f"; `{site}` cannot meet {fault.value}" for site, fault in sorted(coverage.IMPOSSIBLE)),
        count=len(stories.STORIES),
        story="; ".join(story.name for story in stories.STORIES),
    )
    rows = (f"| {each.name} | {each.wrong} | {', '.join(each.caught_by)} |" for each in mutations.MUTATIONS)
    return head + "\n".join(rows) + "\n"


def _seeds() -> int:
    found = re.search(r"^SEEDS \?= (\d+)$", MAKEFILE.read_text(), re.MULTILINE)
    assert found is not None, f"{MAKEFILE.name} says how many worlds are run: SEEDS ?= number"
    return int(found[1])
