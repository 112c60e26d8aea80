"""What is built, from which Go module, with which flags; and the key under which the result is cached.

Versions stand in the modules' ``go.mod`` alone. The key covers all that shapes a binary (module files, flags, platform)
but the version of Go: a new compiler is no reason to spend ten minutes.
"""

import dataclasses
import functools
import hashlib
import platform
import re
import sys
from pathlib import Path

from devcluster import folders

MODULES = folders.PACKAGE / "go"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one binary is built."""

    name: str
    """The file's name, as the project itself calls it."""

    module: str
    """The folder below ``devcluster/go`` with the go.mod that pins it."""

    package: str
    """The main package."""

    tags: tuple[str, ...] = ()
    """Build tags."""

    versioned: bool = False
    """Kubernetes binaries carry their version by linker flags: kubectl cannot parse a server's without."""

    def flags(self) -> tuple[str, ...]:
        """Return the flags of ``go build``, without output and package."""
        linker = ["-s", "-w"]
        if self.versioned:
            version = kubernetes_version()
            major, minor, _ = version.removeprefix("v").split(".", 2)
            values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
            for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
                linker += [f"-X {package}.{symbol}={value}" for symbol, value in values.items()]
        tags = ("-tags", ",".join(self.tags)) if self.tags else ()
        return ("-trimpath", "-mod=readonly", "-buildvcs=false", *tags, "-ldflags", " ".join(linker))


def _kubernetes(name: str, /) -> Recipe:
    return Recipe(name=name, module="controlplane", package=f"k8s.io/kubernetes/cmd/{name}", versioned=True)


RECIPES = (
    # The API server first: it compiles most of what the next three share. etcd and kwok are small then.
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubectl"),
    Recipe(name="etcd", module="controlplane", package="go.etcd.io/etcd/server/v3"),
    Recipe(name="kwok", module="controlplane", package="sigs.k8s.io/kwok/cmd/kwok"),
    Recipe(
        name="prometheus",
        module="prometheus",
        package="github.com/prometheus/prometheus/cmd/prometheus",
        tags=("netgo", "remove_all_sd", "enable_kubernetes_sd"),
    ),
)
"""All binaries, in the order in which they are built."""


@functools.cache
def kubernetes_version() -> str:
    """Return the version of Kubernetes that go.mod requires, such as ``v1.36.3``."""
    text = (MODULES / "controlplane" / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"\bk8s\.io/kubernetes (v[0-9]+\.[0-9]+\.[0-9]+\S*)", text)
    if not found:
        raise LookupError("devcluster/go/controlplane/go.mod requires no k8s.io/kubernetes")
    return found.group(1)


def go_version_needed(module: str, /) -> tuple[int, ...]:
    """Return the least Go version that a module's ``go`` line asks for."""
    text = (MODULES / module / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"^go ([0-9.]+)$", text, re.MULTILINE)
    if not found:
        raise LookupError(f"devcluster/go/{module}/go.mod has no go line")
    return tuple(int(part) for part in found.group(1).split("."))


def cache_key(module: str, /, *, folder: Path | None = None) -> str:
    """Return 12 hex digits that change with anything that shapes the module's binaries."""
    where = folder or MODULES / module
    digest = hashlib.sha256()
    for file in ("go.mod", "go.sum"):
        digest.update((where / file).read_bytes())
    for recipe in RECIPES:
        if recipe.module == module:
            digest.update(repr((recipe.name, recipe.package, recipe.flags())).encode())
    digest.update(f"{sys.platform}/{platform.machine()}".encode())
    return digest.hexdigest()[:12]


def built_path(recipe: Recipe, /) -> Path:
    """Return where the built binary lies, or would lie."""
    return folders.cache() / f"{recipe.module}-{cache_key(recipe.module)}" / recipe.name
