"""Accounts of the cluster: tokens, and kubeconfigs that carry them.

The control plane's components have the names that they have in production, so that RBAC and admission policies meet the
same requests. Tokens are random for each cluster and lie in files that only the user can read.
"""

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from devcluster.options import User

ADMIN = User(name="admin", groups=("system:masters",))
CONTROLLER_MANAGER = User(name="system:kube-controller-manager")
SCHEDULER = User(name="system:kube-scheduler")
PROMETHEUS = User(name="devcluster:prometheus")
KWOK = User(name="devcluster:kwok", groups=("system:masters",))
PROCESS_NODE = User(name="devcluster:process-node", groups=("system:masters",))

COMPONENTS = (ADMIN, CONTROLLER_MANAGER, SCHEDULER, PROMETHEUS, KWOK, PROCESS_NODE)


def tokens(users: Iterable[User], /) -> dict[str, str]:
    """Return a new random token for each user, by name."""
    return {user.name: secrets.token_hex(16) for user in users}


def token_file(*, users: Iterable[User], tokens: Mapping[str, str]) -> str:
    """Return the API server's table: token, user, uid, groups."""
    lines = [
        ",".join((tokens[user.name], user.name, user.name, f'"{",".join(user.groups)}"')) for user in users
    ]
    return "\n".join(lines) + "\n"


def kubeconfig(*, server: str, authority: bytes, user: str, token: str) -> str:
    """Return a kubeconfig that needs no other file."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "devcluster",
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(authority).decode(),
                },
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {
                "name": "devcluster",
                "context": {"cluster": "devcluster", "user": user, "namespace": "default"},
            }
        ],
        "current-context": "devcluster",
    }
    return yaml.safe_dump(document, sort_keys=False)


def file_name(user: str, /) -> str:
    """Return the name of a user's kubeconfig; a service account's colons would need quoting in shells."""
    return user.replace(":", "_") + ".kubeconfig"


def write_private(path: Path, text: str, /) -> None:
    """Write a file that only the user can read, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def load_tokens(path: Path, /) -> dict[str, str]:
    """Read the tokens by user name from the JSON file that the supervisor wrote."""
    return {str(name): str(token) for name, token in json.loads(path.read_text(encoding="utf-8")).items()}
