"""One run of a container: from the start of its process to its exit, with probes and lifecycle hooks between."""

import asyncio
import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from devcluster.processnode import environment, probe, process, sandbox, status
from devcluster.processnode.apiserver import Object

LEAST_GRACE = 2.0
"""Seconds that a process has after SIGTERM even when its preStop hook took the whole grace period."""
HOOK_LIMIT = 3600.0
"""Seconds for a postStart hook; Kubernetes sets no limit."""
MESSAGE_BYTES = 2048


class Instance:
    """A container that is started once. Its owner runs it with ``run`` and may ``end`` it."""

    def __init__(
        self,
        *,
        spec: Object,
        pod: sandbox.Sandbox,
        report: status.Report,
        invocation: environment.Invocation,
        started: asyncio.Event,
    ) -> None:
        self.replaced = False
        """Whether it was ended to be started again, by a probe or a new image."""
        self._spec = spec
        self._pod = pod
        self._report = report
        self._invocation = invocation
        self._started = started
        self._log = pod.folder / f"{report.name}.log"
        self._process: process.Process | None = None
        self._ending: asyncio.Task[None] | None = None
        self._target = probe.Target(
            address=pod.address, ports=sandbox.named_ports(spec), execute=self._execute, http=pod.host.http
        )

    async def run(self) -> int:
        """Run it to its end and report that. Returns the exit code. Cancelled, it kills what is left."""
        report, moment = self._report, status.now()
        report.container_id = f"process://{uuid.uuid4().hex}"
        try:
            self._process = self._start()
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument or in the environment
            return self._failed_to_start(f"failed to start container: {error}")
        if isinstance(report.state, status.Terminated):
            report.last = report.state
        report.state = status.Running(started_at=moment)
        self._pod.event("Started", f"Started container {report.name}")
        attending = asyncio.create_task(self._attend(), name=f"probes of {report.name}")
        try:
            code = await asyncio.shield(self._process.exit)
        finally:
            for task in (attending, self._ending):
                if task is not None:
                    task.cancel()
            if not self._process.exit.done():
                self._process.kill()
            report.ready = report.started = False
        report.state = status.Terminated(
            exit_code=code,
            reason="Error" if code else "Completed",
            message=self._last_words() if code else "",
            started_at=moment,
            finished_at=status.now(),
            container_id=report.container_id,
        )
        self._pod.changed()
        return code

    def end(self, why: str, /, *, grace: float, replaced: bool = False) -> None:
        """Begin to end it within ``grace`` seconds: preStop, SIGTERM, SIGKILL. Again, it only hastens."""
        if self._process is None:
            return
        if self._ending is not None:
            asyncio.get_running_loop().call_later(grace, self._process.kill)
            return
        self.replaced = replaced
        self._pod.event("Killing", why)
        self._ending = asyncio.create_task(
            self._end(self._process, grace=grace), name=f"end {self._report.name}"
        )

    async def _end(self, running: process.Process, /, *, grace: float) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + grace
        if (hook := (self._spec.get("lifecycle") or {}).get("preStop")) and grace > 0:
            success, message = await probe.attempt(hook, target=self._target, limit=grace)
            if not success:
                self._pod.event("FailedPreStopHook", f"PreStopHook failed: {message}", warning=True)
        await running.stop(grace=max(deadline - clock(), min(grace, LEAST_GRACE)))

    # Start and exit

    def _start(self) -> process.Process:
        """Start the process with a fresh log. Raises OSError when the command or its folder is not there."""
        command, cwd = self._invocation.command, Path(self._invocation.cwd)
        program = str(cwd / command[0]) if "/" in command[0] else command[0]
        if shutil.which(program, path=self._invocation.env.get("PATH")) is None:
            raise FileNotFoundError(f'exec: "{command[0]}": executable file not found')
        if self._log.exists():
            self._log.replace(self._log.with_name(f"{self._log.name}.1"))
        with self._log.open("ab") as output:
            return process.Process(command, env=self._invocation.env, cwd=cwd, output=output)

    def _failed_to_start(self, message: str, /) -> int:
        report = self._report
        if isinstance(report.state, status.Terminated):
            report.last = report.state
        report.state = status.Terminated(
            exit_code=128,
            reason="StartError",
            message=message,
            finished_at=status.now(),
            container_id=report.container_id,
        )
        self._pod.event("Failed", f"Error: {message}", warning=True)
        self._pod.changed()
        return 128

    def _last_words(self) -> str:
        if self._spec.get("terminationMessagePolicy") != "FallbackToLogsOnError":
            return ""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - MESSAGE_BYTES))
            return log.read().decode(errors="replace")
        return ""

    # Probes

    async def _attend(self) -> None:
        if hook := (self._spec.get("lifecycle") or {}).get("postStart"):
            success, message = await probe.attempt(hook, target=self._target, limit=HOOK_LIMIT)
            if not success:
                self._pod.event("FailedPostStartHook", f"PostStartHook failed: {message}", warning=True)
                self.end("FailedPostStartHook", grace=self._pod.grace)
                return
        if (spec := self._spec.get("startupProbe")) and not await self._lives(spec, kind="Startup"):
            return
        self._report.started = True
        self._report.ready = "readinessProbe" not in self._spec
        self._started.set()
        self._pod.changed()
        async with asyncio.TaskGroup() as group:
            if spec := self._spec.get("readinessProbe"):
                group.create_task(self._watch_readiness(spec))
            if spec := self._spec.get("livenessProbe"):
                group.create_task(self._lives(spec, kind="Liveness"))

    async def _watch_readiness(self, spec: Object, /) -> None:
        async for outcome in probe.outcomes(spec, target=self._target):
            if not outcome.success:
                self._unhealthy("Readiness", outcome)
            if outcome.settled and outcome.success is not self._report.ready:
                self._report.ready = outcome.success
                self._pod.changed()

    async def _lives(self, spec: Object, /, *, kind: str) -> bool:
        """Probe until a startup probe succeeds (True) or either kind fails for good and ends the container (False)."""
        async for outcome in probe.outcomes(spec, target=self._target):
            if self._ending is not None:
                return False
            if not outcome.success:
                self._unhealthy(kind, outcome)
            if outcome.settled and outcome.success and kind == "Startup":
                return True
            if outcome.settled and not outcome.success:
                grace = spec.get("terminationGracePeriodSeconds")
                self.end(
                    f"Container {self._report.name} failed {kind.lower()} probe, will be restarted",
                    grace=self._pod.grace if grace is None else float(grace),
                    replaced=self._report.policy != "Never",
                )
                return False
        return False

    def _unhealthy(self, kind: str, outcome: probe.Outcome, /) -> None:
        self._pod.event("Unhealthy", f"{kind} probe failed: {outcome.message}", warning=True)

    async def _execute(self, command: Sequence[str], /) -> tuple[int, str]:
        """Run a command as ``exec`` probes and hooks do: in the container's environment and folder."""
        with tempfile.TemporaryFile() as output:
            running = process.Process(
                command, env=self._invocation.env, cwd=Path(self._invocation.cwd), output=output
            )
            try:
                code = await asyncio.shield(running.exit)
            finally:
                if not running.exit.done():
                    running.kill()
            output.seek(0)
            return code, output.read(1024).decode(errors="replace").strip()
