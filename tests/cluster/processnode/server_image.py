"""The "image" of these tests: a small HTTP server that can be told to be unready, unwell, or to end.

Run as a script with a port; it listens on $POD_IP. GET / says who it is. POST /ready?0, /live?0 change what the probes
get; POST /exit?3 ends it. It writes each request's path, and SIGTERM, to its log.
"""

import http.server
import os
import signal
import sys
import time

STATE = {"/ready": os.environ.get("READY", "1") == "1", "/live": True}
STARTED = time.monotonic()
STARTUP_SECONDS = float(os.environ.get("STARTUP_SECONDS", "0"))


def say(*words: str) -> None:
    os.write(1, " ".join(words).encode() + b"\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self, status: int) -> None:
        body = f"{os.environ['HOSTNAME']} {os.environ.get('VERSION', '')}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if time.monotonic() < STARTED + STARTUP_SECONDS:
            self._answer(503)
        elif self.path == "/header":
            self._answer(200 if self.headers["X-Probe"] == "yes" else 400)
        else:
            self._answer(200 if STATE.get(self.path, True) else 503)

    def do_POST(self) -> None:
        path, _, value = self.path.partition("?")
        if path == "/exit":
            os._exit(int(value))
        STATE[path] = value == "1"
        self._answer(200)

    def log_message(self, *_arguments: object) -> None:
        say(self.path)


def end(number: int, frame: object) -> None:
    say("SIGTERM")
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    say("started", os.environ.get("VERSION", ""))
    http.server.ThreadingHTTPServer((os.environ["POD_IP"], int(sys.argv[1])), Handler).serve_forever()
