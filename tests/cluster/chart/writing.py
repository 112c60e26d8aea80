"""Somebody who changes a Deployment all the time, and remembers each refusal."""

import base64
import tempfile
import threading
import time
from types import TracebackType
from typing import Any, Self

import requests
import yaml

from devcluster import Cluster


class Writer:
    """Changes an annotation of one Deployment over and over, in a thread of its own."""

    def __init__(self, cluster: Cluster, *, namespace: str, deployment: str) -> None:
        access = yaml.safe_load(cluster.kubeconfig.read_text())
        where = access["clusters"][0]["cluster"]
        self._url = f"{where['server']}/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}"
        self._authority = tempfile.NamedTemporaryFile(suffix=".crt")  # noqa: SIM115  (closed at the end)
        self._authority.write(base64.b64decode(where["certificate-authority-data"]))
        self._authority.flush()
        self._headers = {
            "Authorization": f"Bearer {access['users'][0]['user']['token']}",
            "Content-Type": "application/merge-patch+json",
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.refusals: list[str] = []
        """What the API server answered, other than that it was done; a server that is not there refuses nothing."""
        self.written = 0
        """How many changes were made."""

    def write_on(self, *, changes: int) -> None:
        """Wait until so many more changes were answered."""
        goal, deadline = self.written + len(self.refusals) + changes, time.monotonic() + 60
        while self.written + len(self.refusals) < goal:
            assert time.monotonic() < deadline, "the API server answers no longer"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._authority.close()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.05):
            number += 1
            body: dict[str, Any] = {"metadata": {"annotations": {"written": str(number)}}}
            try:
                answer = requests.patch(
                    self._url, json=body, headers=self._headers, verify=self._authority.name, timeout=5
                )
            except requests.RequestException:
                continue
            if answer.ok:
                self.written += 1
            elif answer.status_code in (403, 422):
                self.refusals.append(answer.text)
