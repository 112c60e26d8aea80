"""The stage on kind: a cluster in a docker container, the model as an image, Prometheus as a Deployment.

It needs docker, kind and kubectl on PATH, and is made of the same manifests as the embedded stage. A cluster
that exists already is used if KUBECONFIG points to it and its current context is one of kind's; it is left
alone afterwards but for the namespaces that the demo made. Only a cluster that the demo created is deleted.
"""

import asyncio
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
from collections.abc import Callable

from demo import cluster, environment, errors, names, operator_process, stage

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "lastgood-demo"
MODEL_PORT = 30080
PROMETHEUS_PORT = 30090
"""Host ports, as `kind-config.yaml` maps them."""
TOOLS = ("docker", "kind", "kubectl")


async def build(
    *, stack: contextlib.AsyncExitStack, work: pathlib.Path, say: Callable[[str], None]
) -> stage.Stage:
    """Build the stage; `stack` ends all of it. Raises `errors.SetUpError` with what is missing or failed."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise errors.SetUpError(
            f"the demo on kind needs {', '.join(missing)} on PATH; `make demo` needs none of it"
        )
    kubeconfig, name = await _cluster(stack=stack, work=work, say=say)
    for version in (names.GOOD, names.FAULTY):
        image = f"{names.IMAGE}:{version}"
        say(f"building {image} and loading it into kind")
        await _run(
            "docker",
            "build",
            "--quiet",
            f"--build-arg=VERSION={version}",
            f"--tag={image}",
            str(environment.EXAMPLE),
        )
        await _run("kind", "load", "docker-image", image, "--name", name)
    reader = await stack.enter_async_context(cluster.Cluster(kubeconfig=kubeconfig, kubectl="kubectl"))
    await reader.kubectl("apply", "--server-side", "-f", "crds")
    await reader.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", "crds")
    await reader.kubectl("apply", "-f", "examples/mlserver/prometheus.yaml")
    await reader.kubectl("apply", "-f", "examples/mlserver/deployment.yaml")
    node_port = {
        "spec": {"type": "NodePort", "ports": [{"name": "http", "port": 8080, "nodePort": MODEL_PORT}]}
    }
    await reader.kubectl("-n", names.NAMESPACE, "patch", "service", names.MODEL, "-p", json.dumps(node_port))
    say("waiting for Prometheus and the model servers")
    await _run(
        "kubectl",
        f"--kubeconfig={kubeconfig}",
        "-n",
        "monitoring",
        "rollout",
        "status",
        "deploy/prometheus",
        "--timeout=180s",
    )
    await _run(
        "kubectl",
        f"--kubeconfig={kubeconfig}",
        "-n",
        names.NAMESPACE,
        "rollout",
        "status",
        f"deploy/{names.MODEL}",
        "--timeout=180s",
    )
    prometheus_url = f"http://127.0.0.1:{PROMETHEUS_PORT}"
    operator = operator_process.OperatorProcess(
        kubeconfig=kubeconfig, prometheus_url=prometheus_url, log=work / "operator.log"
    )
    stack.push_async_callback(operator.stop)
    await operator.start(reader)
    rows = json.loads(
        await _run("docker", "run", "--rm", f"{names.IMAGE}:{names.GOOD}", "cat", "/models/rows.json")
    )
    return stage.Stage(
        cluster=reader,
        address=f"127.0.0.1:{MODEL_PORT}",
        prometheus_url=prometheus_url,
        rows=rows,
        logs=work,
        kubectl="kubectl",
        processes=functools.partial(_processes, f"{name}-control-plane"),
        operator_address=operator.address,
        operator_is_alive=operator.is_alive,
    )


async def _cluster(
    *, stack: contextlib.AsyncExitStack, work: pathlib.Path, say: Callable[[str], None]
) -> tuple[pathlib.Path, str]:
    """Return the kubeconfig and the name of a kind cluster, creating one unless KUBECONFIG points to one."""
    given = os.environ.get("KUBECONFIG")
    if given:
        context = (await _run("kubectl", "config", "current-context")).strip()
        if not context.startswith("kind-"):
            raise errors.SetUpError(
                f"the current context of KUBECONFIG={given} is {context}, which is not a kind cluster: "
                "unset KUBECONFIG, and the demo makes a cluster of its own"
            )
        say(f"using the kind cluster {context.removeprefix('kind-')} of KUBECONFIG")
        stack.push_async_callback(_leave, pathlib.Path(given))
        return pathlib.Path(given), context.removeprefix("kind-")
    kubeconfig = work / "kubeconfig"
    say(f"creating the kind cluster {NAME}")
    stack.push_async_callback(_run, "kind", "delete", "cluster", "--name", NAME)
    await _run(
        *("kind", "create", "cluster", "--config", str(ROOT / "kind-config.yaml")),
        *("--kubeconfig", str(kubeconfig), "--wait", "120s"),
    )
    return kubeconfig, NAME


async def _leave(kubeconfig: pathlib.Path) -> None:
    """Take the demo's namespaces off a cluster that was there before."""
    for namespace in (names.NAMESPACE, "monitoring"):
        await _run(
            "kubectl", f"--kubeconfig={kubeconfig}", "delete", "namespace", namespace, "--ignore-not-found"
        )


async def _processes(node: str) -> list[stage.Process]:
    """Ask the node's own process table for model servers; the container's command line names the version."""
    # pgrep exits with 1 when it finds nothing.
    listing = await _run("docker", "exec", node, "sh", "-c", "pgrep -a -f 'mlserver start' || test $? -eq 1")
    server = re.compile(r"(\d+) \S*python\S* .*mlserver start /models/(\S+)")
    matches = (server.fullmatch(line) for line in listing.splitlines())
    return [stage.Process(id=match[1], version=match[2]) for match in matches if match is not None]


async def _run(*command: str) -> str:
    """Run a command and return its output. Raises `errors.SetUpError` with its last words if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        tail = "\n".join(err.decode().strip().splitlines()[-8:])
        raise errors.SetUpError(
            f"`{' '.join(command[:4])} ...` failed with exit code {process.returncode}:\n{tail}"
        )
    return out.decode()
