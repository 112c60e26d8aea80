"""HTTP for the supervisor: one request, one answer, no dependency and no thread.

HTTP/1.0, so that an answer ends with its connection and is never sent in chunks. It serves questions such as "are you
ready?", not bulk.
"""

import asyncio
import contextlib
import json
import ssl
from typing import Any


async def request(
    *,
    port: int,
    path: str,
    method: str = "GET",
    trust: ssl.SSLContext | None = None,
    token: str | None = None,
    body: dict[str, Any] | None = None,
    timeout: float = 5.0,  # noqa: ASYNC109 - the limit belongs to the request
) -> tuple[int, bytes]:
    """Send one request to 127.0.0.1 and return status and body. Raises OSError or TimeoutError when nobody answers."""
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
        try:
            content = b"" if body is None else json.dumps(body).encode()
            head = [
                f"{method} {path} HTTP/1.0",
                "Host: 127.0.0.1",
                f"Content-Length: {len(content)}",
                "Content-Type: application/json",
                "Accept: application/json",
            ]
            if token:
                head.append(f"Authorization: Bearer {token}")
            writer.write("\r\n".join([*head, "", ""]).encode() + content)
            answer = await reader.read(-1)
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()
    head_bytes, _, rest = answer.partition(b"\r\n\r\n")
    words = head_bytes.split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError(f"port {port} does not speak HTTP")
    return int(words[1]), rest
