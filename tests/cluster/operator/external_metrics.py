"""An API of external metrics, as a metrics adapter serves it, with the numbers that a test gives.

The API server passes requests on to it through an APIService whose Service is another name for 127.0.0.1.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.cluster.operator.running import World

GROUP = "/apis/external.metrics.k8s.io/v1beta1"


class Metrics:
    """What the adapter answers: one number for every metric."""

    def __init__(self) -> None:
        self.value = 0


@contextmanager
def served(world: World) -> Iterator[Metrics]:
    """Serve external metrics to the whole cluster."""
    metrics = Metrics()
    handler = type("Adapter", (_Handler,), {"metrics": metrics})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    certificates = world.cluster.state_dir / "certificates"  # of the API server: nobody checks the name
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    objects = _objects(world.namespace, server.server_address[1])
    world.apply(*objects)
    try:
        world.cluster.kubectl(
            "wait", "--for=condition=Available", "--timeout=30s", f"apiservice/{_name(objects)}"
        )
        yield metrics
    finally:
        # Left behind, it would keep every namespace from being deleted.
        world.cluster.kubectl("delete", "apiservice", _name(objects))
        server.shutdown()
        server.server_close()
        thread.join()


def _name(objects: list[dict[str, Any]]) -> str:
    return str(objects[1]["metadata"]["name"])


def _objects(namespace: str, port: int) -> list[dict[str, Any]]:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "metrics-adapter"},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }
    registered = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
        "spec": {
            "group": "external.metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": namespace, "name": "metrics-adapter", "port": port},
        },
    }
    return [service, registered]


class _Handler(BaseHTTPRequestHandler):
    metrics: Metrics

    def do_GET(self) -> None:
        parts = self.path.split("?")[0].removeprefix(GROUP).strip("/").split("/")
        body = _discovery() if len(parts) < 3 else _value(parts[2], self.metrics.value)
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (as the base class has it)
        pass


def _discovery() -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "external.metrics.k8s.io/v1beta1",
        "resources": [],
    }


def _value(name: str, value: int) -> dict[str, Any]:
    item = {
        "metricName": name,
        "metricLabels": {},
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "value": str(value),
    }
    return {
        "kind": "ExternalMetricValueList",
        "apiVersion": "external.metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": [item],
    }
