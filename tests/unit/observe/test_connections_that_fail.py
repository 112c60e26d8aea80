"""Every way in which a connection to a Prometheus can fail, hang or drip, with and without TLS (semantics.md, J3)."""

import socket
import ssl
import time
from collections.abc import Callable

import pytest

from lastgood.judge.readings import Unreachable, Values
from lastgood.observe.prometheus import Prometheus, Server
from tests.unit.observe import answering
from tests.unit.observe.answering import Fault, Handler, Script
from tests.unit.observe.asking import AT, ask


async def test_a_refused_connection_is_unreachable(asker: Prometheus) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (reading,) = await asker.query(Server(f"http://127.0.0.1:{port}"), ["x"], at=AT)
    assert reading == Unreachable(
        f"Prometheus at http://127.0.0.1:{port} refuses connections; check prometheus.url and that it runs"
    )


@pytest.mark.parametrize(
    "url", ["", "prometheus", "ftp://127.0.0.1", "http://", "http://[::1", "http://127.0.0.1:x"]
)
async def test_what_is_no_url_is_unreachable_and_said_so(asker: Prometheus, url: str) -> None:
    (reading,) = await asker.query(Server(url), ["x"], at=AT)
    assert isinstance(reading, Unreachable)
    assert "cannot be asked" in reading.message


async def test_a_host_that_does_not_exist_is_unreachable(asker: Prometheus) -> None:
    (reading,) = await asker.query(Server("http://prometheus.invalid:9090", timeout=0.5), ["x"], at=AT)
    assert isinstance(reading, Unreachable)


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.script.released.wait(0.05):
        handler.wfile.write(b" ")


def break_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"status":"success"')
    handler.close_connection = True


@pytest.mark.parametrize("fault", [answering.hang, drip])
async def test_a_server_that_never_ends_its_answer_is_given_up(asker: Prometheus, fault: Fault) -> None:
    began = time.monotonic()
    reading = await ask(asker, Script(fault=fault), seconds=0.2)
    assert isinstance(reading, Unreachable)
    assert "within" in reading.message
    assert time.monotonic() - began < 5


async def test_an_answer_that_breaks_off_is_unreachable(asker: Prometheus) -> None:
    reading = await ask(asker, Script(fault=break_off))
    assert isinstance(reading, Unreachable)
    assert "broke the connection off" in reading.message


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(400):
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_without_length(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(400):
        connection.sendall(b" ")
        time.sleep(0.05)


def not_http(connection: socket.socket) -> None:
    connection.recv(10)
    connection.sendall(b"SSH-2.0-x\r\n")


def hang_up(connection: socket.socket) -> None:
    connection.recv(10)


@pytest.mark.parametrize("conversation", [drip_headers, drip_without_length, not_http, hang_up])
async def test_a_server_that_does_not_speak_http_in_time_is_unreachable(
    asker: Prometheus, conversation: Callable[[socket.socket], None]
) -> None:
    began = time.monotonic()
    with answering.raw(conversation) as url:
        (reading,) = await asker.query(Server(url, timeout=0.3), ["x"], at=AT)
        assert isinstance(reading, Unreachable)
        assert time.monotonic() - began < 5


async def test_a_tls_handshake_that_drips_is_given_up(asker: Prometheus) -> None:
    def drip_handshake(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")
        for _ in range(400):
            connection.sendall(b"\x00")
            time.sleep(0.05)

    began = time.monotonic()
    with answering.raw(drip_handshake) as url:
        (reading,) = await asker.query(Server(url.replace("http", "https"), timeout=0.3), ["x"], at=AT)
        assert isinstance(reading, Unreachable)
        assert time.monotonic() - began < 5


async def test_a_certificate_that_nobody_vouches_for_is_unreachable(
    asker: Prometheus, tls: ssl.SSLContext, authority: str
) -> None:
    script = Script(results={"x": answering.vector("1")})
    with answering.serve(script, tls=tls) as url:
        (untrusted,) = await asker.query(Server(url), ["x"], at=AT)
        (trusted,) = await asker.query(Server(url, ca=authority), ["x"], at=AT)
        named = Server(url.replace("127.0.0.1", "localhost"), ca=authority)
        (by_another_name,) = await asker.query(named, ["x"], at=AT)
    assert isinstance(untrusted, Unreachable)
    assert "certificate that is not trusted" in untrusted.message
    assert trusted == Values((1.0,))
    assert isinstance(by_another_name, Unreachable)
    assert "certificate that is not trusted" in by_another_name.message


async def test_tls_to_a_plain_server_and_plain_to_a_tls_server_are_unreachable(
    asker: Prometheus, tls: ssl.SSLContext
) -> None:
    with answering.serve(Script()) as plain, answering.serve(Script(), tls=tls) as secure:
        for url in (plain.replace("http", "https"), secure.replace("https", "http")):
            (reading,) = await asker.query(Server(url, timeout=1.0), ["x"], at=AT)
            assert isinstance(reading, Unreachable)


async def test_authorities_that_are_no_certificates_are_unreachable(asker: Prometheus) -> None:
    (reading,) = await asker.query(Server("https://127.0.0.1:9", ca="nothing"), ["x"], at=AT)
    assert isinstance(reading, Unreachable)
    assert "ca.crt holds no PEM certificates" in reading.message
