"""One process of an election: says when (by the host's boot clock) and in which term it may act."""

import asyncio
import signal
import sys

from lastgood.kube import client
from lastgood.runtime.lease import Elector, Timing, boottime

TIMING = Timing(lease_duration=6.0, renew_deadline=4.0, retry_period=0.5)


async def contend(*, kubeconfig: str, namespace: str, identity: str) -> None:
    api = await client.connect(kubeconfig=kubeconfig)
    elector = Elector(cluster=api, namespace=namespace, name="operator", identity=identity, timing=TIMING)
    running = asyncio.create_task(elector.run())
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    _say("ready")
    while not ended.is_set():
        moment = (
            boottime()
        )  # before the question, so that a stop in between cannot make it look later than it was
        if elector.may_act():
            _say(f"{moment} {elector.term}")
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await api.aclose()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(contend(kubeconfig=sys.argv[1], namespace=sys.argv[2], identity=sys.argv[3]))
