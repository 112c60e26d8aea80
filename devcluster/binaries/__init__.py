"""Where each binary comes from: given by the user, or built and cached.

Two variables stand in for a build: ``DEVCLUSTER_BIN``, a folder with any of the binaries, and ``KUBEBUILDER_ASSETS``,
as tests of other operators use it, with etcd, kube-apiserver and kubectl. A folder that is named but missing is an
error: whoever set the variable would not expect a long build instead. Nothing else on PATH is used: versions there are
anyone's.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from devcluster import errors
from devcluster.binaries import recipes

_ASSETS = ("etcd", "kube-apiserver", "kubectl")
_OTHER_NAMES = {"etcd": ("etcd", "server")}
"""``go build`` names etcd's binary after its package, ``server``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """Where one binary is, or would be once it is built."""

    recipe: recipes.Recipe
    path: Path
    given_by: str | None = None
    """The environment variable that named its folder; None: it is built."""

    @property
    def present(self) -> bool:
        """Whether it can be run now."""
        return os.access(self.path, os.X_OK)


def _given(*, name: str, environ: Mapping[str, str]) -> tuple[Path, str] | None:
    for variable in ("DEVCLUSTER_BIN", "KUBEBUILDER_ASSETS"):
        value = environ.get(variable)
        if not value or (variable == "KUBEBUILDER_ASSETS" and name not in _ASSETS):
            continue
        folder = Path(value)
        if not folder.is_dir():
            raise errors.MissingBinariesError(
                f"{variable} names {folder}, which is no folder: correct it, or unset it to build the binaries."
            )
        for file in _OTHER_NAMES.get(name, (name,)):
            if os.access(folder / file, os.X_OK):
                return folder / file, variable
    return None


def sources(*, environ: Mapping[str, str] | None = None) -> dict[str, Source]:
    """Return where each binary is, by name. Raises MissingBinariesError for a variable that names no folder."""
    environ = os.environ if environ is None else environ
    found = {}
    for recipe in recipes.RECIPES:
        given = _given(name=recipe.name, environ=environ)
        path, variable = given or (recipes.built_path(recipe), None)
        found[recipe.name] = Source(recipe=recipe, path=path, given_by=variable)
    return found


def locate() -> dict[str, Path]:
    """Return the path of each binary. Raises MissingBinariesError unless all can be run."""
    found = sources()
    missing = [name for name, source in found.items() if not source.present]
    if missing:
        raise errors.MissingBinariesError(
            f"{', '.join(missing)} not built yet: run 'python -m devcluster build' "
            "(about ten minutes the first time), or name a folder that has them in DEVCLUSTER_BIN."
        )
    return {name: source.path for name, source in found.items()}
