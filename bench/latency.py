"""How long the two things take that must never be late: a kill, and a rollback.

    python bench/latency.py [--models 20] [--json bench/results/latency.json]

Runs an operator as a process of its own against the embedded cluster. A kill is timed from sending the patch of
`spec.killSwitch.engaged` to the watch event of the Deployment at zero replicas, a rollback from the moment when
Prometheus first answers with the bad value to the watch event of the Deployment with the earlier image. Both include
one trip of a watch event to the bench.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "operator")]

from devcluster import Cluster, ClusterOptions  # noqa: E402  (the path comes first)
from lastgood.kube import client, resources  # noqa: E402
from tests.cluster.operator import running  # noqa: E402
from tests.unit.observe import answering  # noqa: E402

INTERVAL, FOR = 2.0, 1.0
KILL_TARGET, BLIND_KILL_TARGET, ROLLBACK_SLACK = 0.100, 1.0, 0.5
PATIENCE = 120.0


@dataclass
class Deployments:
    """The Deployments of one namespace as a watch brings them, with the moment of each event."""

    now: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self, api: client.ApiServer, namespace: str) -> None:
        """Follow the watch until cancelled."""
        url = api.configuration.host + resources.DEPLOYMENTS.path(namespace=namespace)
        ssl = api.ssl_context
        headers = {"Authorization": api.configuration.api_key["BearerToken"]}
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(timeout=timeout, read_bufsize=2**22) as session,
            session.get(url, params={"watch": "true"}, headers=headers, ssl=ssl) as stream,
        ):
            async for line in stream.content:
                event = json.loads(line)
                async with self.changed:
                    self.now[event["object"]["metadata"]["name"]] = event["object"]
                    self.changed.notify_all()

    async def until(self, holds: Callable[[dict[str, Any]], bool], name: str) -> float:
        """Return the moment at which a Deployment was seen to be as wanted."""
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: name in self.now and holds(self.now[name]))
            return time.perf_counter()

    async def all_until(
        self, holds: Callable[[dict[str, Any]], bool], names: Sequence[str], *, patience: float
    ) -> list[float]:
        """Return the moments at which Deployments were seen to be as wanted, the first one first.

        One waits for all: hundreds that each wait for their own would take the time that is measured.
        """
        waiting, moments = set(names), list[float]()
        async with asyncio.timeout(patience), self.changed:
            while waiting:
                there = {name for name in waiting if name in self.now and holds(self.now[name])}
                moments += [time.perf_counter()] * len(there)
                waiting -= there
                if waiting:
                    await self.changed.wait()
        return moments


class Bench(running.World):
    """A world of many models, each with an answer of its own."""

    def answers(self, name: str, value: float) -> None:
        """Make the query of one model give a value."""
        self._script.results = {
            **self._script.results,
            f'error_ratio{{model="{name}"}}': answering.vector(str(value)),
        }

    def fill(self, names: Sequence[str]) -> None:
        """Create models with their Deployments, and wait until each has a Good version."""
        for name in names:
            self.answers(name, 0.0)
            spec = running.model(name, version="1.4.0", interval=f"{INTERVAL:g}s")
            spec["spec"]["thresholds"][0] |= {"query": 'error_ratio{model="$model"}', "for": f"{FOR:g}s"}
            self.apply(running.deployment(name, image=f"{name}:1.4.0", replicas=2), spec)
        self.eventually(lambda: all(self.is_good(name) for name in names), within=PATIENCE)

    def is_good(self, name: str) -> bool:
        """Whether the version that runs is Good."""
        status = self.get("mdep", name).get("status") or {}
        return bool(status.get("lastGoodVersion")) and status.get("state") == "Serving"


def runs(image: str) -> Callable[[dict[str, Any]], bool]:
    """Return whether a Deployment's first container has an image."""
    return lambda found: bool(found["spec"]["template"]["spec"]["containers"][0]["image"] == image)


async def kills(world: running.World, api: client.ApiServer, names: Sequence[str]) -> list[float]:
    """Kill one model after the other; return the seconds that each took."""
    taken = []
    async with following(api, world.namespace) as deployments:
        for name in names:
            await deployments.until(lambda d: d["spec"]["replicas"] > 0, name)
            begun = time.perf_counter()
            body = {"spec": {"killSwitch": {"engaged": True, "reason": "bench"}}}
            await api.patch(resources.MODEL_DEPLOYMENTS, world.namespace, name, body)
            taken.append(await deployments.until(lambda d: d["spec"]["replicas"] == 0, name) - begun)
            # One kill at a time: the pods of the last one are gone, and it is told.
            await asyncio.to_thread(world.eventually, partial(killed, world, name), within=PATIENCE)
    return taken


async def rollbacks(world: Bench, api: client.ApiServer, names: Sequence[str]) -> list[float]:
    """Let one model after the other breach; return the seconds that each rollback took."""
    taken = []
    async with following(api, world.namespace) as deployments:
        for name in names:
            await api.patch(
                resources.MODEL_DEPLOYMENTS, world.namespace, name, {"spec": {"version": "1.5.0"}}
            )
        for name in names:
            await deployments.until(runs(f"{name}:1.5.0"), name)
            await asyncio.to_thread(world.eventually, partial(baking, world, name), within=PATIENCE)
            begun = time.perf_counter()
            world.answers(name, 0.9)
            seen = await deployments.until(runs(f"{name}:1.4.0"), name)
            taken.append(seen - begun)
            world.answers(name, 0.0)
    return taken


def killed(world: running.World, name: str) -> bool:
    """Whether it is verified that no pod of a model is left."""
    return (world.get("mdep", name).get("status") or {}).get("state") == "Killed"


def baking(world: running.World, name: str) -> bool:
    """Whether 1.5.0 runs and its threshold is OK."""
    status = world.get("mdep", name).get("status") or {}
    verdicts = [t["verdict"] for t in status.get("thresholds") or [] if t["version"] == "1.5.0"]
    return verdicts == ["OK"]


@asynccontextmanager
async def following(api: client.ApiServer, namespace: str) -> AsyncIterator[Deployments]:
    """Follow the Deployments of a namespace for as long as the context lasts."""
    deployments = Deployments()
    task = asyncio.create_task(deployments.follow(api, namespace))
    try:
        yield deployments
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def measure(cluster: Cluster, models: int) -> dict[str, list[float]]:
    """Return the seconds of all kills and rollbacks."""
    api = await client.connect(kubeconfig=str(cluster.kubeconfig))
    script = answering.Script()
    cluster.kubectl("create", "namespace", "bench")
    with answering.serve(script) as url:
        world = Bench(cluster, "bench", url, script)
        names = [f"model-{number}" for number in range(models)]
        with world.operator(flags=["--log-level=warning"]):
            await asyncio.to_thread(world.fill, names)
            found = {"rollback": await rollbacks(world, api, names[: max(models // 4, 3)])}
            half = len(names) // 2
            found["kill"] = await kills(world, api, names[:half])
            world.breaks_down(lambda handler: handler.reply(503, b"down", "text/plain"))
            found["kill without Prometheus"] = await kills(world, api, names[half:])
        world.close()
    await api.aclose()
    return found


def show(found: dict[str, list[float]]) -> dict[str, Any]:
    """Print one table and return its figures."""
    limits = {
        "kill": KILL_TARGET,
        "kill without Prometheus": BLIND_KILL_TARGET,
        "rollback": FOR + INTERVAL + ROLLBACK_SLACK,
    }
    meaning = {
        "kill": "patch of the kill switch → Deployment at zero (target: the median)",
        "kill without Prometheus": "the same while Prometheus answers 503 (target: each)",
        "rollback": f"bad value in Prometheus → earlier image, for {FOR:g} s, interval {INTERVAL:g} s (target: each)",
    }
    table = Table(title="Latency", title_justify="left")
    for column in ("what", "n", "median s", "p95 s", "max s", "target s", "met"):
        table.add_column(column, justify="left" if column == "what" else "right")
    figures: dict[str, Any] = {}
    for name, taken in found.items():
        median, most = statistics.median(taken), max(taken)
        p95 = sorted(taken)[min(len(taken) - 1, round(0.95 * len(taken)))]
        met = (median if name == "kill" else most) <= limits[name]
        table.add_row(
            meaning[name],
            str(len(taken)),
            *(f"{seconds:.3f}" for seconds in (median, p95, most, limits[name])),
            "yes" if met else "no",
        )
        figures[name] = {"n": len(taken), "median": median, "p95": p95, "max": most, "target": limits[name]}
    Console(width=150).print(table)
    return figures


def main() -> None:
    """Measure, print a table, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results" / "latency.json")
    given = parser.parse_args()
    with Cluster.start(ClusterOptions()) as cluster:
        cluster.kubectl("apply", "--server-side", "-f", ROOT / "crds")
        cluster.kubectl("wait", "--for=condition=Established", "-f", ROOT / "crds")
        figures = show(asyncio.run(measure(cluster, given.models)))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
