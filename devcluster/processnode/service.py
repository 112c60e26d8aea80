"""The Service proxy: what kube-proxy is to a real cluster, for pods on loopback addresses.

The proxy listens on the Service's own cluster IP where the API server hands out loopback addresses, as the embedded one
does; elsewhere, and for headless Services, on an address that follows from the name. Either is published as an
annotation. EndpointSlices refuse loopback addresses, so new connections go in turn to the ready pods that the selector
matches at that moment. As under kube-proxy a connection that exists stays where it is until its pod is gone,
and a pod that refuses a connection is not covered up by another try.
"""

import asyncio
import errno
import functools
import hashlib
import ipaddress
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from devcluster.processnode import events, relay
from devcluster.processnode.apiserver import MERGE, ApiError, ApiServer, Object

log = logging.getLogger(__name__)

ANNOTATION = "devcluster.lastgood.dev/address"
ADDRESS_ATTEMPTS = 16
RETRY_SECONDS = 1.0
BACKLOG = 1024

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What the proxy remembers of a pod."""

    uid: str
    namespace: str
    name: str
    labels: dict[str, str]
    address: str
    ports: dict[str, int]
    ready: bool


@dataclass(kw_only=True)
class Front:
    """One Service that is listened for."""

    service: Object
    address: str = ""
    servers: dict[int, asyncio.Server] = field(default_factory=dict)
    turn: int = 0
    """Counts the connections, for the round robin."""

    def close(self) -> None:
        """Stop to listen."""
        for server in self.servers.values():
            server.close()
        self.servers.clear()
        self.address = ""


def endpoint(pod: Object, /) -> Endpoint | None:
    """Return what matters of a pod; None when it is on no process node, or has ended, or is ending."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    address = status.get("podIP") or ""
    if not address.startswith("127.") or status.get("phase") in ("Succeeded", "Failed"):
        return None
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions") or []}
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports") or [])
    return Endpoint(
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        address=address,
        ports={port["name"]: port["containerPort"] for port in ports if port.get("name")},
        ready=conditions.get("Ready") == "True" and not metadata.get("deletionTimestamp"),
    )


class ServiceProxy:
    """Follows Services and pods, and keeps a listener for each port of each Service."""

    def __init__(self, *, api: ApiServer, events: events.EventRecorder, cidr: str) -> None:
        self._api = api
        self._events = events
        self._network = ipaddress.IPv4Network(cidr)
        self._endpoints: dict[str, Endpoint] = {}
        self._fronts: dict[Key, Front] = {}
        self._live: dict[str, set[relay.Half]] = {}
        self._changed: asyncio.Queue[Key] = asyncio.Queue()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow("services", self._replace_services, self._apply_service))
                group.create_task(self._follow("pods", self._replace_pods, self._apply_pod))
                group.create_task(self._keep_listening())
        finally:
            for front in self._fronts.values():
                front.close()

    async def _follow(
        self, resource: str, replace: Callable[[list[Object]], None], apply: Callable[[str, Object], None], /
    ) -> None:
        await self._api.follow(f"/api/v1/{resource}", replace=replace, apply=apply)

    # What is known

    def _replace_pods(self, items: list[Object], /) -> None:
        for uid in set(self._endpoints) - {item["metadata"]["uid"] for item in items}:
            self._forget_pod(uid)
        for item in items:
            self._apply_pod("ADDED", item)

    def _apply_pod(self, change: str, pod: Object, /) -> None:
        uid = pod["metadata"]["uid"]
        found = None if change == "DELETED" else endpoint(pod)
        if found is None:
            self._forget_pod(uid)
        else:
            self._endpoints[uid] = found

    def _forget_pod(self, uid: str, /) -> None:
        self._endpoints.pop(uid, None)
        for half in list(self._live.get(uid, ())):
            half.abort()

    def _replace_services(self, items: list[Object], /) -> None:
        for key in set(self._fronts) - {_key(item) for item in items}:
            self._fronts.pop(key).close()
        for item in items:
            self._apply_service("ADDED", item)

    def _apply_service(self, change: str, service: Object, /) -> None:
        key = _key(service)
        if change == "DELETED" or not service["spec"].get("selector"):
            if front := self._fronts.pop(key, None):
                front.close()
            return
        service = {"apiVersion": "v1", "kind": "Service", **service}
        if key in self._fronts:
            self._fronts[key].service = service
        else:
            self._fronts[key] = Front(service=service)
        self._changed.put_nowait(key)

    def route(self, key: Key, port: int, /) -> relay.Backend | None:
        """Say where the next connection to this port of a Service goes; None when no pod is ready."""
        front = self._fronts.get(key)
        if front is None:
            return None
        spec = front.service["spec"]
        entry = next((entry for entry in _tcp_ports(front.service) if entry["port"] == port), None)
        matching = sorted(self._matching(key[0], spec), key=lambda found: found.name)
        if entry is None or not matching:
            return None
        chosen = matching[front.turn % len(matching)]
        front.turn += 1
        target = entry.get("targetPort") or port
        if not isinstance(target, int):
            if target not in chosen.ports:
                return None
            target = chosen.ports[target]
        return relay.Backend(key=chosen.uid, address=chosen.address, port=target)

    def _matching(self, namespace: str, spec: Object, /) -> Iterator[Endpoint]:
        wanted = set(spec["selector"].items())
        for found in self._endpoints.values():
            if found.namespace != namespace or not wanted <= set(found.labels.items()):
                continue
            if found.ready or spec.get("publishNotReadyAddresses"):
                yield found

    # Listeners

    async def _keep_listening(self) -> None:
        while True:
            key = await self._changed.get()
            if (front := self._fronts.get(key)) is None:
                continue
            try:
                await self._listen(key, front)
                await self._publish(front)
            except OSError as error:
                self._events.record(
                    front.service, reason="ListenFailed", message=_advice(error), warning=True
                )
            except ApiError as error:
                if error.status != 404:
                    log.warning("the address of Service %s/%s is not published: %s", *key, error)
                    asyncio.get_running_loop().call_later(RETRY_SECONDS, self._changed.put_nowait, key)

    async def _listen(self, key: Key, front: Front, /) -> None:
        """Listen on the ports that the Service has now. Raises OSError when a port cannot be had."""
        wanted = {entry["port"] for entry in _tcp_ports(front.service)}
        for port in set(front.servers) - wanted:
            front.servers.pop(port).close()
        if front.address:
            await self._open(key, front, front.address, wanted)
            return
        candidates = self._candidates(key, front)
        for address in candidates:
            try:
                await self._open(key, front, address, wanted)
            except OSError as error:
                front.close()
                if error.errno != errno.EADDRINUSE or address == candidates[-1]:
                    raise
            else:
                front.address = address
                return

    async def _open(self, key: Key, front: Front, address: str, ports: set[int], /) -> None:
        loop = asyncio.get_running_loop()
        for port in sorted(ports - set(front.servers)):
            make = functools.partial(
                relay.Relay,
                route=functools.partial(self.route, key, port),
                live=self._live,
                name="/".join(key),
            )
            server = await loop.create_server(make, address, port, backlog=BACKLOG)
            if self._fronts.get(key) is not front:  # deleted meanwhile
                server.close()
                return
            front.servers[port] = server

    def _candidates(self, key: Key, front: Front, /) -> list[str]:
        """Return addresses to try: the cluster IP, or the published one and those that follow from the name."""
        cluster_ip: str = front.service["spec"].get("clusterIP") or ""
        if cluster_ip.startswith("127."):
            return [cluster_ip]
        taken = {other.address for other in self._fronts.values()}
        size = self._network.num_addresses - 2
        first = int.from_bytes(hashlib.sha256("/".join(key).encode()).digest()[:4])
        derived = [str(self._network[1 + (first + step) % size]) for step in range(ADDRESS_ATTEMPTS)]
        published = (front.service["metadata"].get("annotations") or {}).get(ANNOTATION, "")
        try:
            ours = ipaddress.IPv4Address(published) in self._network
        except ValueError:
            ours = False
        return [address for address in ([published] if ours else []) + derived if address not in taken]

    async def _publish(self, front: Front, /) -> None:
        metadata = front.service["metadata"]
        if (metadata.get("annotations") or {}).get(ANNOTATION) == front.address:
            return
        await self._api.call(
            "PATCH",
            f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}",
            body={"metadata": {"annotations": {ANNOTATION: front.address}}},
            content_type=MERGE,
        )


def _key(item: Object, /) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _tcp_ports(service: Object, /) -> list[Object]:
    return [entry for entry in service["spec"].get("ports") or [] if entry.get("protocol", "TCP") == "TCP"]


def _advice(error: OSError, /) -> str:
    if error.errno == errno.EACCES:
        return (
            f"{error}: give the Service a port of 1024 or more, or set net.ipv4.ip_unprivileged_port_start=0"
        )
    return str(error)
