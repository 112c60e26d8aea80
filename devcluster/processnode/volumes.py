"""The volumes of a pod, as folders.

A process sees the node's own file system, so a mount path cannot be honoured: the folder's path is given to each
container as ``LASTGOOD_VOLUME_<NAME>`` and to the image table as ``{volume:<name>}``. Contents are those of the moment
when the pod started.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from devcluster.processnode import environment
from devcluster.processnode.apiserver import Object


class MountError(Exception):
    """A volume whose content is not there (yet); the pod waits for it."""


def variable(name: str, /) -> str:
    """Return the environment variable that says where a volume is."""
    return "LASTGOOD_VOLUME_" + name.upper().replace("-", "_")


async def materialise(pod: Object, /, *, folder: Path, read: environment.Read) -> dict[str, Path]:
    """Make a folder for each volume of the pod; return all by name. What an emptyDir holds already stays.

    Raises MountError for a missing ConfigMap, Secret or key, and environment.ConfigError for a kind of volume that
    this node does not have.
    """
    result = {}
    for volume in pod["spec"].get("volumes") or []:
        name = volume["name"]
        kind = next(key for key in volume if key != "name")
        target = folder / name
        if kind == "emptyDir":
            target.mkdir(parents=True, exist_ok=True)
        elif kind in environment.RESOURCES:
            source = volume[kind]
            source_name = source.get("name") or source.get("secretName")
            files = await _files(kind, source, name=source_name, volume=name, read=read)
            _write(target, files=files)
        else:
            raise environment.ConfigError(
                f'volume "{name}": {kind} is not supported on a process node; use emptyDir, configMap or secret'
            )
        result[name] = target
    return result


async def _files(
    kind: str, source: Object, /, *, name: str, volume: str, read: environment.Read
) -> dict[str, bytes]:
    found = await read(environment.RESOURCES[kind], name)
    failed = f'MountVolume.SetUp failed for volume "{volume}"'
    if found is None:
        if source.get("optional"):
            return {}
        raise MountError(f'{failed} : {kind.lower()} "{name}" not found')
    data = environment.contents(found)
    if not (items := source.get("items")):
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not source.get("optional"):
        raise MountError(f"{failed} : references non-existent {kind.lower()} key: {missing[0]}")
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


def _write(target: Path, /, *, files: Mapping[str, bytes]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, mode=0o700)
    for path, content in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
