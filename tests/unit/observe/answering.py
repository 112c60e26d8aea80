"""A server on 127.0.0.1 that answers as Prometheus does, or goes wrong in every way that one can."""

import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Fault = Callable[["Handler"], None]


def vector(*values: str, **labels: str) -> list[dict[str, Any]]:
    return [
        {"metric": {"series": str(place), **labels}, "value": [1.0, value]}
        for place, value in enumerate(values)
    ]


@dataclass
class Script:
    """What the server answers: `results` by query, refusals by query, warnings by query, or one fault for all."""

    results: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    warned: Mapping[str, str] = field(default_factory=dict)
    stuck: frozenset[str] = frozenset()
    fault: Fault | None = None
    check_fault: Fault | None = None
    ahead: float = 0.0
    asked: list[str] = field(default_factory=list)
    """The queries of each request about one moment, but for the check of the clock."""
    checks: int = 0
    checked: threading.Event = field(default_factory=threading.Event)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    parameters: list[Mapping[str, str]] = field(default_factory=list)
    connections: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def __setattr__(self, name: str, value: Any) -> None:
        """Remember the results of the past, which a range query asks for."""
        if name == "results":
            self.__dict__.setdefault("past", []).append((time.time(), value))
        super().__setattr__(name, value)

    def results_at(self, moment: float) -> Mapping[str, list[dict[str, Any]]]:
        """Return what was answered at a moment of the true time; nothing before the first answer was given."""
        known = [results for since, results in self.__dict__["past"] if since <= moment]
        return known[-1] if known else {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def setup(self) -> None:
        super().setup()
        self.script.connections += 1

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parameters = {name: values[0] for name, values in parse_qs(form, keep_blank_values=True).items()}
        query = parameters["query"]
        self.script.headers.append(dict(self.headers))
        if query == "time()" and "time" not in parameters:
            self.script.checks += 1
            self.script.checked.set()
            self._answer_check()
            return
        ranged = urlsplit(self.path).path.endswith("/query_range")
        if not ranged:
            self.script.asked.append(query)
        self.script.parameters.append({"path": urlsplit(self.path).path, **parameters})
        if self.script.fault is not None:
            self.script.fault(self)
            return
        if ranged:
            self._answer_range(query, *(float(parameters[name]) for name in ("start", "end", "step")))
            return
        self._answer(query)

    def _answer_check(self) -> None:
        if self.script.check_fault is not None:
            self.script.check_fault(self)
            return
        now = time.time() + self.script.ahead
        self.json({"status": "success", "data": {"resultType": "scalar", "result": [now, str(now)]}})

    def _answer_range(self, query: str, start: float, end: float, step: float) -> None:
        values: dict[str, list[list[Any]]] = {}
        for count in range(int((end - start) / step) + 1):
            moment = start + count * step
            for series in self.script.results_at(moment - self.script.ahead).get(query, []):
                values.setdefault(json.dumps(series["metric"]), []).append([moment, series["value"][1]])
        result = [{"metric": json.loads(metric), "values": points} for metric, points in values.items()]
        self.json({"status": "success", "data": {"resultType": "matrix", "result": result}})

    def _answer(self, query: str) -> None:
        members = re.findall(
            r"label_replace\((?:vector)?\((.*?)\n\),\"q__\",\"(\d+)\",\"\",\"\"\)", query, re.DOTALL
        )
        if any(text in self.script.stuck for text, _ in members or [(query, "")]):
            self.script.released.wait(20)
        refused = [text for text, _ in members or [(query, "")] if text in self.script.refused]
        if refused:
            self.json({"status": "error", "errorType": "execution", "error": f"no: {refused[0]}"}, status=422)
            return
        result: list[dict[str, Any]] = []
        for text, place in members:
            result += [
                {**series, "metric": {**series["metric"], "q__": place}}
                for series in self.script.results.get(text, [])
            ]
        if not members:
            result = self.script.results.get(query, [])
        warnings = [
            self.script.warned[text] for text, _ in members or [(query, "")] if text in self.script.warned
        ]
        said: dict[str, Any] = {"status": "success", "data": {"resultType": "vector", "result": result}}
        self.json({**said, "warnings": warnings} if warnings else said)

    def json(self, said: object, *, status: int = 200) -> None:
        self.reply(status, json.dumps(said).encode(), "application/json")

    def reply(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


def hang(handler: Handler) -> None:
    """Say nothing until the script is released."""
    handler.script.released.wait(20)
    handler.close_connection = True


@contextlib.contextmanager
def serve(script: Script, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    handler = type("ScriptedHandler", (Handler,), {"script": script})
    server = _Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        script.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def raw(conversation: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve whatever `conversation` writes to each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            conversation(connection)

    def accept() -> None:
        talks: list[threading.Thread] = []
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                talks.append(threading.Thread(target=talk, args=(listener.accept()[0],)))
                talks[-1].start()
        for thread in talks:
            thread.join()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()
        listener.close()
