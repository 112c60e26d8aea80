"""Until when the operator was unable to see or to act: the time before that is not held against it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from tests.simulation import sites
from tests.simulation.connection import Connection, Watching
from tests.simulation.faults import AT_WRITES, Fault, Injector
from tests.simulation.prometheus import MOST_SKEW
from tests.simulation.refusals import NOTHING, Said
from tests.simulation.scene import NAMESPACE

IN_FLIGHT: Final = 10.0
"""Seconds for which a request that set out while something was slow may still be on its way."""
AFTER_A_FAILURE: Final = 5.0
"""Seconds after which a write that failed is tried again, at the latest."""
NEEDED_BY_KILLS: Final = frozenset(
    {
        "record.switch.engage",
        "record.switch.set_entries",
        "record.cluster_switch.engage",
        "act.deployment.scale",
        sites.LEASE,
    }
)
"""Writes without which there is no kill; that any other is refused delays none (rules K1, K6)."""
SLOWING_KILLS: Final = (Fault.SLOW, Fault.STALE, Fault.GAP, Fault.SECOND)
"""Neither a slow Prometheus nor a wrong clock is among them (rule K6)."""
SLOWING: Final = (*SLOWING_KILLS, Fault.CLOCK, Fault.PROMETHEUS)


class Watched(Protocol):
    """What is asked of a process."""

    identity: str
    connection: Connection
    watches: Watching
    ahead: timedelta
    said: dict[tuple[str, str], Said]
    """By model: what it told last."""

    def may_act(self) -> bool:
        """Whether it holds the lease."""
        ...


class Hindrance:
    """Looks after each step at what hinders; asked then, it says from when on nothing did."""

    def __init__(self, processes: Sequence[Watched], injector: Injector) -> None:
        self._processes = processes
        self._injector = injector
        self._now = 0.0
        self._leader: tuple[str, timedelta] | None = None
        self._led_since = 0.0
        self._until: dict[Fault, float] = {}
        self._failures = {"all": 0, "kills": 0}
        self._failed_at = dict.fromkeys(self._failures, -AFTER_A_FAILURE)

    def look(self, now: float) -> None:
        """Take note of what hinders now, or did since the last look."""
        self._now = now
        leaders = [
            each for each in self._processes if each.may_act() and now >= each.connection.stopped_until
        ]
        leader = (leaders[0].identity, leaders[0].ahead) if len(leaders) == 1 else None
        if leader is None or leader != self._leader or abs(leader[1]) > MOST_SKEW:
            self._led_since = now
        self._leader = leader
        for fault, until in self._injector.lasting.items():
            self._until[fault] = max(until, self._until.get(fault, 0.0))
        for whose, number in self._count().items():
            if number != self._failures[whose]:
                self._failures[whose], self._failed_at[whose] = number, now

    @property
    def ahead(self) -> timedelta:
        """By how much the clock of the process that leads is ahead of the true time."""
        return timedelta(0) if self._leader is None else self._leader[1]

    def of_breaches(self, since: float) -> float:
        """Return from when on, at the earliest since a moment, nothing has hindered seeing and acting."""
        return max(since, self._free_from(SLOWING, "all"), self._led_since, *self._haunted())

    def of_sight(self, since: float) -> float:
        """Return from when on the pods were seen as they are, and by the same process."""
        return max(
            since,
            self._free_from((Fault.SLOW, Fault.STALE, Fault.GAP), "all"),
            self._led_since,
            *self._haunted(),
        )

    def of_kills(self, since: float) -> float:
        """Return from when on nothing has hindered a kill."""
        return max(since, self._free_from(SLOWING_KILLS, "kills"), self._led_since, *self._haunted())

    def said(self, name: str) -> Said:
        """Return what the process that leads told last of a model."""
        return next(
            (
                each.said.get((NAMESPACE, name), NOTHING)
                for each in self._processes
                if self._leader is not None and each.identity == self._leader[0]
            ),
            NOTHING,
        )

    def _count(self) -> dict[str, int]:
        """Return how many writes have failed so far, and of how many a kill may have waited for the next try."""
        failed = {place: number for place, number in self._injector.met.items() if place[1] in AT_WRITES}
        kills = (
            number
            for (site, fault), number in failed.items()
            if fault is not Fault.REFUSED or site in NEEDED_BY_KILLS
        )
        return {"all": sum(failed.values()), "kills": sum(kills)}

    def _free_from(self, faults: Sequence[Fault], whose: str) -> float:
        ends = [min(self._until[fault], self._now) + IN_FLIGHT for fault in faults if fault in self._until]
        return max(self._failed_at[whose] + AFTER_A_FAILURE, *ends, 0.0)

    def _haunted(self) -> list[float]:
        return [min(until, self._now) for each in self._processes for until in each.watches.haunted.values()]
