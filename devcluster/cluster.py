"""A cluster as tests and the demo use it: start, talk to it, break parts of it, stop.

::

    with Cluster.start(ClusterOptions(prometheus=True)) as cluster:
        cluster.kubectl("apply", "-f", "crds/")
        cluster.stop_component("prometheus")

The handle holds no state but the folder's path: any process can attach to a cluster that runs.
"""

import contextlib
import http.client
import json
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devcluster import binaries, errors, folders
from devcluster.options import ClusterOptions
from devcluster.run import control, identities
from devcluster.run import layout as layouts

STOP_TIMEOUT = 30.0
"""Seconds that an orderly end may take before the keeper is asked to kill everything."""


def state_dir_of(*, name: str | None, state_dir: Path | None) -> Path:
    """Return the folder of a cluster, given or derived from its name."""
    if state_dir is not None:
        return state_dir.absolute()
    return folders.state() / (name or "default")


class Cluster:
    """A running cluster; as a context manager it is stopped at the end."""

    def __init__(self, *, state_dir: Path) -> None:
        """Make a handle; ``start`` and ``attach`` are the ways to get one that works."""
        self.state_dir = state_dir
        self._layout = layouts.Layout(state_dir)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._kubectl: str | None = None

    @classmethod
    def start(
        cls,
        options: ClusterOptions | None = None,
        /,
        *,
        progress: Callable[[Mapping[str, Any]], None] = lambda _event: None,
    ) -> Self:
        """Start a cluster and return when it is ready, about 4 s later. It ends with this process, however that ends.

        ``progress`` hears ``{"event": "ready", "component": ...}`` and at last ``{"event": "up", "seconds": ...}``.
        Raises MissingBinariesError when the binaries are not built, StartError when it does not become ready.
        """
        options = (options or ClusterOptions()).with_absolute_paths()
        paths = binaries.locate()
        name = options.name or f"unnamed-{os.getpid()}-{secrets.token_hex(3)}"
        cluster = cls(state_dir=state_dir_of(name=name, state_dir=options.state_dir))
        cluster._launch(options, paths=paths)
        try:
            cluster._await_up(progress)
        except BaseException:
            cluster._abandon()
            raise
        return cluster

    @classmethod
    def attach(cls, *, name: str | None = None, state_dir: Path | None = None) -> Self:
        """Return the cluster that runs under this name, or in this folder. Raises NotRunningError."""
        cluster = cls(state_dir=state_dir_of(name=name, state_dir=state_dir))
        cluster.status()
        return cluster

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self._layout.kubeconfig

    @property
    def prometheus_url(self) -> str | None:
        """Where Prometheus is, also while it is stopped; None if it was never started."""
        url: str | None = self.status()["prometheus_url"]
        return url

    @property
    def prometheus_dir(self) -> Path:
        """The folder with ``rules/*.yaml`` (read on ``reload_prometheus``) and ``targets/*.json`` (read at once)."""
        return self._layout.prometheus

    def kubeconfig_for(self, user: str, /) -> Path:
        """Return the kubeconfig of a user named in ``ClusterOptions.users``. Raises DevclusterError for others."""
        path = self._layout.users / identities.file_name(user)
        if not path.exists():
            raise errors.DevclusterError(
                f"The cluster has no token for {user!r}: name the user in ClusterOptions.users, "
                "or use kubectl's --as with the administrator's kubeconfig."
            )
        return path

    def kubectl(
        self,
        *arguments: str | Path,
        input: str | None = None,  # noqa: A002 - as subprocess.run calls it
        check: bool = True,
        timeout: float = 60.0,
        user: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the kubectl that belongs to this cluster, as administrator or as ``user``.

        Raises KubectlError for an exit code other than 0 if ``check``, and TimeoutExpired after ``timeout`` seconds.
        """
        result = subprocess.run(
            [self.kubectl_path, *map(str, arguments)],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env=self.environment(user=user),
        )
        if check and result.returncode:
            raise errors.KubectlError(result=result)
        return result

    @property
    def kubectl_path(self) -> str:
        """The path of kubectl."""
        if self._kubectl is None:
            self._kubectl = str(self.status()["kubectl"])
        return self._kubectl

    def environment(self, *, user: str | None = None) -> dict[str, str]:
        """Return this process's environment with the variables that lead clients to the cluster."""
        kubeconfig = self.kubeconfig if user is None else self.kubeconfig_for(user)
        cache = self.state_dir / "kubectl-cache"
        return {**os.environ, "KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(cache)}

    def status(self) -> dict[str, Any]:
        """Return what the supervisor says: addresses, pids, and the state of each component. Raises NotRunningError."""
        return control.ask(self._layout, verb="status")

    def stop_component(self, name: str, /, *, kill: bool = False) -> None:
        """Stop a component (``kube-apiserver``, ``prometheus`` ...) and keep its data; ``kill`` gives it no warning."""
        control.ask(self._layout, verb="stop", component=name, kill=kill)

    def start_component(self, name: str, /) -> None:
        """Start a component again, on its old port with its old data, and return when it is ready.

        Also starts a Prometheus that the options left out.
        """
        control.ask(self._layout, verb="start", component=name, timeout=120)

    def pause_component(self, name: str, /) -> None:
        """Freeze a component: connections stay open and nothing answers."""
        control.ask(self._layout, verb="pause", component=name)

    def resume_component(self, name: str, /) -> None:
        """Let a frozen component go on."""
        control.ask(self._layout, verb="resume", component=name)

    def reload_prometheus(self) -> None:
        """Let Prometheus read its configuration and rules again. Raises DevclusterError with its own reason."""
        url = self.prometheus_url
        if url is None:
            raise errors.DevclusterError(
                "Prometheus was never started here: start_component('prometheus') does."
            )
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        try:
            connection.request("POST", "/-/reload")
            answer = connection.getresponse()
            reason = answer.read().decode("utf-8", "replace").strip()
        except OSError as error:
            raise errors.DevclusterError(f"Prometheus at {url} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise errors.DevclusterError(f"Prometheus refuses its configuration: {reason}")

    def let_go(self) -> None:
        """Let the cluster live on when this process ends; ``stop`` or ``python -m devcluster down`` ends it."""
        control.ask(self._layout, verb="let-go")
        if self._keeper is not None:
            self._keeper.returncode = 0  # it is no longer this process's to wait for
            self._keeper = None

    def wait(self) -> None:
        """Wait until the cluster ends by itself or by somebody else's request. Only for who started it."""
        if self._keeper is not None:
            self._keeper.wait()

    def stop(self) -> None:
        """End all processes and delete the cluster's folder; nothing happens if it is gone already."""
        with contextlib.suppress(errors.NotRunningError):
            control.ask(self._layout, verb="down")
        self._await_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, options: ClusterOptions, *, paths: Mapping[str, Path]) -> None:
        lock = layouts.acquire(self._layout, create=True)
        if lock is None:
            raise errors.StartError(
                f"A cluster already runs in {self.state_dir}: end it first, or use another name."
            )
        reader, writer = os.pipe()
        try:
            self._layout.clear()
            self._layout.logs.mkdir()
            self._layout.options.write_text(options.to_json(), encoding="utf-8")
            listing = json.dumps({name: str(path) for name, path in paths.items()})
            (self.state_dir / "binaries.json").write_text(listing, encoding="utf-8")
            command = [sys.executable, "-m", "devcluster.run.keeper", f"--state-dir={self.state_dir}"]
            command += [f"--owner={os.getpid()}", f"--events-fd={writer}", f"--lock-fd={lock}"]
            search = os.pathsep.join(
                filter(None, [str(folders.PACKAGE.parent), os.environ.get("PYTHONPATH")])
            )
            with self._layout.log("supervisor").open("ab") as log:
                self._keeper = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": search},
                    pass_fds=(writer, lock),
                    start_new_session=True,
                )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
            os.close(lock)
        self._events = os.fdopen(reader, "rb")

    def _await_up(self, progress: Callable[[Mapping[str, Any]], None]) -> None:
        with self._events as events:
            for line in events:
                event = json.loads(line)
                if event["event"] == "failed":
                    raise errors.StartError(event["message"])
                progress(event)
                if event["event"] == "up":
                    return
        log = self._layout.log("supervisor")
        raise errors.StartError(f"The supervisor ended before the cluster was ready; its log is {log}.")

    def _abandon(self) -> None:
        """End a cluster that did not come up, and keep its logs for whoever reads the error."""
        if self._keeper is not None:
            self._keeper.terminate()
            self._keeper.wait(timeout=STOP_TIMEOUT)
            self._keeper = None

    def _await_end(self) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT
        if self._keeper is not None:
            self._keeper.wait(timeout=STOP_TIMEOUT)
            self._keeper = None
        while self.state_dir.exists():
            lock = layouts.acquire(self._layout, create=False)
            if lock is not None:
                self._layout.remove()
                os.close(lock)
                return
            if not self._layout.lock.exists():
                return
            if time.monotonic() > deadline:
                raise errors.DevclusterError(
                    f"The cluster in {self.state_dir} did not end within {STOP_TIMEOUT:.0f} s."
                )
            select.select([], [], [], 0.02)
