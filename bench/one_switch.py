"""One write that stops hundreds of models.

    python bench/one_switch.py [--models 500] [--release] [--json bench/results/one_switch.json]

Runs an operator as a process of its own against the embedded cluster, with one replica for each model and one switch
whose selector names them all. Timed from sending the switch to the watch event of the last Deployment at zero, which
is when all scale patches are accepted, and to `Verified`, which is when no pod is left. The requests are those that the
operator counts itself, in between; what else happens meanwhile (statuses, events, readings) is among them. With
`--release` the switch is then released by one write, and timed is how the models start again, one after the other.
"""

import argparse
import asyncio
import collections
import json
import os
import re
import socket
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "operator")]

from bench import latency  # noqa: E402  (the path comes first)
from devcluster import Cluster, ClusterOptions  # noqa: E402
from lastgood.kube import client, resources  # noqa: E402
from tests.cluster.operator import running  # noqa: E402
from tests.unit.observe import answering  # noqa: E402

NAMESPACE, SWITCH = "bench", "stop-them-all"
LABELS = {"team": "payments"}
FLAGS = ("--log-level=warning", "--lease-duration=15s", "--renew-deadline=10s", "--retry-period=2s")
PATIENCE = 600.0
LONGEST_RETURN = 900.0
"""Seconds within which all start again: rule K10 spreads the starts over ten minutes at most."""
AT_ONCE = 16
"""Requests of the bench itself at a time, while it fills the namespace."""
COUNTED = re.compile(r'^lastgood_api_requests_total\{outcome="(\w+)",verb="(\w+)"\} (\S+)$', re.MULTILINE)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def requests_made(port: int) -> dict[str, int]:
    """Return the operator's requests so far, by verb and outcome."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {f"{verb} {outcome}": int(float(count)) for outcome, verb, count in COUNTED.findall(text)}


def processor_time(pid: int) -> float:
    """Return the seconds for which a process has run on a processor: other work on the machine adds none."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def fill(api: client.ApiServer, names: Sequence[str]) -> None:
    """Create the models and their Deployments."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with turn:
            deployment = running.deployment(name, image=f"{name}:1.4.0", replicas=1)
            model = running.model(name, version="1.4.0", interval="15s")
            model["metadata"]["labels"] = LABELS
            await api.create(resources.DEPLOYMENTS, NAMESPACE, deployment)
            await api.create(resources.MODEL_DEPLOYMENTS, NAMESPACE, model)

    await asyncio.gather(*(one(name) for name in names))


async def until_all(world: running.World, api: client.ApiServer, names: Sequence[str], state: str) -> float:
    """Wait until the status of each model says one state; return the moment."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await api.list(resources.MODEL_DEPLOYMENTS, world.namespace)
        states = [(raw.get("status") or {}).get("state") for raw in found]
        if states.count(state) == len(names):
            return time.perf_counter()
        if time.monotonic() > deadline:
            raise TimeoutError({each: states.count(each) for each in set(states)})
        await asyncio.sleep(0.5)


async def measure(cluster: Cluster, models: int, *, release: bool) -> dict[str, Any]:
    """Return what one switch over so many models took, and its release."""
    api = await client.connect(kubeconfig=str(cluster.kubeconfig))
    script, port = answering.Script(), free_port()
    cluster.kubectl("create", "namespace", NAMESPACE)
    names = [f"model-{number}" for number in range(models)]
    with answering.serve(script) as url:
        world = running.World(cluster, NAMESPACE, url, script)
        world.measures(error_ratio=0.0)
        await fill(api, names)
        with world.operator(flags=[*FLAGS, f"--metrics-address=127.0.0.1:{port}"]) as operator:
            await until_all(world, api, names, "Serving")
            found = await engage(world, api, names, port, pid=operator.process.pid)
            if release:
                found |= await start_again(api, names, port, pid=operator.process.pid)
        world.close()
    await api.aclose()
    return found


async def engage(
    world: running.World, api: client.ApiServer, names: Sequence[str], port: int, *, pid: int
) -> dict[str, Any]:
    """Engage one switch over all models; return the seconds that it took, and the requests that were made."""
    body = {
        "metadata": {"name": SWITCH},
        "spec": {"engaged": True, "reason": "bench", "selector": {"matchLabels": LABELS}},
    }
    async with latency.following(api, NAMESPACE) as deployments:
        await deployments.until(lambda d: d["spec"]["replicas"] == 1, names[-1])
        before, worked, begun = requests_made(port), processor_time(pid), time.perf_counter()
        await api.create(resources.KILL_SWITCHES, NAMESPACE, body)
        at_zero = await deployments.all_until(lambda d: d["spec"]["replicas"] == 0, names, patience=PATIENCE)
        meanwhile, work = requests_made(port), processor_time(pid) - worked
    await asyncio.to_thread(world.eventually, lambda: verified(world), within=PATIENCE)
    done = time.perf_counter()
    await until_all(world, api, names, "Killed")
    after = requests_made(port)
    switch = world.get("kswitch", SWITCH)
    return {
        "models": len(names),
        "seconds to the first at zero": at_zero[0] - begun,
        "seconds to half of them at zero": at_zero[len(at_zero) // 2] - begun,
        "seconds to all at zero": at_zero[-1] - begun,
        "seconds to Verified": done - begun,
        "processor seconds of the operator until all at zero": work,
        "entries": len(switch["spec"]["restore"]),
        "writes of the switch's spec": switch["metadata"]["generation"],
        "requests until all at zero": less(meanwhile, before),
        "requests until all is told": less(after, before),
    }


async def start_again(api: client.ApiServer, names: Sequence[str], port: int, *, pid: int) -> dict[str, Any]:
    """Release the switch; return how the models start again, and the requests that were made."""
    async with latency.following(api, NAMESPACE) as deployments:
        await deployments.until(lambda d: d["spec"]["replicas"] == 0, names[-1])
        before, worked, begun = requests_made(port), processor_time(pid), time.perf_counter()
        await api.patch(resources.KILL_SWITCHES, NAMESPACE, SWITCH, {"spec": {"engaged": False}})
        moments = await deployments.all_until(
            lambda d: d["spec"]["replicas"] == 1, names, patience=LONGEST_RETURN
        )
        meanwhile, work = requests_made(port), processor_time(pid) - worked
    started = [moment - begun for moment in moments]
    each_second = collections.Counter(int(seconds) for seconds in started)
    return {
        "seconds from the release to the first start": started[0],
        "seconds to half of the starts": started[len(started) // 2],
        "seconds to the last start": started[-1],
        "most starts in one second": max(each_second.values()),
        "processor seconds of the operator until all have started": work,
        "requests until all have started": less(meanwhile, before),
    }


def less(later: dict[str, int], earlier: dict[str, int]) -> dict[str, int]:
    """Return what was counted in between."""
    return {name: count - earlier.get(name, 0) for name, count in sorted(later.items())}


def verified(world: running.World) -> bool:
    """Whether the switch says that no pod is left."""
    conditions = (world.get("kswitch", SWITCH).get("status") or {}).get("conditions") or []
    return any(each["type"] == "Verified" and each["status"] == "True" for each in conditions)


def show(found: dict[str, Any]) -> None:
    """Print one table."""
    table = Table(title="One switch over many models", title_justify="left")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for name, figure in found.items():
        if isinstance(figure, dict):
            for verb, count in figure.items():
                table.add_row(f"{name}: {verb}", str(count))
        else:
            table.add_row(name, f"{figure:.3f}" if isinstance(figure, float) else str(figure))
    Console(width=120).print(table)


def main() -> None:
    """Measure, print a table, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--release", action="store_true", help="release the switch again")
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results" / "one_switch.json")
    given = parser.parse_args()
    with Cluster.start(ClusterOptions(kwok_nodes=5)) as cluster:
        cluster.kubectl("apply", "--server-side", "-f", ROOT / "crds")
        cluster.kubectl("wait", "--for=condition=Established", "-f", ROOT / "crds")
        found = asyncio.run(measure(cluster, given.models, release=given.release))
    show(found)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
