"""Requests to the supervisor of a running cluster: one line of JSON each way, over its socket."""

import json
import os
import socket
from typing import Any

from devcluster import errors
from devcluster.run.layout import Layout


def ask(layout: Layout, /, *, verb: str, timeout: float = 60.0, **arguments: Any) -> dict[str, Any]:
    """Send one request and return the answer.

    Raises NotRunningError when no supervisor answers, and ComponentError with its sentence when it refuses.
    """
    try:
        line = _exchange(layout, json.dumps({"verb": verb, **arguments}).encode(), timeout=timeout)
        answer: dict[str, Any] = json.loads(line)
    except (OSError, ValueError) as error:
        raise errors.NotRunningError(
            f"No cluster runs in {layout.root}: start one with 'python -m devcluster up'."
        ) from error
    if not answer.pop("ok"):
        raise errors.ComponentError(answer["message"])
    return answer


def _exchange(layout: Layout, request: bytes, *, timeout: float) -> bytes:
    folder = os.open(layout.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(f"/proc/self/fd/{folder}/{layout.control.name}")
            connection.sendall(request + b"\n")
            with connection.makefile("rb") as answers:
                return answers.readline()
    finally:
        os.close(folder)
