"""One performance: build the stage, send the traffic, play the story, print the tables, clear all away.

Whatever happens (an error, Ctrl-C, SIGTERM), the exit stack takes the stage down in reverse order, so nothing
is left behind.
"""

import asyncio
import contextlib
import pathlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from demo import cluster, errors, names, scene, stage, story, telling, traffic

QUERY = "query=sum by (model_version, status_code) (rate(rest_server_requests_total[20s]))"
Build = Callable[..., Awaitable[stage.Stage]]
Performance = Coroutine[Any, Any, None]


async def perform(*, build: Build, teller: telling.Telling, work: pathlib.Path, keep: bool) -> None:
    """Play the story on the stage that `build` makes; `errors.DemoError` if a step did not come true."""
    async with contextlib.AsyncExitStack() as stack:
        built = await build(stack=stack, work=work, say=teller.detail)
        client = traffic.Traffic(address=built.address, model=names.MODEL, rows=built.rows)
        await client.start()
        stack.push_async_callback(client.stop)
        teller.detail(f"a client sends {traffic.RATE} rows a second to {built.address}")
        played: list[story.Played] = []
        try:
            await story.play(scene.Scene(stage=built, traffic=client, telling=teller), played=played)
        except errors.DemoError:
            await _tables(built, teller=teller, played=played)
            raise
        await _tables(built, teller=teller, played=played)
        if keep:
            _how_to_look_around(built, teller=teller)
            with contextlib.suppress(asyncio.CancelledError):  # the way to end it
                await asyncio.Event().wait()


async def _tables(built: stage.Stage, *, teller: telling.Telling, played: list[story.Played]) -> None:
    teller.rest()
    model = await built.cluster.model()
    conditions = model.get("status", {}).get("conditions", [])
    teller.table(
        title=f"Conditions of ModelDeployment {names.NAMESPACE}/{names.MODEL}",
        columns=("Type", "Status", "Reason", "Since", "Message"),
        rows=[
            (
                item["type"],
                item["status"],
                item.get("reason", ""),
                teller.since_start(item.get("lastTransitionTime", "")),
                item.get("message", ""),
            )
            for item in conditions
        ],
    )
    teller.table(
        title="Events, oldest first",
        columns=("At", "Object", "Reason", "Message"),
        rows=[
            (
                teller.since_start(cluster.event_time(event)),
                f"{event['involvedObject']['kind']} {event['involvedObject']['name']}",
                event.get("reason", ""),
                event.get("message", ""),
            )
            for event in await built.cluster.events()
        ],
    )
    teller.table(
        title="Steps",
        columns=("#", "Step", "Seconds"),
        rows=[
            (str(number), item.title, f"{item.seconds:.1f}") for number, item in enumerate(played, start=1)
        ],
    )


def _how_to_look_around(built: stage.Stage, *, teller: telling.Telling) -> None:
    prefix = f"{built.kubectl} -n {names.NAMESPACE}"
    teller.note("Everything keeps running, traffic included, until Ctrl-C. In another terminal:")
    for line in (
        f"export KUBECONFIG={built.cluster.kubeconfig}",
        f"{prefix} get lastgood",
        f"{prefix} get mdep {names.MODEL} -o yaml",
        f"{prefix} get events --sort-by=.metadata.creationTimestamp",
        f"{prefix} get pods --show-labels --watch",
        f"curl -s http://{built.address}/v2/health/ready -i",
        f"curl -sG {built.prometheus_url}/api/v1/query --data-urlencode '{QUERY}'",
        f"curl -s {built.operator_address}/metrics | grep ^lastgood_",
        f"tail -f {built.logs}/operator.log",
    ):
        teller.to_copy(line)


def new_work_folder(*, root: pathlib.Path) -> pathlib.Path:
    """Return a new folder for the logs and files of one performance, below `.state/demo`."""
    work = root / ".state" / "demo" / time.strftime("%Y%m%d-%H%M%S")
    work.mkdir(parents=True, exist_ok=True)
    return work
