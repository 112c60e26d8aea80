"""Requests to a real API server, with its refusals as fields and messages."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from lastgood.api import kinds
from tests.cluster.api.objects import Object

SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    status: int
    body: Any

    @property
    def causes(self) -> list[tuple[str, str]]:
        """The refused fields, each with its message; empty for what was accepted."""
        details = self.body.get("details") or {}
        return [(cause.get("field", ""), cause.get("message", "")) for cause in details.get("causes", [])]


class Server:
    """One API server, as its administrator sees it."""

    def __init__(self, *, kubeconfig: Path, folder: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        address = config["clusters"][0]["cluster"]
        authority = folder / "ca.crt"
        authority.write_bytes(base64.b64decode(address["certificate-authority-data"]))
        self._server = address["server"]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(authority)
        self._session.headers["Authorization"] = f"Bearer {config['users'][0]['user']['token']}"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def create(self, manifest: Object, *, namespace: str, keep: bool = False, strict: bool = True) -> Answer:
        """Create an object, by default only to hear whether it would be accepted; `strict` minds unknown fields."""
        query = ({"fieldValidation": "Strict"} if strict else {}) | ({} if keep else {"dryRun": "All"})
        return self._send("POST", self._path(manifest, namespace=namespace), manifest, query=query)

    def patch(self, manifest: Object, body: Object, *, namespace: str, status: bool = False) -> Answer:
        """Change an object by a merge patch."""
        path = self._path(manifest, namespace=namespace, name=manifest["metadata"]["name"])
        return self._send(
            "PATCH", path + ("/status" if status else ""), body, content="application/merge-patch+json"
        )

    def apply(self, manifest: Object, *, namespace: str, manager: str) -> Answer:
        """Apply an object on the server's side."""
        path = self._path(manifest, namespace=namespace, name=manifest["metadata"]["name"])
        return self._send(
            "PATCH", path, manifest, query={"fieldManager": manager}, content="application/apply-patch+yaml"
        )

    def _path(self, manifest: Object, *, namespace: str, name: str | None = None) -> str:
        return kinds.BY_KIND[manifest["kind"]].path(namespace=namespace, name=name)

    def _send(
        self,
        method: str,
        path: str,
        body: Object,
        *,
        query: dict[str, str] | None = None,
        content: str = "application/json",
    ) -> Answer:
        answer = self._session.request(
            method,
            self._server + path,
            json=body,
            params=query or {},
            headers={"Content-Type": content},
            timeout=SECONDS,
        )
        return Answer(status=answer.status_code, body=answer.json())
