"""What the containers of one pod share: the node under it, its address, folder and volumes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import aiohttp

from devcluster.processnode import environment, events, images, process, volumes
from devcluster.processnode.apiserver import ApiError, ApiServer, Object


@dataclasses.dataclass(frozen=True, kw_only=True)
class Host:
    """What all pods of this node share."""

    name: str
    address: str
    api: ApiServer
    images: images.ImageTable
    events: events.EventRecorder
    http: aiohttp.ClientSession
    """For probes."""
    state: Path
    backoff_base: float
    """Seconds; the kubelet's is 10."""


@dataclasses.dataclass(kw_only=True)
class Sandbox:
    """One pod's share of the node."""

    host: Host
    pod: Object
    """As it was last seen; its owner replaces it."""
    address: str
    folder: Path
    changed: Callable[[], None]
    """To be called when a container's report has changed."""
    volumes: dict[str, Path] = dataclasses.field(default_factory=dict)

    @property
    def path(self) -> str:
        """The pod's path at the API server."""
        metadata = self.pod["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    @property
    def grace(self) -> float:
        """The grace period that the pod's own spec gives, in seconds."""
        seconds = self.pod["spec"].get("terminationGracePeriodSeconds")
        return 30.0 if seconds is None else float(seconds)

    def event(self, reason: str, message: str, /, *, warning: bool = False) -> None:
        """Record an event about the pod."""
        self.host.events.record(self.pod, reason=reason, message=message, warning=warning)

    async def read(self, resource: str, name: str, /) -> Object | None:
        """Read an object of the pod's namespace; None when there is none. Raises environment.ConfigError."""
        try:
            return await self.host.api.call(
                "GET", f"/api/v1/namespaces/{self.pod['metadata']['namespace']}/{resource}/{name}"
            )
        except ApiError as error:
            if error.status == 404:
                return None
            raise environment.ConfigError(f"cannot read {resource} {name}: {error}") from error

    async def compose(self, container: Object, /, *, image: images.Image) -> environment.Invocation:
        """Work out what a container runs, as things are now. Raises environment.ConfigError."""
        metadata = self.pod["metadata"]
        server, port = self.host.api.access.address
        given = {
            process.OWNER: str(self.host.state),
            "POD_IP": self.address,
            "HOSTNAME": metadata["name"],
            "KUBERNETES_SERVICE_HOST": server,
            "KUBERNETES_SERVICE_PORT": str(port),
            **{volumes.variable(name): str(path) for name, path in self.volumes.items()},
        }
        node = {"pod_ip": self.address, "host_ip": self.host.address}
        env = await environment.variables(container, pod=self.pod, given=given, node=node, read=self.read)
        every_port = {
            name: port
            for entry in self.pod["spec"]["containers"]
            for name, port in named_ports(entry).items()
        }
        fields = {
            "pod_ip": self.address,
            "pod_name": metadata["name"],
            "pod_uid": metadata["uid"],
            "namespace": metadata["namespace"],
            "node": self.host.name,
            "image": image.name,
            **{f"volume:{name}": str(path) for name, path in self.volumes.items()},
            **{f"port:{name}": str(port) for name, port in (every_port | named_ports(container)).items()},
        }
        return environment.invocation(container, image=image, env=env, fields=fields, folder=str(self.folder))


def named_ports(container: Object, /) -> dict[str, int]:
    """Return the container's ports that have a name."""
    return {port["name"]: port["containerPort"] for port in container.get("ports") or [] if port.get("name")}
