"""Requests to the API server: raw objects in, raw objects out, each with a time-out and our field manager.

Typed models of the client library drop fields that they do not know, so a read-modify-replace through them loses
other people's data. Here objects stay dicts, and every change is a merge patch, which may carry
`metadata.resourceVersion` or `metadata.uid` as its precondition.
"""

import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import aiohttp
from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import exceptions as kubernetes_exceptions

from lastgood.kube import errors, resources

FIELD_MANAGER: Final = "lastgood"
REQUEST_TIMEOUT: Final = 10.0
"""Seconds for one request, from connecting to the last byte; the client library's own default is 300."""
HELD: Final = "held by KillSwitch "
"""What the chart's policy `hold` says first when it refuses a raise."""
JSON: Final = "application/json"
METADATA_ONLY: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""A list of objects of which only the metadata is sent."""
PAGE: Final = 500
"""Objects for one request of a list: all pods of a large cluster are not sent within one request's time."""

Object = dict[str, Any]
Operations = list[Object]
"""A JSON patch: what to test, replace, add and remove, in order."""


class Cluster(Protocol):
    """What the operator asks of an API server; a simulated one serves as well as a real one.

    Every method raises a subclass of `lastgood.kube.errors.ClusterError`, and nothing else.
    """

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> Object:
        """Read one object, from the API server and not from a cache."""
        ...

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[Object]:
        """Read all objects of a namespace (or of all, with None), or those that carry `labels`."""
        ...

    async def create(self, resource: resources.Resource, namespace: str | None, body: Object) -> Object:
        """Create an object; `AlreadyExists` when its name is taken."""
        ...

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: Object | Operations,
        *,
        subresource: str | None = None,
    ) -> Object:
        """Change an object: by a JSON merge patch when `body` is an object, by a JSON patch when it is a list.

        `metadata.resourceVersion` in a merge patch, or replaced by a JSON patch, is a precondition.
        """
        ...


async def connect(*, kubeconfig: str | None, context: str | None = None) -> "ApiServer":
    """Connect as the kubeconfig says, or as the pod's service account when there is none.

    Raises `errors.Unavailable` with a sentence when neither can be read.
    """
    configuration = kubernetes_client.Configuration()
    try:
        if kubeconfig is None:
            kubernetes_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=kubeconfig, context=context, client_configuration=configuration
            )
    except (kubernetes_config.ConfigException, OSError, ValueError) as error:
        where = f"the kubeconfig {kubeconfig}" if kubeconfig else "the pod's service account"
        raise errors.Unavailable(
            f"cannot read {where}: {error}; pass --kubeconfig PATH, or run inside a cluster"
        ) from error
    configuration.connection_pool_maxsize = 64
    return ApiServer(configuration, in_cluster=kubeconfig is None)


class ApiServer:
    """A real API server, through `kubernetes.aio`'s connection pool and credentials."""

    def __init__(self, configuration: kubernetes_client.Configuration, *, in_cluster: bool = False) -> None:
        self.configuration = configuration
        self.in_cluster = in_cluster
        self._api = kubernetes_client.ApiClient(configuration)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """What the API server's certificate is checked with, and ours is shown from."""
        context: ssl.SSLContext = self._api.rest_client.ssl_context
        return context

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call]

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> Object:
        """See `Cluster.get`."""
        return await self._request("GET", resource.path(namespace=namespace, name=name))

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[Object]:
        """See `Cluster.list`; the answer's items are given their `kind` and `apiVersion` back."""
        query = [] if not labels else [("labelSelector", ",".join(f"{k}={v}" for k, v in labels.items()))]
        return await self._pages(resource, namespace, query=query)

    async def list_metadata(self, resource: resources.Resource, namespace: str) -> Sequence[Object]:
        """Read only the `metadata` of all objects of a namespace: what is in them is not sent."""
        return await self._pages(resource, namespace, query=[], accept=METADATA_ONLY)

    async def _pages(
        self,
        resource: resources.Resource,
        namespace: str | None,
        *,
        query: Sequence[tuple[str, str]],
        accept: str = JSON,
    ) -> Sequence[Object]:
        path = resource.path(namespace=namespace)
        items: list[Object] = []
        page = [("limit", str(PAGE))]
        while True:
            try:
                answer = await self._request("GET", path, query=[*query, *page], accept=accept)
            except errors.NotFound:
                if len(page) < 2:
                    raise
                page, items = (
                    [],
                    [],
                )  # too slow for the API server, which has dropped the rest: all of it at once
                continue
            items += answer.get("items") or []
            token = (answer.get("metadata") or {}).get("continue")
            if not token:
                break
            page = [("limit", str(PAGE)), ("continue", token)]
        for item in items:
            item.setdefault("kind", resource.kind)
            item.setdefault("apiVersion", resource.api_version)
        return items

    async def create(self, resource: resources.Resource, namespace: str | None, body: Object) -> Object:
        """See `Cluster.create`."""
        typed = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        return await self._request(
            "POST", resource.path(namespace=namespace), body=typed, query=[("fieldManager", FIELD_MANAGER)]
        )

    async def patch(
        self,
        resource: resources.Resource,
        namespace: str | None,
        name: str,
        body: Object | Operations,
        *,
        subresource: str | None = None,
    ) -> Object:
        """See `Cluster.patch`."""
        kind = "json-patch+json" if isinstance(body, list) else "merge-patch+json"
        return await self._request(
            "PATCH",
            resource.path(namespace=namespace, name=name, subresource=subresource),
            body=body,
            query=[("fieldManager", FIELD_MANAGER)],
            content_type=f"application/{kind}",
        )

    async def watch(
        self, resource: resources.Resource, namespace: str | None, *, seconds: int
    ) -> AsyncGenerator[Object, None]:
        """Yield watch events: all objects that there are as `ADDED`, then every change, for so many seconds.

        Raises a subclass of `errors.ClusterError` when the stream breaks, or when the API server breaks it off.
        """
        path = resource.path(namespace=namespace)
        with _failures("WATCH", path):
            request = await self._api.param_serialize(
                method="GET",
                resource_path=path,
                query_params=[("watch", "true"), ("timeoutSeconds", str(seconds))],
                header_params={"Accept": "application/json"},
                auth_settings=["BearerToken"],
            )
            answer = await self._api.call_api(*request, _request_timeout=seconds + REQUEST_TIMEOUT)
            stream = answer.response
            try:
                if stream.status >= 300:
                    raise _refusal("WATCH", path, stream.status, await stream.read())
                rest = b""
                async for chunk in stream.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        yield _event(path, line)
            finally:
                stream.close()

    async def delete(self, resource: resources.Resource, namespace: str | None, name: str) -> Object:
        """Delete an object. No part of `Cluster`: the operator deletes nothing, only commands that people run do."""
        return await self._request("DELETE", resource.path(namespace=namespace, name=name))

    async def _request(
        self,
        method: str,
        path: str,
        *,
        body: Object | Operations | None = None,
        query: Sequence[tuple[str, str]] = (),
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Object:
        headers = {"Accept": accept, "Content-Type": content_type}
        with _failures(method, path):
            request = await self._api.param_serialize(
                method=method,
                resource_path=path,
                query_params=list(query),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            answer = await self._api.call_api(*request, _request_timeout=REQUEST_TIMEOUT)
            text = await answer.read()  # type: ignore[no-untyped-call]
        if answer.status >= 300:
            raise _refusal(method, path, answer.status, text)
        try:
            parsed: Object = json.loads(text)
        except ValueError as error:
            raise errors.Unavailable(f"{method} {path}: the answer is not JSON") from error
        return parsed


@contextlib.contextmanager
def _failures(method: str, path: str) -> Iterator[None]:
    """Turn what the client library raises into errors of ours."""
    try:
        yield
    except (
        aiohttp.ClientError,
        ssl.SSLError,
        OSError,
        TimeoutError,
        kubernetes_config.ConfigException,  # a token file that is empty while it is replaced
    ) as error:
        raise errors.Unavailable(f"{method} {path}: no answer from the API server: {error!r}") from error
    except kubernetes_exceptions.ApiException as error:
        raise _refusal(method, path, error.status or 0, error.body or b"") from error


def _event(path: str, line: bytes) -> Object:
    try:
        event: Object = json.loads(line)
        broken_off = event["type"] == "ERROR"
    except (ValueError, KeyError, TypeError) as error:
        raise errors.Unavailable(f"WATCH {path}: the answer is no watch event") from error
    if broken_off:
        status = event.get("object") or {}
        raise errors.Unavailable(f"WATCH {path}: {status.get('message') or 'broken off'}")
    return event


def _refusal(method: str, path: str, status: int, text: bytes | str) -> errors.ClusterError:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = {}
    if not isinstance(parsed, dict):
        parsed = {}
    sentence = f"{method} {path}: {parsed.get('message') or f'the API server answered {status}'}"
    if status == 403 and HELD in sentence:
        return errors.Held(sentence)
    if status == 409:
        kind = errors.AlreadyExists if parsed.get("reason") == "AlreadyExists" else errors.Conflict
        return kind(sentence)
    kinds: dict[int, type[errors.ClusterError]] = {
        400: errors.Invalid,
        401: errors.Forbidden,
        403: errors.Forbidden,
        404: errors.NotFound,
        405: errors.Invalid,
        410: errors.NotFound,
        413: errors.Invalid,
        415: errors.Invalid,
        422: errors.Invalid,
    }
    return kinds.get(status, errors.Unavailable)(sentence)
