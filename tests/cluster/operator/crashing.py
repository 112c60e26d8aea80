"""An operator that is killed with SIGKILL at its Nth decisive write.

Decisive writes are those of facts and of workloads; the lease, statuses and events decide nothing. `after` means that
the API server has made the write and the operator has not yet seen the answer.
"""

import os
import signal
from typing import Any

from lastgood.kube import client

SILENT = ("/leases", "/events", "/status")


def crash_at(moment: str, number: int) -> None:
    """Make the `number`th decisive write of this process its last act."""
    request = client.ApiServer._request
    made = 0

    async def crashing(self: client.ApiServer, method: str, path: str, **options: Any) -> client.Object:
        nonlocal made
        decisive = method != "GET" and not any(part in path for part in SILENT)
        made += decisive
        if decisive and made == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await request(self, method, path, **options)
        if decisive and made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    client.ApiServer._request = crashing  # type: ignore[method-assign]
