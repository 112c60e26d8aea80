"""The connection to the API server: requests on plain objects, and one way to follow a collection.

A node needs five verbs and a watch; typed models would drop the fields that they do not know. ``follow`` never gives
up: whatever breaks, it lists again and hands over the whole, so that a reader can drop what it no longer sees.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import tempfile
import urllib.parse
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import aiohttp
import yaml

Object = dict[str, Any]
"""A Kubernetes object as JSON gives it."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

REQUEST_TIMEOUT = 20.0
WATCH_SECONDS = 300
RETRY_SECONDS = (0.1, 5.0)
"""First and longest pause between two attempts to follow."""


class ApiError(Exception):
    """The API server refused a request, or its answer is no answer (status 0)."""

    def __init__(self, status: int, message: str, /) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the API server is and what lets us in."""

    server: str
    ssl: ssl.SSLContext
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server."""
        parts = urllib.parse.urlsplit(self.server)
        return parts.hostname or "", parts.port or 443


def read_kubeconfig(path: Path, /) -> Access:
    """Read the current context. Raises KeyError or OSError for a file that is none."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    trust = ssl.create_default_context()
    if cluster.get("insecure-skip-tls-verify"):
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    elif authority := _content(cluster, "certificate-authority", folder=path.parent):
        trust.load_verify_locations(cadata=authority)
    certificate = _content(user, "client-certificate", folder=path.parent)
    key = _content(user, "client-key", folder=path.parent)
    if certificate and key:
        with tempfile.NamedTemporaryFile(
            "w", encoding="ascii"
        ) as pair:  # the ssl module reads keys from files only
            pair.write(certificate + "\n" + key)
            pair.flush()
            trust.load_cert_chain(pair.name)
    token = user.get("token") or _content(user, "token", folder=path.parent, file_key="tokenFile")
    return Access(server=cluster["server"].rstrip("/"), ssl=trust, token=token.strip() if token else None)


def _named(entries: list[Object], name: str, /) -> Object:
    return next(entry for entry in entries if entry["name"] == name)


def _content(entry: Object, key: str, /, *, folder: Path, file_key: str = "") -> str | None:
    """Return a value that a kubeconfig carries inline as ``<key>-data``, or in a file beside itself."""
    if inline := entry.get(f"{key}-data"):
        return base64.b64decode(inline).decode("ascii")
    name: str | None = entry.get(file_key or key)
    return (folder / name).read_text(encoding="ascii") if name else None


class ApiServer:
    """A session with one API server; use it as an async context manager."""

    def __init__(self, *, access: Access) -> None:
        self.access = access
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": "devcluster-processnode", "Accept": "application/json"}
        if self.access.token:
            headers["Authorization"] = f"Bearer {self.access.token}"
        self._session = aiohttp.ClientSession(
            headers=headers, connector=aiohttp.TCPConnector(ssl=self.access.ssl, limit=32)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            if self._session.connector is not None:
                await self._session.connector.close(
                    abort_ssl=True
                )  # a TLS good-bye would outlive the event loop
            await self._session.close()

    def _request(
        self, method: str, path: str, /, **options: Any
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("the session with the API server is not open")
        return self._session.request(method, self.access.server + path, **options)

    async def call(
        self,
        method: str,
        path: str,
        /,
        *,
        body: Object | None = None,
        content_type: str = "application/json",
        params: Mapping[str, str] | None = None,
        timeout: float = REQUEST_TIMEOUT,  # noqa: ASYNC109 - it is the request's own limit, also on the server's side
    ) -> Object:
        """Send one request and return the object that answers it. Raises ApiError (status 0: no answer)."""
        try:
            async with self._request(
                method,
                path,
                data=None if body is None else json.dumps(body),
                headers={"Content-Type": content_type},
                params=params,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as response:
                text = await response.text()
                if response.status >= 400:
                    raise ApiError(response.status, _message(text))
                answer: Object = json.loads(text)
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiError(0, f"{method} {path}: {str(error) or type(error).__name__}") from error

    async def follow(
        self,
        path: str,
        /,
        *,
        replace: Callable[[list[Object]], None],
        apply: Callable[[str, Object], None],
        params: Mapping[str, str] | None = None,
    ) -> NoReturn:
        """Hand over the whole collection, then each change (ADDED, MODIFIED, DELETED), for ever."""
        params = dict(params or {})
        pause, longest = RETRY_SECONDS
        while True:
            try:
                listing = await self.call("GET", path, params=params)
                replace(listing["items"])
                pause = RETRY_SECONDS[0]
                version = listing["metadata"]["resourceVersion"]
                while True:
                    version = await self._watch(path, params=params, version=version, apply=apply)
            except ApiError as error:
                if error.status != 410:  # 410: the version is too old to watch from; list at once
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, longest)

    async def _watch(
        self, path: str, /, *, params: Object, version: str, apply: Callable[[str, Object], None]
    ) -> str:
        """Watch until the server ends it; return the version to go on from."""
        query = {
            **params,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        limits = aiohttp.ClientTimeout(total=WATCH_SECONDS + 30, sock_connect=5)
        rest = b""
        try:
            async with (
                self._request("GET", path, params=query, timeout=limits) as response,
                _cut_off(response),
            ):
                if response.status >= 400:
                    raise ApiError(response.status, _message(await response.text()))
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            raise ApiError(event["object"].get("code", 0), event["object"].get("message", ""))
                        version = event["object"]["metadata"]["resourceVersion"]
                        if event["type"] != "BOOKMARK":
                            apply(event["type"], event["object"])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, f"watch {path}: {str(error) or type(error).__name__}") from error
        return version


@contextlib.asynccontextmanager
async def _cut_off(response: aiohttp.ClientResponse, /) -> AsyncIterator[None]:
    """Drop the connection of a response that is not read to its end: a TLS good-bye would outlive the event loop."""
    try:
        yield
    finally:
        if response.connection is not None and response.connection.transport is not None:
            response.connection.transport.abort()


def _message(text: str, /) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:200]
