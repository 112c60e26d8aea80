"""The files of the project, as git knows them."""

import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GENERATED = ("crds/", "helm/lastgood/crds/", "docs/reference/", "docs/assets/")
LOCKS = (".lock", "go.sum", "go.mod")


@functools.cache
def files() -> tuple[str, ...]:
    """Return every tracked file that exists, relative to the root; without git, every file that is no by-product."""
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "ls-files", "-z"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
        return tuple(name for name in listed if name and (ROOT / name).is_file())
    ignored = {line.strip("/\n") for line in (ROOT / ".gitignore").read_text().splitlines()}
    return tuple(
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.rglob("*"))
        if path.is_file() and not ignored.intersection(path.relative_to(ROOT).parts)
    )


def written_by_hand() -> tuple[str, ...]:
    """Return the files that people write and read: no locks, nothing generated, not the licence."""
    return tuple(
        name
        for name in files()
        if not name.startswith(GENERATED) and not name.endswith(LOCKS) and name != "LICENSE"
    )


@functools.cache
def text(name: str) -> str:
    """Return the text of a file; what is not text is empty."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
