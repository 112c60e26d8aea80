"""Probes: one attempt over HTTP, TCP or a command, and the rule that turns attempts into a result.

An attempt that cannot be made is a failed attempt. Nothing here knows what a result leads to.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from devcluster.processnode.apiserver import Object

Execute = Callable[[Sequence[str]], Awaitable[tuple[int, str]]]
"""``await execute(command)`` runs it in the container and returns exit code and output; cancelled, it kills it."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The container that is probed."""

    address: str
    ports: Mapping[str, int]
    execute: Execute
    http: aiohttp.ClientSession


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One attempt, and what the attempts so far amount to."""

    success: bool
    message: str = ""
    settled: bool = False
    """Whether the threshold for this outcome is reached."""


@dataclass(kw_only=True)
class Tally:
    """Counts equal outcomes in a row against the thresholds."""

    success_threshold: int = 1
    failure_threshold: int = 3
    _last: bool | None = None
    _run: int = 0

    def record(self, *, success: bool) -> bool:
        """Count one outcome; return whether its threshold is reached."""
        self._run = self._run + 1 if success is self._last else 1
        self._last = success
        return self._run >= (self.success_threshold if success else self.failure_threshold)


async def outcomes(spec: Object, /, *, target: Target) -> AsyncIterator[Outcome]:
    """Probe for ever: first after initialDelaySeconds, then once a period, however long an attempt takes."""
    tally = Tally(
        success_threshold=spec.get("successThreshold") or 1,
        failure_threshold=spec.get("failureThreshold") or 3,
    )
    period = float(spec.get("periodSeconds") or 10)
    clock = asyncio.get_running_loop().time
    due = clock() + float(spec.get("initialDelaySeconds") or 0)
    while True:
        await asyncio.sleep(max(0.0, due - clock()))
        due = max(due + period, clock())
        success, message = await attempt(spec, target=target, limit=float(spec.get("timeoutSeconds") or 1))
        yield Outcome(success=success, message=message, settled=tally.record(success=success))


async def attempt(handler: Object, /, *, target: Target, limit: float) -> tuple[bool, str]:
    """Make one attempt at a probe or a lifecycle hook; ``limit`` in seconds. Returns success and what went wrong."""
    try:
        async with asyncio.timeout(limit):
            for kind, act in _ACTIONS.items():
                if handler.get(kind):
                    problem = await act(handler[kind], target)
                    return not problem, problem
    except TimeoutError:
        return False, f"no answer within {limit:g} s"
    except aiohttp.ClientConnectorError as error:
        return False, f"connect to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return False, str(error) or type(error).__name__
    return False, "this kind of probe is not supported on a process node; use httpGet, tcpSocket or exec"


def _port(action: Object, target: Target, /) -> int:
    port = action["port"]
    if isinstance(port, int):
        return port
    if port not in target.ports:
        raise ValueError(f"couldn't find port: {port}")
    return target.ports[port]


async def _http(action: Object, target: Target, /) -> str:
    scheme = (action.get("scheme") or "HTTP").lower()
    path = "/" + (action.get("path") or "/").lstrip("/")
    host = action.get("host") or target.address
    headers = {"User-Agent": "kube-probe/process-node", "Accept": "*/*"}
    headers |= {header["name"]: header["value"] for header in action.get("httpHeaders") or []}
    url = f"{scheme}://{host}:{_port(action, target)}{path}"
    async with target.http.get(url, headers=headers, allow_redirects=False, ssl=_NO_VERIFICATION) as response:
        if 200 <= response.status < 400:
            return ""
        return f"HTTP probe failed with statuscode: {response.status}"


async def _tcp(action: Object, target: Target, /) -> str:
    host = action.get("host") or target.address
    _, writer = await asyncio.open_connection(host, _port(action, target))
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ""


async def _exec(action: Object, target: Target, /) -> str:
    code, output = await target.execute(action["command"])
    return "" if code == 0 else output or f"command failed with exit code {code}"


async def _sleep(action: Object, _target: Target, /) -> str:
    await asyncio.sleep(action["seconds"])
    return ""


_ACTIONS: dict[str, Callable[[Object, Target], Awaitable[str]]] = {
    "httpGet": _http,
    "tcpSocket": _tcp,
    "exec": _exec,
    "sleep": _sleep,
}
"""Each returns what went wrong, or nothing."""

_NO_VERIFICATION = ssl.create_default_context()
_NO_VERIFICATION.check_hostname = False
_NO_VERIFICATION.verify_mode = ssl.CERT_NONE
