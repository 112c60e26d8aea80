"""Where binaries are cached and where clusters keep their state: the user's own folders, as XDG says."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
"""The folder of this package; its parent must be on the module path of the processes that are started."""


def _home(variable: str, fallback: str, /) -> Path:
    # XDG says that a relative path is to be ignored.
    value = os.environ.get(variable, "")
    return Path(value) if Path(value).is_absolute() else Path.home() / fallback


def cache() -> Path:
    """Return the folder of the built binaries, shared by all clusters of a user."""
    return _home("XDG_CACHE_HOME", ".cache") / "lastgood" / "devcluster"


def state() -> Path:
    """Return the folder below which each named cluster has its own."""
    return _home("XDG_STATE_HOME", ".local/state") / "lastgood" / "devcluster"
