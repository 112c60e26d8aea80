"""The model server's own environment, which stands for the container image that a cluster would pull.

MLServer and scikit-learn are no dependencies of the operator, so they live apart, below the user's cache
folder, one environment per lock file and Python version. What this module must not do is to reuse a
half-built one: the marker file is written last, and a lock file keeps two builds of the same environment from
meeting.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

from demo import errors

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "examples" / "mlserver"
COMPLETE = ".complete"


def cache_folder() -> pathlib.Path:
    """Return `$XDG_CACHE_HOME/lastgood` or `~/.cache/lastgood`: what may be thrown away and made again."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "lastgood"


def model_server_environment(*, say: Callable[[str], None]) -> pathlib.Path:
    """Return the folder of a complete virtual environment of `requirements.lock`; build it if there is none.

    Takes about a minute the first time (375 MB), milliseconds afterwards. `say` receives one line per thing
    worth telling. Raises `errors.SetUpError` with the installer's last lines if the build fails.
    """
    lock = EXAMPLE / "requirements.lock"
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    target = cache_folder() / "venvs" / f"mlserver-{_digest(lock.read_bytes())}-{tag}"
    with _only_one(target):
        if not (target / COMPLETE).exists():
            say(f"installing MLServer and scikit-learn into {target} (once; about a minute)")
            shutil.rmtree(target, ignore_errors=True)
            _install(target=target, lock=lock)
            (target / COMPLETE).touch()
    return target


def model_artifacts(*, environment: pathlib.Path, say: Callable[[str], None]) -> pathlib.Path:
    """Return the folder with one MLServer model folder per version and `rows.json`; train them if need be.

    Keyed by the code that makes them and by the environment, so an edit of either trains again (about 10 s).
    """
    sources = [EXAMPLE / name for name in ("train.py", "score_cache.py")]
    key = _digest(b"".join(source.read_bytes() for source in sources) + environment.name.encode())
    target = cache_folder() / "models" / f"screening-{key}"
    with _only_one(target):
        if not (target / COMPLETE).exists():
            say("training both versions of the model")
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            output = _run(
                [str(environment / "bin" / "python"), str(EXAMPLE / "train.py"), str(target)], what="training"
            )
            (target / "training.txt").write_text(output)
            (target / COMPLETE).touch()
    for line in (target / "training.txt").read_text().splitlines():
        say(line)
    return target


def _install(*, target: pathlib.Path, lock: pathlib.Path) -> None:
    """Fill `target` from the lock file: with uv where it is at hand (seconds), else with pip (a minute)."""
    python = target / "bin" / "python"
    uv = _uv()
    if uv is not None:
        _run([*uv, "venv", "--quiet", "--no-config", "--python", sys.executable, str(target)], what="uv venv")
        sync = [
            *uv,
            "pip",
            "sync",
            "--quiet",
            "--compile-bytecode",
            "--require-hashes",
            "--python",
            str(python),
            str(lock),
        ]
        _run(sync, what="the installation of the model server")
        return
    _run([sys.executable, "-m", "venv", str(target)], what="python -m venv")
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(lock)]
    _run(install, what="the installation of the model server")


def _uv() -> list[str] | None:
    beside = pathlib.Path(sys.executable).parent / "uv"
    if beside.exists():
        return [str(beside)]
    found = shutil.which("uv")
    if found is not None:
        return [found]
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") is not None else None


def _run(command: list[str], *, what: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise errors.SetUpError(f"{what} failed (exit code {done.returncode}):\n{tail}")
    return done.stdout


@contextlib.contextmanager
def _only_one(target: pathlib.Path) -> Iterator[None]:
    """Hold a file lock beside `target`: a second build of the same thing waits, then finds it complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
