"""HTTP to a Prometheus within hard bounds, whatever the other side does.

`requests` bounds each read of a socket and nothing else: a server that sends a byte a second holds a thread
for ever, a redirect takes credentials elsewhere, a huge body fills the memory. Here an `Exchange` can be
cut short from outside at any moment, from the TLS handshake to the last byte; a body has a greatest size;
nothing is retried or redirected; and neither environment variables nor .netrc files have a say.
"""

import contextlib
import io
import os
import socket
import ssl
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Self

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from requests import adapters

from lastgood.observe.server import Server

CONNECT_TIMEOUT: Final = 2.0
"""Seconds for each address of the host."""
LARGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes of one answer, unpacked: ten thousands of series, where a threshold needs one."""
CONNECTIONS: Final = 4
"""Requests under way at once to one server."""


class TooLarge(requests.RequestException):
    """The answer is larger than `LARGEST_ANSWER`."""


class Exchange:
    """One request on its way, made by one thread, which any other thread may cut short."""

    def __init__(self) -> None:
        self.status = 0
        self.content_type = ""
        self.body = b""
        self.was_cut = False
        self._lock = threading.Lock()
        self._line: socket.socket | None = None

    def __enter__(self) -> Self:
        _of_this_thread.exchange = self
        return self

    def __exit__(self, *_: object) -> None:
        _of_this_thread.exchange = None
        with self._lock:
            self._hang_up()

    def attach(self, connection: socket.socket) -> None:
        """Remember the socket that this exchange uses, by a handle that survives TLS and closing."""
        with self._lock:
            self._hang_up()
            self._line = socket.socket(fileno=os.dup(connection.fileno()))
            if self.was_cut:
                self._shut_down()

    def cut(self) -> None:
        """End the exchange now: whatever its thread waits for, it gets an end of file."""
        with self._lock:
            self.was_cut = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):  # the other side was first
                self._line.shutdown(socket.SHUT_RDWR)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _OfThisThread(threading.local):
    exchange: Exchange | None = None


_of_this_thread: Final = _OfThisThread()


class _Cuttable:
    """A connection that tells the exchange of its thread which socket is in use."""

    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]  # urllib3's, below in the order
        if _of_this_thread.exchange is not None:
            _of_this_thread.exchange.attach(connection)
        return connection

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None and _of_this_thread.exchange is not None:
            _of_this_thread.exchange.attach(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]  # urllib3's, below in the order


class _Connection(_Cuttable, urllib3.connection.HTTPConnection):
    pass


class _TLSConnection(_Cuttable, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(adapters.HTTPAdapter):
    def __init__(self, *, ca: str | None) -> None:
        self._trust = None if ca is None else _trust_only(ca)
        super().__init__(max_retries=urllib3.Retry(0), pool_maxsize=CONNECTIONS + 1)  # and one for checks

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._trust is not None:
            kwargs["ssl_context"] = self._trust
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        if self._trust is not None:
            pool.pop("ca_certs", None)
        return host, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        if self._trust is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # by its stubs

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **{**kwargs, "stream": True})
        exchange = _of_this_thread.exchange or Exchange()
        exchange.status = response.status_code
        exchange.content_type = response.headers.get("Content-Type", "")
        exchange.body = _read(response)
        response.raw = io.BytesIO(exchange.body)
        return response


def _trust_only(ca: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca)
    # Python 3.13 refuses authorities without key identifiers, which home-made ones of clusters often lack.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    with contextlib.closing(response):
        for chunk in response.raw.stream(65_536, decode_content=True):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise TooLarge
    return bytes(body)


class _Session(requests.Session):
    """What `PrometheusConnect` sends through; parameters go in the body, as fifty queries fit in no URL."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if method == "POST":
            kwargs["data"] = kwargs.pop("params")
        return super().request(method, url, *args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: it would take queries and credentials to a server that nobody named."""


class _Bearer(requests.auth.AuthBase):
    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._server.token is not None:
            request.headers["Authorization"] = f"Bearer {self._server.token.reveal()}"
        return request


def connect(server: Server) -> PrometheusConnect:
    """Return a client of `server`, which is asked nothing yet.

    Raises ssl.SSLError when the certificates are none.
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    auth: Any = None
    if server.token is not None:
        auth = _Bearer(server)
    elif server.username:
        password = server.password.reveal() if server.password is not None else ""
        auth = (server.username.encode(), password.encode())
    client = PrometheusConnect(
        url=server.url,
        headers={name: value.reveal() for name, value in server.headers},
        auth=auth,
        session=session,
        timeout=(CONNECT_TIMEOUT, server.timeout),
        method="POST",
    )
    # The client has just mounted an adapter of its own, and a URL that is normalised may miss that one.
    adapter = _Adapter(ca=server.ca)
    for prefix in (server.url, "http://", "https://"):
        session.mount(prefix, adapter)
    return client
