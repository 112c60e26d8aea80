"""Who held the Lease when: an account of its own, from what was written to it, of when each process may write (F5)."""

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from lastgood.kube import resources
from tests.simulation import sight
from tests.simulation.apiserver import ApiServer, Write
from tests.simulation.grounds import Violated, Writer
from tests.simulation.process import TIMING

KEPT: Final = 60
"""Changes of the Lease that are kept: of more time than any write is on its way."""


@dataclass(frozen=True, slots=True)
class _Renewal:
    """One change of the Lease: whose it is since, when that was sent, and when it was made."""

    holder: str
    sent: float
    made: float


class Tenure:
    """Holds each write against the Lease as it was when its process sent it.

    A write that was sent in time and arrives late is no violation: for those there are preconditions.
    """

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._renewals: deque[_Renewal] = deque(maxlen=KEPT)
        self._begins: dict[str, float] = {}
        """By process: until when it waits that has made the Lease anew."""

    def note(self, write: Write) -> None:
        """Take note of a Lease that is taken, renewed or given back."""
        if write.resource is not resources.LEASES:
            return
        made, sent = asyncio.get_running_loop().time(), self._server.decided
        holder = "" if write.new is None else write.new["spec"].get("holderIdentity") or ""
        if write.old is None:
            self._begins[holder] = sent + TIMING.lease_duration
        self._renewals.append(_Renewal(holder, sent, made))

    def check(self, write: Write, process: Writer, site: str) -> None:
        """Require that a process held the Lease when it sent a write (rule F5). Raises Violated.

        A scale-down to zero that serves an engaged switch needs no Lease: any process may do it.
        """
        assert write.new is not None
        sent = self._server.decided
        if process.alone or self._held(process.identity, sent):
            return
        if site != "act.deployment.scale" or write.new["spec"]["replicas"] > 0:
            raise Violated(f"F5: {process.identity} sent {site} at {sent:.2f} without the Lease")
        # What it read may be older than a release: that is what the precondition is for.
        read = [sight.as_read(each, write.key[1]) for each in process.connection.readings.all()]
        if not any(each.engaged for each in read):
            raise Violated(
                f"F5: {process.identity} scaled {write.key[1]} to zero for no switch, without the Lease"
            )

    def _held(self, identity: str, then: float) -> bool:
        last = next((each for each in reversed(self._renewals) if each.made <= then), None)
        if last is None or last.holder != identity:
            return False
        return self._begins.get(identity, -math.inf) <= then < last.sent + TIMING.renew_deadline
