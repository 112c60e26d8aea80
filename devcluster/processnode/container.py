"""The life of one container: pulled, configured, run, and run again with back-off, by the kubelet's rules.

It writes what happens into its ``report``; what that means for the pod is not its business.
"""

import asyncio
import contextlib
import time

from devcluster.processnode import environment, images, instance, sandbox, status
from devcluster.processnode.apiserver import Object
from devcluster.processnode.backoff import Backoff


class Container:
    """``begin`` starts it; ``task`` ends when it will not run again."""

    def __init__(self, *, pod: sandbox.Sandbox, name: str, init: bool) -> None:
        self._pod = pod
        self._section = "initContainers" if init else "containers"
        self._name = name
        pod_policy = pod.pod["spec"].get("restartPolicy") or "Always"
        sidecar = init and self.spec.get("restartPolicy") == "Always"
        policy = pod_policy
        if init:  # an init container runs until it has ended well, once
            policy = "Always" if sidecar else "Never" if pod_policy == "Never" else "OnFailure"
        comes_later = not init and pod.pod["spec"].get("initContainers")
        self.report = status.Report(
            name=name,
            image=self.spec["image"],
            policy=policy,
            sidecar=sidecar,
            state=status.Waiting(reason="PodInitializing" if comes_later else "ContainerCreating"),
        )
        self.task: asyncio.Task[None] | None = None
        self.started = asyncio.Event()
        """Set when it has first started up: what the container after a sidecar waits for."""
        self._instance: instance.Instance | None = None
        self._stopping = False
        self._wake = asyncio.Event()
        self._crashes = Backoff(base=pod.host.backoff_base)
        self._pulls = Backoff(base=pod.host.backoff_base)

    @property
    def spec(self) -> Object:
        """The container as the pod has it now."""
        found: Object = next(
            entry for entry in self._pod.pod["spec"][self._section] if entry["name"] == self._name
        )
        return found

    def adopt(self, reported: Object, /) -> None:
        """Go on from a status that an earlier node wrote. What that one ran is dead: it died with the node."""
        state = reported.get("state") or {}
        self.report.restarts = reported.get("restartCount") or 0
        self.report.last = status.read_terminated(reported.get("lastState") or {})
        self.report.image_id = reported.get("imageID") or ""
        if ended := status.read_terminated(state):
            self.report.state = ended
        elif running := state.get("running"):
            self.report.state = status.Terminated(
                exit_code=137,
                reason="ContainerStatusUnknown",
                message="The container could not be located: the node that ran it has ended",
                started_at=running.get("startedAt") or "",
                finished_at=status.now(),
                container_id=reported.get("containerID") or "",
            )

    def begin(self) -> asyncio.Task[None]:
        """Start its life, once."""
        if self.task is None:
            self.task = asyncio.create_task(self._live(), name=f"container {self._name}")
        return self.task

    def respec(self) -> None:
        """Take up a changed image: what runs is replaced, whatever the restart policy."""
        if self.spec["image"] == self.report.image:
            return
        self.report.image = self.spec["image"]
        self._pulls = Backoff(base=self._pulls.base)
        self._wake.set()
        if self._instance is not None:
            why = f"Container {self._name} definition changed, will be restarted"
            self._instance.end(why, grace=self._pod.grace, replaced=True)

    async def stop(self, *, grace: float) -> None:
        """End it for good within ``grace`` seconds, and wait for that. Called again, it only hastens."""
        self._stopping = True
        if self._instance is not None:
            self._instance.end(f"Stopping container {self._name}", grace=grace)
        elif self.task is not None:
            self.task.cancel()
        if self.task is not None:
            await asyncio.wait({self.task})
        if isinstance(self.report.state, status.Waiting):
            self.report.state = self.report.last or status.Terminated(
                exit_code=137,
                reason="ContainerStatusUnknown",
                message="The container was not running when the pod was terminated",
                finished_at=status.now(),
            )
        self._pod.changed()

    async def _live(self) -> None:
        if self._stopping:
            return
        if isinstance(self.report.state, status.Terminated):
            if not self._restarts(self.report.state.exit_code):
                return
            self.report.restarts += 1
        elif self.report.last is not None:
            self.report.restarts += 1
        while True:
            code, replaced = await self._run_once()
            if not self._restarts(code, replaced=replaced):
                return
            await self._back_off()
            self.report.restarts += 1

    def _restarts(self, code: int, /, *, replaced: bool = False) -> bool:
        if self._stopping or replaced:
            return not self._stopping
        return self.report.policy == "Always" or (self.report.policy == "OnFailure" and code != 0)

    async def _run_once(self) -> tuple[int, bool]:
        image = await self._image()
        invocation = await self._invocation(image)
        self.report.image_id = image.id
        self._instance = instance.Instance(
            spec=self.spec, pod=self._pod, report=self.report, invocation=invocation, started=self.started
        )
        try:
            return await self._instance.run(), self._instance.replaced
        finally:
            self._instance = None

    # Waiting

    def _wait(self, reason: str, message: str, /) -> None:
        """Report that it waits; how it ended before becomes its last state."""
        if isinstance(self.report.state, status.Terminated):
            self.report.last = self.report.state
        self.report.state = status.Waiting(reason=reason, message=message)
        self._pod.changed()

    async def _pause(self, seconds: float, /) -> None:
        """Wait, but not past a change of the image."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout=seconds)

    async def _back_off(self) -> None:
        failed = time.monotonic()
        if wait := self._crashes.remaining(failed=failed, now=failed):
            metadata = self._pod.pod["metadata"]
            pod = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            message = f"restarting failed container={self._name} pod={pod}"
            self._wait("CrashLoopBackOff", f"back-off {wait:g}s {message}")
            self._pod.event("BackOff", f"Back-off {message}", warning=True)
            await self._pause(wait)
        self._crashes.step(failed=failed, now=time.monotonic())

    async def _image(self) -> images.Image:
        table = self._pod.host.images
        while True:
            name = self.report.image
            try:
                image = table.find(name)
            except images.PullError as error:
                await self._pull_failed(name, error)
                continue
            if table.present(image):
                self._pod.event("Pulled", f'Container image "{name}" already present on machine')
                return image
            self._pod.event("Pulling", f'Pulling image "{name}"')
            await table.pull(image)
            self._pod.event("Pulled", f'Successfully pulled image "{name}" in {image.pull_seconds:g}s')
            return image

    async def _pull_failed(self, name: str, error: images.PullError, /) -> None:
        failed = time.monotonic()
        self._pulls.step(failed=failed, now=failed)
        self._pod.event("Failed", str(error), warning=True)
        self._pod.event("Failed", "Error: ErrImagePull", warning=True)
        self._wait("ErrImagePull", str(error))
        await self._pause(self._pulls.base / 10)
        if self.report.image == name:
            self._pod.event("BackOff", f'Back-off pulling image "{name}"')
            self._pod.event("Failed", "Error: ImagePullBackOff", warning=True)
            self._wait("ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {error}')
            await self._pause(self._pulls.remaining(failed=failed, now=time.monotonic()))

    async def _invocation(self, image: images.Image, /) -> environment.Invocation:
        """Work out what to run; while something that it needs is missing, say so and try again."""
        while True:
            try:
                return await self._pod.compose(self.spec, image=image)
            except environment.ConfigError as error:
                self._pod.event("Failed", f"Error: {error}", warning=True)
                self._wait("CreateContainerConfigError", str(error))
                await self._pause(self._pod.host.backoff_base)
