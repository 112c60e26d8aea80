"""One proxied TCP connection: two halves that copy to each other, or a refusal.

No knowledge of Services or pods; whoever listens says where a new connection goes.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

CONNECT_SECONDS = 5.0
REFUSE_SECONDS = 5.0
"""How long a client without a pod may take to say what it wants, and to read the answer."""

_HTTP = re.compile(rb"(?!PRI )[A-Z]{3,10} ")  # PRI opens HTTP/2, where an HTTP/1.1 answer would be noise


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where a connection goes."""

    key: str
    """The uid of the pod."""
    address: str
    port: int


class Half(asyncio.Protocol):
    """One side of a connection. What arrives here is written there, no faster than it is read there."""

    def __init__(self) -> None:
        self.peer: Half | None = None
        self.transport: asyncio.Transport | None = None
        self.read_all = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        """Pass the end on; the other direction may still be open."""
        self.read_all = True
        if self.peer is None or self.peer.transport is None or self.peer.read_all:
            return False
        if self.peer.transport.can_write_eof() and not self.peer.transport.is_closing():
            self.peer.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """Read no more over there while this side is full."""
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on over there."""
        if self.peer is not None and self.peer.transport is not None and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other half, as this one was closed."""
        if self.peer is not None and self.peer.transport is not None:
            if exc is None:
                self.peer.transport.close()
            else:
                self.peer.transport.abort()

    def abort(self) -> None:
        """Close it now, whatever is under way."""
        if self.transport is not None:
            self.transport.abort()


class Relay(Half):
    """The client's half: made for an accepted connection, it finds the pod's half itself."""

    def __init__(self, *, route: Callable[[], Backend | None], live: dict[str, set[Half]], name: str) -> None:
        super().__init__()
        self._route = route
        self._live = live
        self._name = name
        self._key = ""
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read nothing before it is clear where it goes."""
        super().connection_made(transport)
        cast("asyncio.Transport", transport).pause_reading()
        self._opening = asyncio.create_task(self._open(self._route()))

    async def _open(self, backend: Backend | None, /) -> None:
        if backend is None:
            self._refuse(f"no ready pod behind Service {self._name}")
            return
        self._key = backend.key
        self._live.setdefault(backend.key, set()).add(self)
        peer = Half()
        peer.peer = self
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: peer, backend.address, backend.port
                )
        except OSError as error:  # a TimeoutError is one too
            self._refuse(
                f"the pod behind Service {self._name} takes no connection: {str(error) or 'timed out'}"
            )
            return
        self.peer = peer
        if self.transport is None or self.transport.is_closing():
            peer.abort()
            return
        self.transport.resume_reading()

    def _refuse(self, why: str, /) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.set_protocol(Refusal(transport=self.transport, why=why))
            self.transport.resume_reading()
        self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the pod's half with it."""
        super().connection_lost(exc)
        self._forget()

    def _forget(self) -> None:
        entries = self._live.get(self._key, set())
        entries.discard(self)
        if not entries:
            self._live.pop(self._key, None)


class Refusal(asyncio.Protocol):
    """Answers 503 to what looks like HTTP, and closes whatever else comes."""

    def __init__(self, *, transport: asyncio.Transport, why: str) -> None:
        self._transport = transport
        self._why = why
        self._answered = False
        self._timer = asyncio.get_running_loop().call_later(REFUSE_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Answer the first bytes; drop the rest."""
        if self._answered:
            return
        self._answered = True
        if not _HTTP.match(data):
            self._transport.close()
            return
        body = f"{self._why}\n".encode()
        head = (
            f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        )
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self._transport.write_eof()  # then read what else the client sends: a reset would lose the answer

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Nothing is left to do."""
        self._timer.cancel()
