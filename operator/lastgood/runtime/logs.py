"""Log lines on standard error: text for people, or one JSON object a line for collectors.

Objects are named `namespace/name` in the message. The libraries below are kept to warnings: at debug level some of
them write out requests with their headers, and with those a token.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from lastgood.api import timestamps

QUIET: Final = ("kopf", "kubernetes", "kubernetes_asyncio", "aiohttp", "asyncio", "urllib3", "requests")


class TextFormatter(logging.Formatter):
    """`2026-11-22T12:00:00Z INFO message`, with the time in UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime


class JsonFormatter(logging.Formatter):
    """`{"time": ..., "level": ..., "logger": ..., "message": ...}`; a traceback, if any, in `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, whatever the message holds."""
        line: dict[str, Any] = {
            "time": timestamps.written(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(*, log_format: str, level: str, stream: TextIO | None = None) -> None:
    """Send everything that is logged to `stream` (standard error by default), replacing earlier handlers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
