"""Addresses and ports, chosen so that several clusters never meet.

Each cluster holds a slot as long as it lives: it listens on the slot's first port, which no other cluster of the
machine can then do, and which ends with the process, however that ends. The slot gives a block of ports below the range
that the kernel hands out for outgoing connections, and two networks within 127.0.0.0/8: pods on process nodes have
addresses of their own, and so have Services. Whoever else takes a port of the block is met by trying: a port is taken
only if it can be bound, and a component that still finds it in use is started again on the next.
"""

import dataclasses
import socket
from collections.abc import Iterator

from devcluster import errors

SLOTS = 60
PORTS_PER_SLOT = 100
FIRST_PORT = 20_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slot:
    """The share of addresses that one cluster holds, as long as ``guard`` is open."""

    number: int
    guard: socket.socket

    @property
    def service_cidr(self) -> str:
        """The network of cluster IPs: loopback, so that a proxy can listen on each."""
        return f"127.{128 + self.number}.0.0/16"

    def pod_cidr(self, node: int, /) -> str:
        """Return the network of the pods on one process node, 0 to 15."""
        return f"127.{64 + self.number}.{16 * node}.0/20"

    def ports(self) -> Iterator[int]:
        """Yield the ports of the block that can be bound at this moment, each once."""
        first = FIRST_PORT + PORTS_PER_SLOT * self.number
        return (port for port in range(first + 1, first + PORTS_PER_SLOT) if can_bind(port))


def take_slot() -> Slot:
    """Take the first free slot of the machine. Raises StartError when there is none."""
    for number in range(SLOTS):
        guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            guard.bind(("127.0.0.1", FIRST_PORT + PORTS_PER_SLOT * number))
            guard.listen(1)
        except OSError:
            guard.close()
            continue
        return Slot(number=number, guard=guard)
    raise errors.StartError(
        f"All {SLOTS} slots for clusters are taken: end some with 'python -m devcluster down'."
    )


def can_bind(port: int, /) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Go's servers do: connections in TIME_WAIT do not matter, listeners do.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
