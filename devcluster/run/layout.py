"""The one folder that holds everything of a cluster, and the lock that says who owns it.

The lock file also marks the folder as a cluster's: nothing is ever deleted in a folder without it.
"""

import dataclasses
import fcntl
import os
import shutil
from pathlib import Path

from devcluster import errors


@dataclasses.dataclass(frozen=True)
class Layout:
    """Paths within a cluster's folder."""

    root: Path

    @property
    def lock(self) -> Path:
        """Locked by the supervisor as long as it lives."""
        return self.root / ".devcluster.lock"

    @property
    def options(self) -> Path:
        """The options, as JSON."""
        return self.root / "options.json"

    @property
    def control(self) -> Path:
        """The supervisor's socket."""
        return self.root / "control.sock"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def users(self) -> Path:
        """A kubeconfig per account."""
        return self.root / "users"

    @property
    def certificates(self) -> Path:
        """The API server's own certificate and key."""
        return self.root / "certificates"

    @property
    def logs(self) -> Path:
        """One log per component."""
        return self.root / "logs"

    @property
    def nodes(self) -> Path:
        """One folder per process node."""
        return self.root / "nodes"

    @property
    def prometheus(self) -> Path:
        """Configuration, rules, extra targets and data of Prometheus."""
        return self.root / "prometheus"

    def log(self, component: str, /) -> Path:
        """Return the log of a component."""
        return self.logs / f"{component}.log"

    def create(self) -> None:
        """Create the folders that components expect."""
        for folder in (self.users, self.certificates, self.logs, self.nodes):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("rules", "targets"):
            (self.prometheus / name).mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Delete all but the lock. Call it only while holding the lock."""
        for entry in self.root.iterdir():
            if entry.name == ".devcluster.lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder. Call it only while holding the lock."""
        if self.lock.exists():
            shutil.rmtree(self.root, ignore_errors=True)


def acquire(layout: Layout, /, *, create: bool) -> int | None:
    """Lock the cluster's folder and return the file descriptor, or None if somebody holds it or there is no cluster.

    Raises StartError when the folder has files but no lock: it is somebody else's.
    """
    if create and not layout.lock.exists() and layout.root.is_dir() and any(layout.root.iterdir()):
        raise errors.StartError(f"{layout.root} is not empty and no cluster's folder: name another one.")
    for _ in range(100):
        if create:
            layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            fd = os.open(layout.lock, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
        except FileNotFoundError:
            if create:
                continue  # the folder was deleted in between
            return None
        if not _try_lock(fd):
            os.close(fd)
            return None
        if _is_at(fd, layout.lock):
            return fd
        os.close(fd)  # the file was replaced in between: the lock on the old one is worth nothing
    raise errors.StartError(f"{layout.root} keeps being deleted by somebody else: use another folder.")


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.fstat(fd).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
