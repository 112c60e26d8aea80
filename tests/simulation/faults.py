"""What goes wrong: a seeded injector of faults, and the table of which write has met which of them."""

import enum
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final


class Fault(enum.StrEnum):
    """A column of the coverage table."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    CONFLICT = "409"
    THROTTLED = "429"
    ERROR = "500"
    LOST = "lost response"
    REFUSED = "lasting 403"
    SLOW = "slow API"
    STALE = "stale cache"
    GAP = "watch gap"
    CLOCK = "clock jump"
    PROMETHEUS = "slow Prometheus"
    FLAPPING = "flapping metric"
    SECOND = "second operator"


AT_WRITES = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.CONFLICT,
    Fault.THROTTLED,
    Fault.ERROR,
    Fault.LOST,
    Fault.REFUSED,
)
"""Faults that befall one write; the others last for a while, and befall every write meanwhile.

What is refused stays refused: a policy that freezes changes, or a right that is missing, meets all writes of that site
until it is taken away.
"""
REFUSED_FOR: Final = 12.0
"""Seconds for which a site is refused, where no dice say how long: enough tries to see that it lasts."""
MOST_AIMED: Final = 3
"""Faults that wait for one site at a time."""


@dataclass
class Injector:
    """Deals out the faults of one world; silent when `chance` is None."""

    chance: random.Random | None
    armed: list[tuple[Fault, int]] = field(default_factory=list)
    """Faults that wait, each with the number of writes that it lets pass."""
    lasting: dict[Fault, float] = field(default_factory=dict)
    """Until when a fault lasts, in the loop's seconds."""
    refused: dict[str, float] = field(default_factory=dict)
    """By site: until when its writes are refused, in the loop's seconds."""
    met: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    sites: list[str] = field(default_factory=list)
    """The writes so far, in their order."""
    aimed: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    """Faults that wait for the next write of a site."""
    begin: Callable[[Fault, str], None] = lambda *_: None
    """Lets a fault that lasts begin, for the process of this name."""

    def aim(self, fault: Fault, site: str) -> bool:
        """Let a fault befall the next write of a site, or begin with it; return whether it has to wait for no other."""
        waiting = self.aimed[site]
        if len(waiting) >= MOST_AIMED or fault in waiting:
            return False
        waiting.append(fault)
        return True

    def strike(self, site: str, identity: str) -> None:
        """Let the fault begin that waits for a write of this site, if it is one that lasts."""
        waiting = self.aimed.get(site)
        if waiting and waiting[0] not in AT_WRITES:
            self.begin(waiting.popleft(), identity)

    def arm(self, fault: Fault, *, skip: int = 0) -> None:
        """Let a fault befall the next write but `skip`."""
        self.armed.append((fault, skip))

    def last(self, fault: Fault, *, until: float) -> None:
        """Note that a fault lasts for a while."""
        self.lasting[fault] = max(until, self.lasting.get(fault, 0.0))

    def meet(self, site: str, now: float) -> Fault | None:
        """Return what befalls a write, and count what it has met."""
        self.sites.append(site)
        for fault, until in self.lasting.items():
            if now <= until:
                self.met[site, fault] += 1
        waiting = self.aimed.get(site)
        found = waiting.popleft() if waiting and waiting[0] in AT_WRITES else None
        for place, (fault, skip) in enumerate(self.armed):
            if skip > 0:
                self.armed[place] = fault, skip - 1
            elif found is None:
                found = fault
                self.armed[place] = fault, -1
        self.armed = [each for each in self.armed if each[1] >= 0]
        if found is Fault.REFUSED:
            self.refused[site] = now + (
                REFUSED_FOR if self.chance is None else self.chance.uniform(2.0, 60.0)
            )
        elif found is None and now <= self.refused.get(site, -1.0):
            found = Fault.REFUSED
        if found is not None:
            self.met[site, found] += 1
        return found

    def quiet(self) -> None:
        """End all faults, for good."""
        self.chance = None
        self.armed.clear()
        self.aimed.clear()
        self.lasting.clear()
        self.refused.clear()

    def delay(self, now: float) -> float:
        """Return how many seconds a request takes on its way."""
        if self.chance is None:
            return 0.0
        if now <= self.lasting.get(Fault.SLOW, -1.0):
            return self.chance.uniform(0.0, 6.0)
        return self.chance.uniform(0.01, 0.4) if self.chance.random() < 0.05 else 0.0
