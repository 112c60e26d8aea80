"""The image table: which local command stands for which image.

The table is a YAML file, ``image: {command, args, env, cwd, pull_seconds}``, read again whenever it has changed, so
that "pushing an image" is an edit. ``command`` is the image's entry point and ``args`` its default arguments. Strings
in ``command``, ``args``, ``env`` and ``cwd`` may contain {pod_ip} {pod_name} {pod_uid} {namespace} {node} {image}
{port:<name>} {volume:<name>}; other braces stay as they are.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_FIELD = re.compile(r"\{([a-z_]+(?::[A-Za-z0-9._-]+)?)\}")


class PullError(Exception):
    """An image that cannot be had; the message says why."""


class UnknownFieldError(Exception):
    """A command names a port or a volume that the pod does not have."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """One entry of the table."""

    name: str
    digest: str
    """``sha256:...`` over the entry: another command is another image."""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    pull_seconds: float = 0.0

    @property
    def id(self) -> str:
        """What a pod's ``imageID`` says: the repository and the digest."""
        if "@" in self.name:
            return self.name
        repository, _, tag = self.name.rpartition(":")
        return f"{repository if repository and '/' not in tag else self.name}@{self.digest}"


class ImageTable:
    """The images that this node can run, and which of them it has pulled."""

    def __init__(self, *, path: Path) -> None:
        self._path = path
        self._read_at = (-1, -1)
        self._images: dict[str, Image] = {}
        self._pulled: set[str] = set()

    def find(self, name: str, /) -> Image:
        """Look an image up; a name without tag means ``:latest`` too. Raises PullError."""
        try:
            stat = self._path.stat()
            if self._read_at != (stat.st_mtime_ns, stat.st_size):
                table = yaml.safe_load(self._path.read_text(encoding="utf-8")) or {}
                self._images = {str(image): _entry(str(image), entry) for image, entry in table.items()}
                self._read_at = (stat.st_mtime_ns, stat.st_size)
        except (OSError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
            raise PullError(
                f'failed to pull image "{name}": image table {self._path.name}: {error}'
            ) from error
        image = self._images.get(name) or self._images.get(f"{name}:latest")
        if image is None:
            raise PullError(
                f'failed to pull image "{name}": not found: add it to the image table {self._path.name}'
            )
        return image

    def present(self, image: Image, /) -> bool:
        """Whether the image needs no pull any more."""
        return image.digest in self._pulled

    async def pull(self, image: Image, /) -> None:
        """Take as long as the table says a pull takes."""
        await asyncio.sleep(image.pull_seconds)
        self._pulled.add(image.digest)


def _entry(name: str, entry: Mapping[str, object], /) -> Image:
    unknown = set(entry) - {"command", "args", "env", "cwd", "pull_seconds"}
    if unknown:
        raise ValueError(f"{name}: unknown field {', '.join(sorted(unknown))}")
    command, args, env = entry.get("command") or [], entry.get("args") or [], entry.get("env") or {}
    if not isinstance(command, list) or not isinstance(args, list) or not isinstance(env, dict):
        raise TypeError(f"{name}: command and args are lists, env is a mapping")
    content = json.dumps([name, entry], sort_keys=True).encode()
    return Image(
        name=name,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        command=tuple(map(str, command)),
        args=tuple(map(str, args)),
        env={str(key): str(value) for key, value in env.items()},
        cwd=str(entry.get("cwd") or ""),
        pull_seconds=float(str(entry.get("pull_seconds") or 0)),
    )


def fill(text: str, /, *, fields: Mapping[str, str]) -> str:
    """Fill in the placeholders. Raises UnknownFieldError for a port or volume that is not there."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in fields:
            return fields[name]
        if name.startswith(("port:", "volume:")):
            raise UnknownFieldError(
                f"the image's command needs {{{name}}}, but the pod has none of that name"
            )
        return match[0]

    return _FIELD.sub(value, text)
