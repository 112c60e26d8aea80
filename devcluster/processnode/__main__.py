"""``python -m devcluster.processnode``: one node, and with ``--services`` the Service proxy, until SIGTERM."""

import argparse
import asyncio
import contextlib
import fcntl
import logging
import signal
import sys
from pathlib import Path

import aiohttp

from devcluster.processnode import addresses, backoff, events, images, node, process, sandbox, service
from devcluster.processnode.apiserver import ApiServer, Object, read_kubeconfig

log = logging.getLogger("devcluster.processnode")

LEFTOVER_SECONDS = 10.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m devcluster.processnode", description="Run pods as processes."
    )
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--node", required=True, help="name of the Node object")
    parser.add_argument("--state-dir", type=Path, required=True, help="logs and volumes; one folder per node")
    parser.add_argument("--images", type=Path, required=True, help="YAML: image -> {command, args, env, cwd}")
    parser.add_argument("--pod-cidr", default="127.64.0.0/16", help="pods get addresses of one /24 of it")
    parser.add_argument(
        "--taint",
        type=_taint,
        action="append",
        default=[],
        metavar="KEY=VALUE:EFFECT",
        help="register with it",
    )
    parser.add_argument(
        "--services", action="store_true", help="also be the Service proxy; one node per cluster"
    )
    parser.add_argument("--service-cidr", default="127.200.0.0/16", help="for Services without a loopback IP")
    parser.add_argument(
        "--crash-backoff-base", type=float, default=backoff.BASE_SECONDS, metavar="SECONDS", help="for tests"
    )
    return parser.parse_args()


def _taint(text: str, /) -> Object:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    if not key or not effect:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE:EFFECT")
    return {"key": key, "value": value, "effect": effect}


async def _clear_leftovers(state: Path, /) -> None:
    """See to it that no process of an earlier node with this folder is left, before addresses are given out again."""
    deadline = asyncio.get_running_loop().time() + LEFTOVER_SECONDS
    while killed := process.sweep_leftovers(str(state)):
        log.info("killed %d processes that an earlier node left behind", len(killed))
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"processes {killed} of an earlier node do not end")
        await asyncio.sleep(0.05)


async def _serve(arguments: argparse.Namespace, state: Path, /) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await _clear_leftovers(state)
    async with (
        ApiServer(access=read_kubeconfig(arguments.kubeconfig)) as api,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as http,
    ):
        recorder = events.EventRecorder(api=api, component="processnode", node=arguments.node)
        host = sandbox.Host(
            name=arguments.node,
            address="127.0.0.1",
            api=api,
            images=images.ImageTable(path=arguments.images),
            events=recorder,
            http=http,
            state=state,
            backoff_base=arguments.crash_backoff_base,
        )
        slice_ = addresses.Slice(cidr=arguments.pod_cidr, node=arguments.node)
        this = node.Node(host=host, addresses=slice_, taints=arguments.taint)
        tasks = {asyncio.create_task(recorder.run()), asyncio.create_task(this.run())}
        if arguments.services:
            proxy = service.ServiceProxy(api=api, events=recorder, cidr=arguments.service_cidr)
            tasks.add(asyncio.create_task(proxy.run()))
        ended = asyncio.create_task(stop.wait())
        await asyncio.wait(tasks | {ended}, return_when=asyncio.FIRST_COMPLETED)
        await this.shut_down()
        slice_.close()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def main() -> int:
    """Run until told to end; the exit code is 1 when the node could not be."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    state: Path = arguments.state_dir.resolve()
    (state / "pods").mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another process node uses {state}: end it, or give another --state-dir", file=sys.stderr)
            return 1
        try:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(_serve(arguments, state))
        except (addresses.AddressError, OSError, KeyError, StopIteration) as error:
            print(f"process node {arguments.node}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
