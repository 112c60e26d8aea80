"""A process node for these tests, beside whatever nodes the shared cluster has."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from devcluster import Cluster
from devcluster.processnode.apiserver import ApiServer, read_kubeconfig
from tests.cluster.processnode import running


@pytest.fixture(scope="session")
def node(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.RunningNode]:
    folder = tmp_path_factory.mktemp("process-node")
    name = f"process-{os.getpid()}-{secrets.token_hex(2)}"
    with running.running_node(kubeconfig=cluster.kubeconfig, name=name, folder=folder, services=True) as node:
        yield node


@pytest.fixture
async def pods(cluster: Cluster, node: running.RunningNode, namespace: str) -> AsyncIterator[running.Pods]:
    async with (
        ApiServer(access=read_kubeconfig(cluster.kubeconfig)) as api,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http,
    ):
        pods = running.Pods(api=api, http=http, namespace=namespace, node=node.name)
        following = asyncio.create_task(pods.follow())
        yield pods
        following.cancel()
        await asyncio.wait({following})
