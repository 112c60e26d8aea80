"""Where a Prometheus is and how we prove who we are to it, without ever showing how.

A `Server` is the key under which connections are kept, so it compares by value; a changed password makes
another server. Everything that can end in a log, an event or a status goes through `redact`: servers repeat
what they were sent, in error pages for example.
"""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

_HIDDEN: Final = "***"
_SHORTEST_REDACTED: Final = 4
"""Characters; a shorter value would blank out letters everywhere, and is no secret worth the name."""


class Secret:
    """A value that is never shown: `reveal` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for sending it and nothing else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __str__(self) -> str:
        return _HIDDEN


@dataclass(frozen=True, slots=True)
class Server:
    """One Prometheus, or one tenant of a Mimir, Thanos or VictoriaMetrics."""

    url: str
    """Whatever was given, without user, password and query, so it is safe to show; empty if it is none."""
    timeout: float = 5.0
    """Seconds for one answer, from its request to its last byte; connecting may take 2 seconds more."""
    headers: tuple[tuple[str, Secret], ...] = ()
    token: Secret | None = None
    """A bearer token; with it, username and password are not used."""
    username: str = ""
    password: Secret | None = None
    ca: str | None = field(default=None, repr=False)
    """PEM certificates; with them no other authority is trusted for this server."""

    def __post_init__(self) -> None:
        try:
            given = urlsplit(self.url)
        except ValueError:  # such as an unclosed bracket: it cannot be shown, for it may hold a password
            object.__setattr__(self, "url", "")
            return
        _, at, address = given.netloc.rpartition("@")
        shown = given._replace(netloc=address, query="", fragment="")
        object.__setattr__(self, "url", urlunsplit(shown).rstrip("/"))
        if at and not self.username:
            object.__setattr__(self, "username", unquote(given.username or ""))
            object.__setattr__(self, "password", Secret(unquote(given.password or "")))

    def redact(self, text: str) -> str:
        """Return `text` without any secret of this server that it may quote."""
        secrets = [value.reveal() for _, value in self.headers]
        secrets += [value.reveal() for value in (self.token, self.password) if value is not None]
        if self.password is not None:
            secrets.append(base64.b64encode(f"{self.username}:{self.password.reveal()}".encode()).decode())
        for shown in sorted(secrets, key=len, reverse=True):
            if len(shown) >= _SHORTEST_REDACTED:
                text = text.replace(shown, _HIDDEN)
        return text
