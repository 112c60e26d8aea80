"""The stage without docker: the embedded cluster with a node that runs containers as local processes.

The cluster, its Prometheus and its binaries are `devcluster`'s; this module adds what is the demo's own: the
model server's environment in place of an image, the model's manifests, and the operator. Linux only, as the
process node is.
"""

import asyncio
import contextlib
import functools
import pathlib
import string
import sys
import time
from collections.abc import Awaitable, Callable

import devcluster
from demo import cluster, environment, errors, names, operator_process, stage, traffic
from devcluster import binaries

ROOT = pathlib.Path(__file__).resolve().parent.parent
READY_SECONDS = 120.0


async def build(
    *, stack: contextlib.AsyncExitStack, work: pathlib.Path, say: Callable[[str], None]
) -> stage.Stage:
    """Build the stage; `stack` ends all of it. Raises `errors.SetUpError` when a part does not start."""
    if sys.platform != "linux":
        raise errors.SetUpError(
            "this demo runs pods as processes, which needs Linux: use `make demo-kind` with docker"
        )
    await _build_what_is_missing(say=say)
    servers = await asyncio.to_thread(environment.model_server_environment, say=say)
    models = await asyncio.to_thread(environment.model_artifacts, environment=servers, say=say)
    images = _image_table(work=work, servers=servers, models=models)
    running = _start_cluster(stack=stack, images=images, say=say)
    kubectl = running.kubectl_path
    prometheus_url = running.prometheus_url or ""
    reader = await stack.enter_async_context(cluster.Cluster(kubeconfig=running.kubeconfig, kubectl=kubectl))
    await reader.kubectl("apply", "--server-side", "-f", "crds")
    await reader.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", "crds")
    await reader.kubectl("apply", "-f", "examples/mlserver/deployment.yaml")
    processes = functools.partial(_processes, models)
    say(f"starting {names.REPLICAS} MLServer pods of {names.MODEL} {names.GOOD}")
    address = await _until_ready(reader, processes=processes)
    operator = operator_process.OperatorProcess(
        kubeconfig=running.kubeconfig, prometheus_url=prometheus_url, log=work / "operator.log"
    )
    stack.push_async_callback(operator.stop)
    await operator.start(reader)
    say(f"the operator runs (process {operator.pid}, log {operator.log.relative_to(ROOT)})")
    return stage.Stage(
        cluster=reader,
        address=address,
        prometheus_url=prometheus_url,
        rows=traffic.rows_kept_aside(models),
        logs=work,
        kubectl=kubectl,
        processes=processes,
        operator_address=operator.address,
        operator_is_alive=operator.is_alive,
    )


def _start_cluster(
    *, stack: contextlib.AsyncExitStack, images: pathlib.Path, say: Callable[[str], None]
) -> devcluster.Cluster:
    say("starting etcd, API server, controllers, scheduler, a process node and Prometheus")
    options = devcluster.ClusterOptions(kwok_nodes=0, process_nodes=1, images=images, prometheus=True)
    try:
        running = devcluster.Cluster.start(options)
    except devcluster.DevclusterError as error:
        raise errors.SetUpError(str(error)) from error
    stack.callback(running.stop)
    return running


async def _build_what_is_missing(*, say: Callable[[str], None]) -> None:
    """Build the cluster's binaries unless they are at hand; the build shows its own progress."""
    if all(source.present for source in binaries.sources().values()):
        return
    say("building the cluster's binaries with Go: once, about ten minutes on two cores")
    build = await asyncio.create_subprocess_exec(sys.executable, "-m", "devcluster", "build", cwd=ROOT)
    try:
        code = await build.wait()
    except asyncio.CancelledError:
        if build.returncode is None:
            build.terminate()
            await build.wait()
        raise
    if code != 0:
        raise errors.SetUpError(
            f"`python -m devcluster build` failed with exit code {code}: its words are above"
        )


def _image_table(*, work: pathlib.Path, servers: pathlib.Path, models: pathlib.Path) -> pathlib.Path:
    """Write the process node's image table: the example's own, with the two folders filled in."""
    template = string.Template((environment.EXAMPLE / "images.yaml").read_text())
    table = work / "images.yaml"
    table.write_text(template.safe_substitute(ENVIRONMENT=str(servers), MODELS=str(models)))
    return table


async def _until_ready(
    reader: cluster.Cluster, *, processes: Callable[[], Awaitable[list[stage.Process]]]
) -> str:
    """Wait until all pods are ready and the Service has an address; return the address."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        service = await reader.read(f"/api/v1/namespaces/{names.NAMESPACE}/services/{names.MODEL}") or {}
        address = service.get("metadata", {}).get("annotations", {}).get(names.ADDRESS_ANNOTATION)
        pods = await reader.pods()
        if address and len(pods) == names.REPLICAS and all(cluster.is_ready(pod) for pod in pods):
            return f"{address}:{names.PORT}"
        await asyncio.sleep(0.2)
    running = len(await processes())
    raise errors.SetUpError(
        f"{names.REPLICAS} ready pods of {names.MODEL} were expected within {READY_SECONDS:.0f} s; "
        f"{running} model servers run: see the pods' logs"
    )


async def _processes(models: pathlib.Path) -> list[stage.Process]:
    return _model_servers(models)


def _model_servers(models: pathlib.Path) -> list[stage.Process]:
    """Ask /proc for the model servers: processes whose last argument is a folder of this demo's models."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            arguments = (entry / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
            # The node's launcher repeats the command in its own arguments; the server itself begins with it.
            if arguments[-1].startswith(f"{models}/") and "launcher.py" not in " ".join(arguments[:5]):
                found.append(stage.Process(id=entry.name, version=pathlib.Path(arguments[-1]).name))
    return found
