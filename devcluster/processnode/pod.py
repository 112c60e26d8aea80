"""The life of one pod on this node: volumes, init containers, containers, status, and its end.

A pod object goes only after its last process; its status is written whenever a container has something new to report.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Sequence

from devcluster.processnode import container, environment, sandbox, status, volumes
from devcluster.processnode.apiserver import STRATEGIC, ApiError, Object

log = logging.getLogger(__name__)

LEAST_GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL even when a pod is deleted with no grace at all."""
RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 8.0
LAST_WORD_SECONDS = 2.0
"""For the last status when the node ends: the API server may be ending too."""
FINISHED = ("Succeeded", "Failed")


class Pod:
    """One pod; tell it of changes with ``update`` and ``gone``. ``task`` ends when nothing of it is left."""

    def __init__(self, *, pod: sandbox.Sandbox) -> None:
        self.uid: str = pod.pod["metadata"]["uid"]
        self.address = pod.address
        self._pod = pod
        spec, reported = pod.pod["spec"], pod.pod.get("status") or {}
        self._inits = self._containers("initContainers", reported.get("initContainerStatuses"), init=True)
        self._mains = self._containers("containers", reported.get("containerStatuses"), init=False)
        self._phase: str = reported["phase"] if reported.get("phase") in FINISHED else ""
        self._why = {key: reported[key] for key in ("reason", "message") if self._phase and reported.get(key)}
        self._start_time = reported.get("startTime") or status.now()
        self._conditions: list[Object] = reported.get("conditions") or []
        self._published: Object = {}
        self._dirty = asyncio.Event()
        self._ended = asyncio.Event()
        self._exists = True
        self._grace: float | None = None
        self._hurrying: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        limit = spec.get("activeDeadlineSeconds")
        self._deadline = (
            None if limit is None or self._phase else loop.call_later(limit, self._exceed_deadline)
        )
        pod.changed = self._dirty.set
        self._dirty.set()
        self._publisher = asyncio.create_task(self._publish(), name=f"status of {pod.path}")
        self.task = asyncio.create_task(self._live(), name=pod.path)

    def _containers(
        self, section: str, reported: list[Object] | None, /, *, init: bool
    ) -> list[container.Container]:
        earlier = {entry["name"]: entry for entry in reported or []}
        result = []
        for entry in self._pod.pod["spec"].get(section) or []:
            result.append(container.Container(pod=self._pod, name=entry["name"], init=init))
            if entry["name"] in earlier:
                result[-1].adopt(earlier[entry["name"]])
        return result

    # What the node tells it

    def update(self, pod: Object, /) -> None:
        """Take the pod as it is now: an image may have changed, a label, or its deletion begun."""
        self._pod.pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._end(grace=float(pod["metadata"].get("deletionGracePeriodSeconds") or 0))
        elif not self._phase:
            for entry in (*self._inits, *self._mains):
                entry.respec()
        self._dirty.set()

    def gone(self) -> None:
        """End what still runs, for the object is no more."""
        self._exists = False
        self._end(grace=0)

    def _end(self, *, grace: float) -> None:
        grace = max(LEAST_GRACE, grace)
        if self._grace is not None and grace < self._grace:
            self._hurry(grace=grace)
        self._grace = grace if self._grace is None else min(grace, self._grace)
        self._ended.set()

    def _hurry(self, *, grace: float) -> None:
        task = asyncio.create_task(self._stop(grace=grace), name=f"stop {self._pod.path}")
        self._hurrying.add(task)
        task.add_done_callback(self._hurrying.discard)

    async def shut_down(self, *, grace: float) -> None:
        """End all processes because the node ends; the pod stays, and goes on when the node is back."""
        self.task.cancel()
        await asyncio.wait({self.task})
        await self._stop(grace=min(grace, self._pod.grace))
        self._publisher.cancel()
        with contextlib.suppress(ApiError, TimeoutError):
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await self._write()

    # Its life

    async def _live(self) -> None:
        if self._pod.pod["metadata"].get("deletionTimestamp"):
            self.update(self._pod.pod)
        try:
            if not self._phase and not self._ended.is_set():
                await self._until_ended()
            await self._ended.wait()
            await self._stop(grace=self._grace or LEAST_GRACE)
            if self._exists:
                await self._delete()
        finally:
            self._publisher.cancel()
        shutil.rmtree(self._pod.folder / "volumes", ignore_errors=True)

    async def _until_ended(self) -> None:
        running = asyncio.create_task(self._run(), name=f"containers of {self._pod.path}")
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            running.cancel()
            ended.cancel()

    async def _run(self) -> None:
        """Run everything in its order; return when nothing will run any more."""
        await self._mount()
        for init in self._inits:
            task = init.begin()
            if init.report.sidecar:
                await init.started.wait()
                continue
            await asyncio.wait({task})
            if not init.report.done:
                return
        mains = {main.begin() for main in self._mains}
        await asyncio.wait(mains)
        for task in mains:
            if not task.cancelled():
                task.result()
        for sidecar in reversed(self._inits):
            await sidecar.stop(grace=self._pod.grace)

    async def _mount(self) -> None:
        while True:
            try:
                self._pod.volumes = await volumes.materialise(
                    self._pod.pod, folder=self._pod.folder / "volumes", read=self._pod.read
                )
            except (volumes.MountError, OSError) as error:
                self._pod.event("FailedMount", str(error), warning=True)
            except environment.ConfigError as error:
                self._pod.event("Failed", f"Error: {error}", warning=True)
                for entry in (*self._inits, *self._mains):
                    entry.report.state = status.Waiting(
                        reason="CreateContainerConfigError", message=str(error)
                    )
                self._dirty.set()
            else:
                return
            await asyncio.sleep(self._pod.host.backoff_base)

    async def _stop(self, *, grace: float) -> None:
        """End the containers, then the sidecars, the last one first."""
        if self._deadline is not None:
            self._deadline.cancel()
        await asyncio.gather(*(main.stop(grace=grace) for main in self._mains))
        for init in reversed(self._inits):
            await init.stop(grace=grace)

    def _exceed_deadline(self) -> None:
        self._phase = "Failed"
        self._why = {
            "reason": "DeadlineExceeded",
            "message": "Pod was active on the node longer than the specified deadline",
        }
        self._hurry(grace=self._pod.grace)

    async def _delete(self) -> None:
        """Report the end, then remove the object, if it is still this one."""
        body: Object = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
        while self._exists:
            try:
                await self._write()
                await self._pod.host.api.call("DELETE", self._pod.path, body=body)
            except ApiError as error:
                if error.status not in (404, 409):
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
            return

    # Its status

    async def _publish(self) -> None:
        pause = RETRY_SECONDS
        while self._exists:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._write()
                pause = RETRY_SECONDS
            except ApiError as error:
                log.warning("status of %s is not written: %s", self._pod.path, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY_SECONDS)
                self._dirty.set()

    async def _write(self) -> None:
        """Write the status where it differs from what was last written. Raises ApiError."""
        current = self._status()
        if current == self._published:
            return
        body: Object = {"metadata": {"uid": self.uid}, "status": current}
        await self._pod.host.api.call("PATCH", f"{self._pod.path}/status", body=body, content_type=STRATEGIC)
        self._published = current

    def _status(self) -> Object:
        inits, mains = [entry.report for entry in self._inits], [entry.report for entry in self._mains]
        phase = self._phase or status.phase(inits=inits, mains=mains, ended=self._ended.is_set())
        if phase in FINISHED:
            self._phase = phase
        self._conditions = status.with_transition_times(
            status.conditions(pod=self._pod.pod, pod_phase=phase, inits=inits, mains=mains),
            earlier=self._conditions,
            moment=status.now(),
        )
        return {
            "phase": phase,
            "conditions": self._conditions,
            "hostIP": self._pod.host.address,
            "podIP": self.address,
            "podIPs": [{"$patch": "replace"}, {"ip": self.address}],
            "startTime": self._start_time,
            "containerStatuses": _wire(mains),
            **({"initContainerStatuses": _wire(inits)} if inits else {}),
            **self._why,
        }


def _wire(reports: Sequence[status.Report], /) -> list[Object]:
    return [report.wire() for report in reports]
