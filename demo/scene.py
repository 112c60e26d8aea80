"""What the steps of the story share: the stage, the client, the teller, and the few ways to look and to wait.

Nothing here knows what the story is about; each question is answered from the cluster, the operating system
or the client at the moment it is asked.
"""

import asyncio
import dataclasses
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from demo import cluster, errors, names, stage, telling, traffic

POLL_SECONDS = 0.2


@dataclasses.dataclass
class Scene:
    """What the steps share."""

    stage: stage.Stage
    traffic: traffic.Traffic
    telling: telling.Telling

    async def kubectl(self, *arguments: str) -> None:
        """Run a kubectl command for all to see."""
        self.telling.rest()
        self.telling.command(cluster.shown(arguments))
        await self.stage.cluster.kubectl(*arguments)

    async def patch_model(self, spec: dict[str, Any]) -> None:
        """Change the ModelDeployment's spec as a person would."""
        patch = json.dumps({"spec": spec})
        await self.kubectl("-n", names.NAMESPACE, "patch", "mdep", names.MODEL, "--type=merge", "-p", patch)

    async def until(
        self, check: Callable[[], Awaitable[str | None]], *, within: float, otherwise: str
    ) -> str:
        """Return what `check` says once it says something; `errors.StoryError` after `within` seconds."""
        deadline = time.monotonic() + within
        while True:
            found = await check()
            if found is not None:
                self.telling.rest()
                return found
            if not self.stage.operator_is_alive():
                raise errors.StoryError("the operator has ended by itself: see operator.log")
            if time.monotonic() > deadline:
                now = await self.how_things_stand()
                raise errors.StoryError(f"{otherwise} within {within:.0f} s. {now}")
            self.telling.watching(await self.how_things_stand(), alarming=self._clients_suffer())
            await asyncio.sleep(POLL_SECONDS)

    async def how_things_stand(self) -> str:
        """Return one line: what the operator says, what runs, what the client gets."""
        status = (await self.stage.cluster.model()).get("status", {})
        counts = self.traffic.over(2)
        ratio = self.traffic.error_ratio()
        seen = "no answers" if ratio is None else f"{ratio:5.1%} errors over 10 s"
        rates = [round(count / 2) for count in (counts.ok, counts.failed, counts.unanswered)]
        client = "{:3d} ok/s {:3d} failed/s {:3d} unanswered/s".format(*rates)
        return f"{status.get('state', '-'):<10} runs {await self.running():<20} {client} {seen}"

    def _clients_suffer(self) -> bool:
        counts = self.traffic.over(2)
        return counts.failed + counts.unanswered > 0

    async def running(self) -> str:
        """Return the model servers that the operating system knows, such as `2 x 1.4.0`."""
        versions = sorted(process.version for process in await self.stage.processes())
        return ", ".join(f"{versions.count(v)} x {v}" for v in dict.fromkeys(versions)) or "none"

    async def serves_only(self, version: str, *, replicas: int = names.REPLICAS) -> bool:
        """Tell whether `replicas` ready pods of `version` run, as many processes, and nothing else."""
        pods = await self.stage.cluster.pods()
        processes = await self.stage.processes()
        return (
            len(pods) == replicas == len(processes)
            and all(cluster.is_ready(pod) and cluster.pod_version(pod) == version for pod in pods)
            and all(process.version == version for process in processes)
        )
