"""The environment and the command line of a container, as a kubelet composes them.

Everything that can be wrong with a reference is a ConfigError, whose message a pod then shows as
CreateContainerConfigError.
"""

import base64
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from devcluster.processnode import images
from devcluster.processnode.apiserver import Object

RESOURCES = {"configMap": "configmaps", "secret": "secrets"}
Read = Callable[[str, str], Awaitable[Object | None]]
"""``await read("configmaps", name)``: that object of the pod's namespace, or None."""

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""What a process takes from the node's own environment; it stands for the image's file system."""

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_QUOTED = re.compile(r"^metadata\.(labels|annotations)\['([^']+)'\]$")


class ConfigError(Exception):
    """The container cannot be created as it is written; the message is for the pod's status."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What to run, ready for the operating system."""

    command: list[str]
    env: dict[str, str]
    cwd: str


def expand(text: str, /, *, variables: Mapping[str, str]) -> str:
    """Expand ``$(NAME)``; ``$$`` is a dollar sign, and a name that is unknown stays as it is written."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def field_value(pod: Object, path: str, /, *, node: Mapping[str, str]) -> str:
    """Return the value of a ``fieldRef``; ``node`` has pod_ip and host_ip, which the API server may not know yet."""
    metadata, spec = pod["metadata"], pod["spec"]
    if match := _QUOTED.match(path):
        return str((metadata.get(match[1]) or {}).get(match[2], ""))
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": node["pod_ip"],
        "status.podIPs": node["pod_ip"],
        "status.hostIP": node["host_ip"],
        "status.hostIPs": node["host_ip"],
    }
    if path not in known:
        raise ConfigError(f"fieldRef {path} is not supported on a process node")
    return str(known[path])


def contents(found: Object, /) -> dict[str, bytes]:
    """Return the keys of a ConfigMap or a Secret with their bytes."""
    data: dict[str, str] = found.get("data") or {}
    secret = found.get("kind") == "Secret"
    text = {} if secret else data
    binary: dict[str, str] = data if secret else found.get("binaryData") or {}
    return {key: value.encode() for key, value in text.items()} | {
        key: base64.b64decode(value) for key, value in binary.items()
    }


def _text(value: bytes, /) -> str:
    """Return bytes as the operating system's interfaces want them in an environment; nothing is lost."""
    return value.decode(errors="surrogateescape")


async def _key_value(kind: str, ref: Object, /, *, pod: Object, read: Read) -> str | None:
    """Return the value of a ``configMapKeyRef`` or ``secretKeyRef``; None when it is optional and not there."""
    found = await read(RESOURCES[kind], ref["name"])
    if found is None and not ref.get("optional"):
        raise ConfigError(f'{kind.lower()} "{ref["name"]}" not found')
    value = contents(found or {}).get(ref["key"])
    if value is None and not ref.get("optional"):
        title = kind[0].upper() + kind[1:]
        raise ConfigError(
            f"couldn't find key {ref['key']} in {title} {pod['metadata']['namespace']}/{ref['name']}"
        )
    return None if value is None else _text(value)


async def _whole_sources(container: Object, /, *, read: Read) -> dict[str, str]:
    result: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for kind in ("configMap", "secret"):
            if not (ref := source.get(f"{kind}Ref")):
                continue
            found = await read(RESOURCES[kind], ref["name"])
            if found is None and not ref.get("optional"):
                raise ConfigError(f'{kind.lower()} "{ref["name"]}" not found')
            prefix = source.get("prefix", "")
            result |= {prefix + key: _text(value) for key, value in contents(found or {}).items()}
    return result


async def variables(
    container: Object, /, *, pod: Object, given: Mapping[str, str], node: Mapping[str, str], read: Read
) -> dict[str, str]:
    """Resolve ``envFrom`` and ``env`` over what is ``given``. Raises ConfigError."""
    result = dict(given) | await _whole_sources(container, read=read)
    for entry in container.get("env") or []:
        source = entry.get("valueFrom") or {}
        value: str | None
        if ref := source.get("fieldRef"):
            value = field_value(pod, ref["fieldPath"], node=node)
        elif ref := source.get("configMapKeyRef"):
            value = await _key_value("configMap", ref, pod=pod, read=read)
        elif ref := source.get("secretKeyRef"):
            value = await _key_value("secret", ref, pod=pod, read=read)
        elif source:
            raise ConfigError(f"env {entry['name']}: {next(iter(source))} is not supported on a process node")
        else:
            value = expand(entry.get("value", ""), variables=result)
        if value is not None:
            result[entry["name"]] = value
    return result


def invocation(
    container: Object,
    /,
    *,
    image: images.Image,
    env: Mapping[str, str],
    fields: Mapping[str, str],
    folder: str,
) -> Invocation:
    """Compose image and container: ``command`` replaces the entry point and its arguments, ``args`` only those."""
    command = [expand(part, variables=env) for part in container.get("command") or []]
    args = [expand(part, variables=env) for part in container.get("args") or []]
    try:
        entry_point = [] if command else [images.fill(part, fields=fields) for part in image.command]
        defaults = [] if command or args else [images.fill(part, fields=fields) for part in image.args]
        image_env = {name: images.fill(value, fields=fields) for name, value in image.env.items()}
        cwd = images.fill(image.cwd, fields=fields)
    except images.UnknownFieldError as error:
        raise ConfigError(str(error)) from error
    line = command + args if command else entry_point + (args or defaults)
    if not line:
        raise ConfigError(f'no command specified for image "{image.name}"')
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return Invocation(
        command=line,
        env=inherited | image_env | dict(env),
        cwd=container.get("workingDir") or cwd or folder,
    )
