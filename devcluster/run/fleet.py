"""The components of one cluster: starts them in order, as far apart as they need and no further, and stops them.

The order: etcd and the API server together; all others when the API server is ready. Ports are assigned here, tried,
and kept for the life of the cluster, so that a component that is stopped and started again is found where it was.
"""

import asyncio
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from devcluster import errors
from devcluster.options import ClusterOptions
from devcluster.run import components, identities, network, readiness, scrape
from devcluster.run.child import Child
from devcluster.run.components import Component
from devcluster.run.layout import Layout

ATTEMPTS = 5
STOP_GRACE = 15.0
"""Seconds between SIGTERM and SIGKILL for a component that is stopped to be started again."""


class Fleet:
    """All components; use it from one event loop, one request at a time."""

    def __init__(
        self,
        *,
        options: ClusterOptions,
        layout: Layout,
        binaries: Mapping[str, Path],
        slot: network.Slot,
        report: Callable[[str], None],
    ) -> None:
        """Prepare; nothing runs yet. ``report`` hears the name of each component that is ready."""
        self._ports: dict[str, int] = {}
        self.setting = components.Setting(
            options=options, layout=layout, binaries=binaries, slot=slot, ports=self._ports
        )
        everything = (*components.control_plane(), *components.clients(options))
        self._components = {component.name: component for component in everything}
        self._children: dict[str, Child] = {}
        self._paused: set[str] = set()
        self._stopped: set[str] = set()
        self._free_ports: Iterator[int] = slot.ports()
        self._report = report
        self._tokens: dict[str, str] = {}
        self._api: readiness.Api | None = None
        self.waiting_for: set[str] = set()
        """What has been started and is not ready yet."""

    async def up(self) -> None:
        """Start the cluster and wait until it is ready. Raises StartError."""
        self.setting.layout.create()
        self._write_tokens()
        api = await self._start_control_plane()
        options = self.setting.options
        for body in scrape.access():
            await api.create(
                f"/apis/rbac.authorization.k8s.io/v1/{body['kind'].lower()}s",
                body,
            )
        wanted = [
            component.name
            for component in components.clients(options)
            if component.name != "prometheus" or options.prometheus
        ]
        async with asyncio.TaskGroup() as group:
            for name in wanted:
                group.create_task(self._first_start(name))
            group.create_task(self._nodes_and_pipeline(api))

    async def start(self, name: str, /) -> None:
        """Start a component that is stopped or has ended. Raises ComponentError or StartError."""
        component = self._find(name)
        if self._running(name):
            raise errors.ComponentError(f"{name} runs already.")
        if name not in self._children:
            await self._first_start(name)
            return
        for port in (self._ports[purpose] for purpose in component.ports):
            if not network.can_bind(port):
                raise errors.ComponentError(
                    f"{name} cannot be started again: another process took its port {port} meanwhile."
                )
        try:
            await self._start_and_wait(component)
        except readiness.PortTakenError as error:
            raise errors.ComponentError(f"{name} cannot be started again: its port is in use.") from error

    async def stop(self, name: str, /, *, kill: bool) -> None:
        """Stop a component and keep its data. Raises ComponentError if it does not run."""
        child = self._child(name)
        self._stopped.add(name)
        await child.stop(grace=0 if kill else STOP_GRACE)
        self._paused.discard(name)

    def pause(self, name: str, /) -> None:
        """Freeze a component: it keeps its connections and answers nothing."""
        self._child(name).send(signal.SIGSTOP)
        self._paused.add(name)

    def resume(self, name: str, /) -> None:
        """Let a frozen component go on."""
        self._child(name).send(signal.SIGCONT)
        self._paused.discard(name)

    async def down(self) -> None:
        """End everything; data is worth nothing any more, only process nodes have to end processes of their own."""
        nodes = [child for name, child in self._children.items() if name.startswith("process-")]
        await asyncio.gather(*(child.stop(grace=5) for child in nodes))
        await asyncio.gather(*(child.stop(grace=0) for child in self._children.values()))

    def describe(self) -> list[dict[str, Any]]:
        """Return the state of each component, in starting order."""
        return [self._describe(component) for component in self._components.values()]

    @property
    def prometheus_url(self) -> str | None:
        """Where Prometheus is; None if it was never started."""
        return self.setting.prometheus_url if "prometheus" in self._children else None

    def _describe(self, component: Component) -> dict[str, Any]:
        child = self._children.get(component.name)
        if child is None:
            state = "not started"
        elif child.returncode is None:
            state = "paused" if component.name in self._paused else "running"
        else:
            state = "stopped" if component.name in self._stopped else "ended"
        return {
            "name": component.name,
            "state": state,
            "ready": state == "running" and component.name not in self.waiting_for,
            "pid": child.pid if child and child.returncode is None else None,
            "code": child.returncode if child else None,
            "port": self._ports.get(component.ports[0]) if component.ports else None,
            "log": str(self.setting.layout.log(component.name)),
        }

    @property
    def _needed(self) -> dict[str, Child]:
        """What has been started and has to live for the cluster to become ready; Prometheus waits for itself."""
        return {name: child for name, child in self._children.items() if name != "prometheus"}

    def _find(self, name: str) -> Component:
        if name not in self._components:
            known = ", ".join(self._components)
            raise errors.ComponentError(f"This cluster has no component {name!r}; it has {known}.")
        return self._components[name]

    def _running(self, name: str) -> bool:
        return name in self._children and self._children[name].returncode is None

    def _child(self, name: str) -> Child:
        self._find(name)
        if not self._running(name):
            raise errors.ComponentError(f"{name} does not run.")
        return self._children[name]

    def _write_tokens(self) -> None:
        layout = self.setting.layout
        users = (*identities.COMPONENTS, *self.setting.options.users)
        self._tokens = identities.tokens(users)
        identities.write_private(
            layout.root / "tokens.csv", identities.token_file(users=users, tokens=self._tokens)
        )

    def _write_kubeconfigs(self) -> None:
        layout = self.setting.layout
        authority = (layout.certificates / "apiserver.crt").read_bytes()
        for name, token in self._tokens.items():
            text = identities.kubeconfig(
                server=self.setting.server, authority=authority, user=name, token=token
            )
            identities.write_private(layout.users / identities.file_name(name), text)
            if name == identities.ADMIN.name:
                identities.write_private(layout.kubeconfig, text)

    def _assign_ports(self, component: Component) -> None:
        for purpose in component.ports:
            port = next(self._free_ports, None)
            if port is None:
                raise errors.StartError(
                    "All ports of this cluster's block are in use; see 'python -m devcluster status'."
                )
            self._ports[purpose] = port

    def _spawn(self, component: Component) -> Child:
        layout = self.setting.layout
        self._stopped.discard(component.name)
        self.waiting_for.add(component.name)
        child = Child(
            command=component.command(self.setting),
            log=layout.log(component.name),
            environment=components.environment(component, layout=layout),
            folder=layout.root,
            death_signal=component.death_signal,
        )
        self._children[component.name] = child
        return child

    async def _start_control_plane(self) -> readiness.Api:
        etcd, apiserver = components.control_plane()
        for _ in range(ATTEMPTS):
            self._assign_ports(etcd)
            self._assign_ports(apiserver)
            try:
                first, second = self._spawn(etcd), self._spawn(apiserver)
                await self._wait(etcd, first)
                await self._wait(apiserver, second)
            except readiness.PortTakenError:
                await self.down()
                shutil.rmtree(self.setting.layout.root / "etcd", ignore_errors=True)
                continue
            if self._api is not None:
                return self._api
        raise errors.StartError(f"No free port was found for the API server in {ATTEMPTS} attempts.")

    async def _first_start(self, name: str) -> None:
        component = self._find(name)
        for _ in range(ATTEMPTS):
            self._assign_ports(component)
            if name == "prometheus":
                self._write_scrape_configuration()
            try:
                await self._start_and_wait(component)
            except readiness.PortTakenError:
                continue
            return
        raise errors.StartError(f"No free port was found for {name} in {ATTEMPTS} attempts.")

    def _write_scrape_configuration(self) -> None:
        folder = self.setting.layout.prometheus
        text = scrape.configuration(
            folder=folder,
            kubeconfig=self.setting.user_kubeconfig(identities.PROMETHEUS),
            interval=self.setting.options.scrape_interval,
        )
        (folder / "prometheus.yaml").write_text(text, encoding="utf-8")

    async def _start_and_wait(self, component: Component) -> None:
        await self._wait(component, self._spawn(component))

    async def _wait(self, component: Component, child: Child) -> None:
        name = component.name
        if name == "etcd":
            question = readiness.answers(port=self._ports["etcd"], path="/readyz")
            await readiness.until(question, children={name: child})
        elif name == "prometheus":
            question = readiness.answers(port=self._ports["prometheus"], path="/-/ready")
            await readiness.until(question, children={name: child})
        elif name == "kube-apiserver":
            await self._wait_for_apiserver(child)
        self.waiting_for.discard(name)
        self._report(name)

    async def _wait_for_apiserver(self, child: Child) -> None:
        authority = self.setting.layout.certificates / "apiserver.crt"
        await readiness.until(readiness.certificate_written(authority), children={"kube-apiserver": child})
        api = readiness.Api(
            port=self._ports["kube-apiserver"],
            token=self._tokens[identities.ADMIN.name],
            authority=authority,
        )
        await readiness.until(api.ready, children={"kube-apiserver": child})
        self._api = api
        self._write_kubeconfigs()

    async def _nodes_and_pipeline(self, api: readiness.Api) -> None:
        options = self.setting.options
        self.waiting_for |= {"nodes", "pipeline"}
        label = {components.KWOK_LABEL: "kwok"}
        pipeline = readiness.Pipeline(
            api=api, replicas=min(1, options.kwok_nodes), node_selector=label if options.kwok_nodes else {}
        )
        await pipeline.begin()
        for index in range(options.kwok_nodes):
            await api.create(
                "/api/v1/nodes", components.kwok_node(index=index, tainted=options.process_nodes > 0)
            )
        count = options.kwok_nodes + options.process_nodes

        async def nodes() -> bool:
            return await readiness.nodes_ready(api, count=count)

        await readiness.until(nodes, children=self._needed)
        self.waiting_for.discard("nodes")
        self._report("nodes")
        await readiness.until(pipeline.works, children=self._needed)
        await pipeline.end()
        await readiness.until(pipeline.gone, children=self._needed)
        self.waiting_for.discard("pipeline")
        self._report("pipeline")
