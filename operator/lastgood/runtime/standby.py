"""What a process does that does not lead: it ends what a switch holds, if the leader has not (semantics.md, F5).

A leader that hangs, or whose lease has not run out yet, must not keep a killed model running. A scale-down of what an
engaged switch holds can do no wrong, whoever does it: the fact is recorded, and the write is fenced by resourceVersion.
"""

from datetime import datetime, timedelta
from typing import Final

from lastgood.decide.decision import Decision
from lastgood.runtime.memory import Memory

PATIENCE: Final = timedelta(seconds=2)
"""How long the leader has the first chance: it takes a tenth of a second, and two that write at once only conflict."""


def helps_in(decision: Decision, memory: Memory, now: datetime) -> timedelta | None:
    """Return how long to wait for the leader before taking the steps in its place; None when they are not for us."""
    if decision.needs_lease or not decision.steps:
        memory.needed_since = None
        return None
    if memory.needed_since is None or memory.needed_since > now:  # or the clock was set back
        memory.needed_since = now
    return min(max(memory.needed_since + PATIENCE - now, timedelta(0)), PATIENCE)
