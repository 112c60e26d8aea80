"""A real Prometheus that scrapes one small exporter, for what only the real one can tell."""

import asyncio
import contextlib
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devcluster import binaries
from lastgood.observe import prometheus

VERSION = "1.4.0\"} or vector(0) #'`\\\n☃"
"""What no version is called, and what must not matter."""

METRICS = r"""
# TYPE requests gauge
requests{code="200",pod="a"} 90
requests{code="500",pod="a"} 10
requests{code="200",pod="b"} 50
# TYPE share gauge
share{of="nothing"} NaN
share{of="all"} +Inf
share{of="debt"} -Inf
served{v="1.4.0\"} or vector(0) #'`\\\n☃"} 7
served{v="1x4x0"} 8
placed{q__="0"} 5
placed{q__="1"} 6
"""


class _Exporter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = METRICS.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def _exporter() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Exporter)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def exporter_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = binaries.locate()["prometheus"]
    folder = tmp_path_factory.mktemp("prometheus")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _exporter() as target, (folder / "log").open("w") as log:
        config = folder / "prometheus.yml"
        jobs = f"[{{job_name: exporter, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]"
        config.write_text(f"global: {{scrape_interval: 1s}}\nscrape_configs: {jobs}\n")
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--query.max-samples=200000",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
async def asker() -> AsyncIterator[prometheus.Prometheus]:
    asker = prometheus.Prometheus()
    yield asker
    await asker.close()


@pytest.fixture
async def server(asker: prometheus.Prometheus, exporter_prometheus: str) -> prometheus.Server:
    """The server once it has scraped; 30 seconds are ten times what that takes."""
    found = prometheus.Server(exporter_prometheus)
    for _ in range(300):
        if await asker.alive(found):
            break
        await asyncio.sleep(0.1)
    return found
