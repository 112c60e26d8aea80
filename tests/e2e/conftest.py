"""Fixtures around the demo's own modules: the model server's environment, a model server, the whole stage."""

import asyncio
import contextlib
import os
import pathlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from demo import environment, performance, stage, stage_embedded

READY_SECONDS = 90.0
StartServer = Callable[[str], Awaitable[str]]


@pytest.fixture(scope="session")
def server_environment() -> pathlib.Path:
    """The virtual environment with MLServer, as the demo installs it."""
    return environment.model_server_environment(say=print)


@pytest.fixture(scope="session")
def models(server_environment: pathlib.Path) -> pathlib.Path:
    """The trained versions, as the demo trains them."""
    return environment.model_artifacts(environment=server_environment, say=print)


@pytest.fixture
async def start_server(
    server_environment: pathlib.Path, models: pathlib.Path, tmp_path: pathlib.Path
) -> AsyncIterator[StartServer]:
    """Start MLServer with one version on an address of its own; returns HOST:PORT once it is ready."""
    started: list[asyncio.subprocess.Process] = []

    async def start(version: str) -> str:
        host = f"127.70.{os.getpid() % 250}.{len(started) + 1}"
        with (tmp_path / f"{version}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(str(server_environment / "bin" / "mlserver"), "start", str(models / version)),
                env=os.environ
                | {"MLSERVER_HOST": host, "MLSERVER_PARALLEL_WORKERS": "0", "MLSERVER_DEBUG": "false"},
                cwd=tmp_path,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        await until_ready(f"{host}:8080")
        return f"{host}:8080"

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), timeout=15)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def is_ready(address: str) -> bool:
    """Ask the server's own readiness endpoint, as the pod's probe does."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{address}/v2/health/ready") as answer,
        ):
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def until_ready(address: str) -> None:
    """Wait for readiness."""
    deadline = time.monotonic() + READY_SECONDS
    while not await is_ready(address):
        assert time.monotonic() < deadline, f"no model server became ready on {address}"
        await asyncio.sleep(0.1)


@pytest.fixture
async def built_stage() -> AsyncIterator[stage.Stage]:
    """The demo's embedded stage: cluster, process node, Prometheus, two MLServer pods and the operator."""
    work = performance.new_work_folder(root=stage_embedded.ROOT)
    async with contextlib.AsyncExitStack() as stack:
        yield await stage_embedded.build(stack=stack, work=work, say=print)
