"""Pod addresses: one loopback address per pod, from a slice that no other node on this machine has.

A slice is claimed by binding a port of its last address. The kernel gives the claim back when the node dies, however it
dies, so that neither two nodes of a cluster nor two clusters on one machine can give out the same address.
"""

import hashlib
import ipaddress
import socket

CLAIM_PORT = 10250
SLICE_PREFIX = 24


class AddressError(Exception):
    """No address is left."""


class Slice:
    """A range of addresses, given out in turn, so that one that was just given back is not used at once."""

    def __init__(self, *, cidr: str, node: str) -> None:
        """Claim a /24 of ``cidr``, by preference always the same for ``node``. Raises AddressError."""
        network = ipaddress.IPv4Network(cidr)
        slices = list(network.subnets(new_prefix=max(SLICE_PREFIX, network.prefixlen)))
        first = int.from_bytes(hashlib.sha256(node.encode()).digest()[:4]) % len(slices)
        for candidate in slices[first:] + slices[:first]:
            claim = socket.socket()
            try:
                claim.bind((str(candidate.broadcast_address), CLAIM_PORT))
            except OSError:
                claim.close()
                continue
            self._claim = claim
            self.network = candidate
            break
        else:
            raise AddressError(f"every slice of {cidr} is in use on this machine: give another --pod-cidr")
        self._hosts = [str(host) for host in self.network.hosts()]
        self._next = 0
        self._used: set[str] = set()

    def take(self, wanted: str = "", /) -> str:
        """Give an address out: the wanted one where it is ours and free, else the next. Raises AddressError."""
        if wanted not in self._hosts or wanted in self._used:
            for _ in self._hosts:
                wanted = self._hosts[self._next]
                self._next = (self._next + 1) % len(self._hosts)
                if wanted not in self._used:
                    break
            else:
                raise AddressError(f"all {len(self._hosts)} addresses of {self.network} are in use")
        self._used.add(wanted)
        return wanted

    def release(self, address: str, /) -> None:
        """Take an address back."""
        self._used.discard(address)

    def close(self) -> None:
        """Give the slice back."""
        self._claim.close()
