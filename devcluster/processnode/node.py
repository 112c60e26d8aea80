"""The node: its object and lease, and the pods that are bound to it.

It registers, follows its pods, and hands each change to the pod it concerns. It decides nothing about containers.
"""

import asyncio
import contextlib
import logging
import os
import platform
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from devcluster.processnode import addresses, pod, sandbox, status
from devcluster.processnode.apiserver import MERGE, STRATEGIC, ApiError, Object

log = logging.getLogger(__name__)

LABEL = "devcluster.lastgood.dev/node"
LEASE_SECONDS = 40
RENEW_SECONDS = 10.0
SHUTDOWN_GRACE = 3.0
"""Seconds that processes have when the node itself is told to end."""
REGISTER_RETRY_SECONDS = 0.2
MAX_PODS = 200
KEPT_FOLDERS = 50
"""Folders of ended pods, with their logs, that are kept for reading."""
LOG_BYTES = 10 * 2**20
"""A log that has grown past this becomes the previous one, as under a kubelet."""


class Node:
    """A node of the cluster, for as long as ``run`` runs."""

    def __init__(
        self, *, host: sandbox.Host, addresses: addresses.Slice, taints: Sequence[Object] = ()
    ) -> None:
        self._host = host
        self._addresses = addresses
        self._taints = list(taints)
        self._pods: dict[str, pod.Pod] = {}
        self._path = f"/api/v1/nodes/{host.name}"

    async def run(self) -> None:
        """Register, then run pods until cancelled."""
        await self._register()
        log.info("node %s is ready, pods get addresses of %s", self._host.name, self._addresses.network)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew())
            group.create_task(self._follow())

    async def _follow(self) -> None:
        await self._host.api.follow(
            "/api/v1/pods",
            params={"fieldSelector": f"spec.nodeName={self._host.name}"},
            replace=self._replace,
            apply=self._apply,
        )

    async def shut_down(self) -> None:
        """End every process, report that, and say that the node is not ready any more."""
        await asyncio.gather(*(entry.shut_down(grace=SHUTDOWN_GRACE) for entry in self._pods.values()))
        with contextlib.suppress(ApiError):
            await self._write_status(ready=False, timeout=2.0)

    # Pods

    def _replace(self, items: list[Object], /) -> None:
        for item in items:
            self._apply("ADDED", {"apiVersion": "v1", "kind": "Pod", **item})
        for uid in set(self._pods) - {item["metadata"]["uid"] for item in items}:
            self._pods[uid].gone()

    def _apply(self, change: str, item: Object, /) -> None:
        uid = item["metadata"]["uid"]
        if change == "DELETED":
            if uid in self._pods:
                self._pods[uid].gone()
        elif uid in self._pods:
            self._pods[uid].update(item)
        else:
            self._admit(item)

    def _admit(self, item: Object, /) -> None:
        metadata = item["metadata"]
        on_host = bool(item["spec"].get("hostNetwork"))
        try:
            earlier = (item.get("status") or {}).get("podIP") or ""
            # A pod that is to go needs no address any more; that none is free must not keep it.
            spared = on_host or metadata.get("deletionTimestamp")
            address = self._host.address if spared else self._addresses.take(earlier)
        except addresses.AddressError as error:
            self._host.events.record(item, reason="FailedCreatePodSandBox", message=str(error), warning=True)
            return
        box = sandbox.Sandbox(
            host=self._host, pod=item, address=address, folder=self._folder(metadata), changed=lambda: None
        )
        entry = pod.Pod(pod=box)
        self._pods[metadata["uid"]] = entry
        entry.task.add_done_callback(lambda task: self._forget(entry, task))

    def _forget(self, entry: pod.Pod, task: asyncio.Task[None], /) -> None:
        self._addresses.release(entry.address)
        if not task.cancelled():
            self._pods.pop(entry.uid, None)
            if error := task.exception():
                log.error("a pod could not be run to its end", exc_info=error)
        self._prune()

    def _folder(self, metadata: Object, /) -> Path:
        """Return the pod's folder, empty but for logs unless this very pod has used it before."""
        folder = self._host.state / "pods" / f"{metadata['namespace']}_{metadata['name']}"
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / ".uid"
        if not mark.exists() or mark.read_text(encoding="ascii") != metadata["uid"]:
            shutil.rmtree(folder / "volumes", ignore_errors=True)
            mark.write_text(metadata["uid"], encoding="ascii")
        return folder

    def _prune(self) -> None:
        in_use = set(self._pods)
        ended = [
            mark
            for mark in (self._host.state / "pods").glob("*/.uid")
            if mark.read_text(encoding="ascii") not in in_use
        ]
        ended.sort(key=lambda mark: mark.stat().st_mtime)
        for mark in ended[: max(0, len(ended) - KEPT_FOLDERS)]:
            shutil.rmtree(mark.parent, ignore_errors=True)

    # The node's own objects

    async def _register(self) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self._host.name,
                "labels": {
                    LABEL: "process",
                    "kubernetes.io/hostname": self._host.name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(
                        platform.machine(), "unknown"
                    ),
                },
            },
            "spec": {"taints": self._taints},
        }
        told = ""
        while True:
            try:
                with contextlib.suppress(_ExistsError):
                    await self._create("/api/v1/nodes", body)
                await self._write_status(ready=True)
                await self._hold_lease()
            except ApiError as error:
                if str(error) != told:
                    log.warning("node %s is not registered yet: %s", self._host.name, error)
                told = str(error)
                await asyncio.sleep(REGISTER_RETRY_SECONDS)
            else:
                return

    async def _create(self, path: str, body: Object, /) -> None:
        try:
            await self._host.api.call("POST", path, body=body)
        except ApiError as error:
            if error.status == 409:
                raise _ExistsError from error
            raise

    async def _write_status(self, *, ready: bool, timeout: float = 20.0) -> None:  # noqa: ASYNC109 - see apiserver.call
        await self._host.api.call(
            "PATCH",
            f"{self._path}/status",
            body={"status": self._status(ready=ready)},
            content_type=STRATEGIC,
            timeout=timeout,
        )

    def _status(self, *, ready: bool) -> Object:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
        capacity = {"cpu": str(os.cpu_count() or 1), "memory": f"{memory}Ki", "pods": str(MAX_PODS)}
        moment = status.now()
        why = (
            ("KubeletReady", "the process node runs pods")
            if ready
            else ("NodeShutdown", "the process node has ended")
        )
        return {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [
                {"type": "InternalIP", "address": self._host.address},
                {"type": "Hostname", "address": self._host.name},
            ],
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True" if ready else "False",
                    "reason": why[0],
                    "message": why[1],
                    "lastHeartbeatTime": moment,
                    "lastTransitionTime": moment,
                }
            ],
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": platform.release(),
                "osImage": platform.system(),
                "containerRuntimeVersion": "process://1",
                "kubeletVersion": "v1.36.3-processnode",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": platform.machine(),
            },
        }

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            self._rotate_logs()
            try:
                await self._hold_lease()
            except ApiError as error:
                log.warning("lease of node %s is not renewed: %s", self._host.name, error)

    async def _hold_lease(self) -> None:
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": self._host.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": moment}
        try:
            await self._host.api.call(
                "PATCH", f"{leases}/{self._host.name}", body={"spec": spec}, content_type=MERGE
            )
        except ApiError as error:
            if error.status != 404:
                raise
            body = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._host.name, "namespace": "kube-node-lease"},
                "spec": spec,
            }
            with contextlib.suppress(_ExistsError):
                await self._create(leases, body)

    def _rotate_logs(self) -> None:
        for path in (self._host.state / "pods").glob("*/*.log"):
            if path.stat().st_size > LOG_BYTES:  # the process goes on writing to this file, at its new end
                shutil.copyfile(path, path.with_name(f"{path.name}.1"))
                os.truncate(path, 0)


class _ExistsError(Exception):
    """The object to be created is there already."""
