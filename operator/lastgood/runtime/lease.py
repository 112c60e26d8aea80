"""Who may act: one process of several, by a Lease of which no clock but each process' own is believed (rule F5).

The holder acts until `renew_deadline` after the *start* of its last renewal that succeeded. Another process takes the
Lease only after it has itself seen the same record for the whole lease duration, which is longer. The record that it
saw is no older than that renewal, so the holder has stopped by then, whatever the wall clocks say, as long as no clock
runs half as fast again as another. Each write carries the resourceVersion of what was read, so of two that would take
the Lease one gets it, and a renewal that was under way for long comes too late.

A Lease that is missing says nothing of who still acts: it may have been made and deleted again between two looks. Who
makes it anew holds it for a whole lease duration before acting; whoever acted by the deleted one has ended by then.

Not enough by itself: a process that is stopped between `may_act()` and its write wakes up holding that write. Every
write to the world carries a precondition of its own for this reason.
"""

import asyncio
import contextlib
import datetime
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lastgood.kube import client, errors, resources

logger = logging.getLogger(__name__)

_NEVER: Final = -math.inf
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts on while the machine sleeps; macOS' CLOCK_MONOTONIC does so by itself."""


def boottime() -> float:
    """Seconds since some moment before this process began, whatever happens to the wall clock."""
    return time.clock_gettime(_CLOCK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Seconds; raises ValueError unless two processes with these can never both act."""

    lease_duration: float = 15.0
    """How long others see no renewal before they take the Lease."""
    renew_deadline: float = 10.0
    """How long the holder acts after its last renewal."""
    retry_period: float = 2.0
    """Between two looks at the Lease, or two renewals."""

    def __post_init__(self) -> None:
        if not 0 < self.retry_period * 2 <= self.renew_deadline <= self.lease_duration * 0.8:
            raise ValueError(
                f"lease_duration {self.lease_duration:g}, renew_deadline {self.renew_deadline:g} and retry_period "
                f"{self.retry_period:g} leave no margin: the deadline must be at least twice the period and at most "
                "four fifths of the duration"
            )

    @property
    def request_timeout(self) -> float:
        """Seconds for one request, so that a renewal that hangs leaves time for another."""
        return self.renew_deadline / 3


@dataclass(frozen=True, slots=True)
class _Record:
    """What of a Lease tells whether it was renewed; a Lease that is not there is a record as well."""

    holder: str
    renewed: str
    transitions: int
    duration: float

    @staticmethod
    def of(lease: client.Object | None) -> "_Record":
        spec: dict[str, Any] = (lease or {}).get("spec") or {}
        return _Record(
            holder=spec.get("holderIdentity") or "",
            renewed=spec.get("renewTime") or "",
            transitions=spec.get("leaseTransitions") or 0,
            duration=spec.get("leaseDurationSeconds") or 0,
        )


class Leases(Protocol):
    """What an election asks of the API server; `lastgood.kube.client.Cluster` has it."""

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        """Read the Lease, from the API server and not from a cache."""
        ...

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        """Create the Lease."""
        ...

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: client.Object
    ) -> client.Object:
        """Change the Lease by a merge patch, if it still has the body's resourceVersion."""
        ...


class Elector:
    """One process' part in the election for the Lease `namespace`/`name`; `identity` is that of no other process.

    A Lease without a holder, as the chart makes it and as a holder leaves it that ends, is free at once. One that is
    missing is made at once, and acted on after a lease duration: somebody may have deleted it under a holder that acts.
    """

    def __init__(
        self,
        *,
        cluster: Leases,
        namespace: str,
        name: str,
        identity: str,
        timing: Timing | None = None,
        clock: Callable[[], float] = boottime,
        spread: random.Random | None = None,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._timing = timing or Timing()
        self._clock = clock
        self._spread = spread or random.Random()  # noqa: S311 - spreads requests, guards nothing
        self._until = _NEVER
        self._from = _NEVER
        self._made: set[str] = set()
        """The `acquireTime` of each Lease that was made here, or may have been, and is yet to be waited out."""
        self._lease: client.Object | None = None
        self._seen: _Record | None = None
        self._seen_since = _NEVER
        self._gained = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def acting_until(self) -> float:
        """The moment of `clock` after which nothing may be written; -inf while another process acts."""
        return self._until

    @property
    def holder(self) -> str:
        """The identity that was last seen in the Lease; empty when there was none."""
        return self._seen.holder if self._seen is not None else ""

    @property
    def term(self) -> int:
        """How often the Lease has changed hands; with the holder, it names one span of acting."""
        return self._seen.transitions if self._seen is not None else 0

    def may_act(self) -> bool:
        """Whether this process may write now; to be asked right before each write."""
        return self._from <= self._clock() < self._until

    async def wait_leading(self) -> None:
        """Wait until this process may act."""
        while not self.may_act():
            self._gained.clear()
            await self._gained.wait()
        logger.info("Lease %s/%s: %s acts from now on", self._namespace, self._name, self._identity)

    async def wait_lost(self) -> None:
        """Wait until this process may act no more, at the latest at its deadline."""
        while self.may_act():
            self._ended.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._until - self._clock())):
                    await self._ended.wait()

    async def run(self) -> None:
        """Take the Lease when it is free and renew it, until cancelled; then give it back.

        Whoever acts must have ended before this is cancelled: the next process acts at once.
        """
        try:
            while True:
                await self._turn()
                await asyncio.sleep(self._pause())
        finally:
            self._step_down("this process ends", level=logging.INFO)
            await self._release()

    async def _turn(self) -> None:
        try:
            if self._lease is None or not self.may_act():
                await self._look()
            if self._is_mine() or self._is_free():
                await self._take()
        except errors.NotFound:
            self._observe(None)
            self._step_down("the Lease is gone")
        except errors.Conflict:
            self._lease = None  # somebody wrote since; the next turn looks
        except (errors.ClusterError, TimeoutError) as error:
            self._lease = None  # whether it was written is unknown
            logger.warning("Lease %s/%s: %s", self._namespace, self._name, str(error) or "no answer in time")

    async def _look(self) -> None:
        try:
            self._observe(await self._bounded(self._get()))
        except errors.NotFound:
            self._observe(None)
        if self._is_mine():
            self._wait_out_the_deleted_one()
        else:
            self._step_down(f"the Lease is held by {self.holder or 'nobody'}")

    def _observe(self, lease: client.Object | None) -> None:
        record = _Record.of(lease)
        self._lease = lease
        if record != self._seen:
            self._seen = record
            self._seen_since = self._clock()

    def _is_mine(self) -> bool:
        return self._seen is not None and self._seen.holder == self._identity

    def _is_free(self) -> bool:
        if self._seen is None:
            return False
        if self._lease is None or not self._seen.holder:
            return True
        return self._clock() >= self._free_at(self._seen)

    def _free_at(self, seen: _Record) -> float:
        # A holder of another release may have longer durations than ours, and it is the holder that must have ended.
        return self._seen_since + max(self._timing.lease_duration, seen.duration)

    async def _take(self) -> None:
        started = self._clock()
        body = {"spec": self._spec()}
        if self._lease is None:
            body["metadata"] = {"name": self._name, "namespace": self._namespace}
            made = self._cluster.create(resources.LEASES, self._namespace, body)
            self._made.add(body["spec"]["acquireTime"])  # also if no answer comes: it may arrive much later
        else:
            body["metadata"] = {"resourceVersion": self._lease["metadata"]["resourceVersion"]}
            made = self._cluster.patch(resources.LEASES, self._namespace, self._name, body)
        self._observe(await self._bounded(made))
        self._wait_out_the_deleted_one()
        self._until = started + self._timing.renew_deadline
        self._gained.set()

    def _wait_out_the_deleted_one(self) -> None:
        """Act by a Lease that was made here only when whoever acted by the one before it has ended."""
        acquired = ((self._lease or {}).get("spec") or {}).get("acquireTime")
        if acquired in self._made:
            self._made.discard(acquired)
            self._from = self._clock() + self._timing.lease_duration

    def _spec(self) -> dict[str, Any]:
        now = self._renew_time()
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": math.ceil(self._timing.lease_duration),
            "renewTime": now,
        }
        if not self._is_mine() or self._lease is None:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = (self._seen.transitions if self._seen is not None else 0) + 1
        return spec

    def _renew_time(self) -> str:
        """Return the wall clock's time, for people; but never the one that is there, or others see no renewal."""
        now = datetime.datetime.now(datetime.UTC)
        written = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self._seen is not None and written == self._seen.renewed:
            written = (now + datetime.timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return written

    def _step_down(self, why: str, *, level: int = logging.WARNING) -> None:
        if self.may_act():
            told = self._namespace, self._name, self._identity, why
            logger.log(level, "Lease %s/%s: %s acts no more: %s", *told)
        self._until = _NEVER
        self._ended.set()

    async def _release(self) -> None:
        with contextlib.suppress(errors.ClusterError, TimeoutError):
            if self._lease is None:
                self._observe(await self._bounded(self._get()))
            self._wait_out_the_deleted_one()
            if self._clock() < self._from:
                return  # given back, it would be free at once, and whoever acted by the deleted one may still do so
            if self._lease is not None and self._is_mine():
                version = self._lease["metadata"]["resourceVersion"]
                body = {"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": None}}
                await self._bounded(self._cluster.patch(resources.LEASES, self._namespace, self._name, body))

    def _get(self) -> Awaitable[client.Object]:
        return self._cluster.get(resources.LEASES, self._namespace, self._name)

    async def _bounded(self, request: Awaitable[client.Object]) -> client.Object:
        async with asyncio.timeout(self._timing.request_timeout):
            return await request

    def _pause(self) -> float:
        """Seconds until the next turn: spread, soon after a doubt, and not long after the Lease becomes free."""
        period = self._timing.retry_period * self._spread.uniform(0.8, 1.0)
        if self._lease is None and self.may_act():
            return period / 4
        if not self._is_mine() and self._seen is not None:
            left = self._free_at(self._seen) - self._clock()
            return min(period, max(left, 0.0) + self._spread.uniform(0.0, 0.1) * self._timing.retry_period)
        return period
