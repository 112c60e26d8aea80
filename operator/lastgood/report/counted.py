"""Counting requests to the API server, around any `Cluster`."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from lastgood.kube import client, errors, resources
from lastgood.report.metrics import Metrics

_T = TypeVar("_T")


class CountedCluster:
    """A `Cluster` whose requests are counted by verb and outcome; it changes nothing else."""

    def __init__(self, cluster: client.Cluster, metrics: Metrics) -> None:
        self._cluster = cluster
        self._metrics = metrics

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        """See `Cluster.get`."""
        return await self._count("get", self._cluster.get(resource, namespace, name))

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[client.Object]:
        """See `Cluster.list`."""
        return await self._count("list", self._cluster.list(resource, namespace, labels=labels))

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        """See `Cluster.create`."""
        return await self._count("create", self._cluster.create(resource, namespace, body))

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: client.Object | client.Operations,
        *,
        subresource: str | None = None,
    ) -> client.Object:
        """See `Cluster.patch`."""
        request = self._cluster.patch(resource, namespace, name, body, subresource=subresource)
        return await self._count("patch", request)

    async def _count(self, verb: str, request: Awaitable[_T]) -> _T:
        try:
            answer = await request
        except errors.ClusterError as error:
            self._metrics.requested(verb, type(error).__name__)
            raise
        self._metrics.requested(verb, "ok")
        return answer
