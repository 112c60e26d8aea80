"""Builds what is missing, one binary after the other, and keeps each in the cache.

One build at a time for a user: a second one waits, and finds the work done. A binary appears in the cache by a rename,
so it is whole or not there; an interrupted build goes on where it stopped, for Go caches packages that it compiled.
One after the other because the compiler keeps two cores busy by itself, and linkers in parallel need memory.
"""

import collections
import contextlib
import dataclasses
import fcntl
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from devcluster import binaries, errors, folders, kernel
from devcluster.binaries import golang, recipes

LOCK_TIMEOUT = 3600.0
"""Seconds to wait for another build."""

TICK = 0.5
"""Seconds between two reports of progress."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One report of progress."""

    kind: str
    """``given``, ``cached``, ``waiting``, ``go``, ``fetching``, ``compiling``, ``built``."""

    name: str = ""
    """The binary, or the module that is fetched."""

    detail: str = ""
    seconds: float = 0.0
    """Since the step began."""

    done: int = 0
    total: int = 0
    """Packages compiled now, and packages that the binary consists of, cached ones included."""


Report = Callable[[Step], None]


def build(*, report: Report) -> dict[str, Path]:
    """Build what is neither given nor cached and return the path of each binary.

    Raises BuildError: one sentence that names the log with the rest.
    """
    wanted = binaries.sources()
    for name, source in wanted.items():
        if source.given_by:
            report(Step(kind="given", name=name, detail=f"{source.given_by}={source.path.parent}"))
    if not all(source.present for source in wanted.values()):
        with _one_at_a_time(report):
            _build_missing(wanted, report=report)
    for name, source in wanted.items():
        if not source.given_by:
            report(Step(kind="cached", name=name, detail=str(source.path)))
    return {name: source.path for name, source in wanted.items()}


def _build_missing(wanted: dict[str, binaries.Source], *, report: Report) -> None:
    # Asked again under the lock: the build that held it may have made them.
    missing = [source for source in wanted.values() if not source.present]
    if not missing:
        return
    modules = list(dict.fromkeys(source.recipe.module for source in missing))
    go = _go(least=max(map(recipes.go_version_needed, modules)), report=report)
    for module in modules:
        recipes_of = [source.recipe for source in missing if source.recipe.module == module]
        totals = _fetch(go, module=module, recipes_of=recipes_of, report=report)
        for recipe in recipes_of:
            _build_one(go, recipe=recipe, total=totals, report=report)


def _go(*, least: tuple[int, ...], report: Report) -> golang.Go:
    go = golang.find(least=least)
    if go is None:
        report(Step(kind="go", detail=f"installing {golang.PACKAGE} {golang.dotted(least)} or newer"))
        go = golang.install(least=least, log=_log("go"))
    report(Step(kind="go", detail=str(go)))
    return go


def _fetch(go: golang.Go, *, module: str, recipes_of: list[recipes.Recipe], report: Report) -> int:
    """Download the module's dependencies and return how many packages the binaries consist of."""
    tags = sorted({tag for recipe in recipes_of for tag in recipe.tags})
    command = [str(go.path), "list", "-deps", "-mod=readonly", f"-tags={','.join(tags)}"]
    command += [recipe.package for recipe in recipes_of]
    packages = 0
    downloads = 0

    def heard(line: str, *, seconds: float) -> None:
        nonlocal packages, downloads
        if line.startswith("go: downloading"):
            downloads += 1
        elif line:
            packages += 1
        report(Step(kind="fetching", name=module, done=downloads, seconds=seconds))

    report(Step(kind="fetching", name=module))
    log = _log(f"fetch-{module}")
    _run(command, folder=recipes.MODULES / module, log=log, heard=heard, failing=f"The sources of {module}")
    return packages


def _build_one(go: golang.Go, *, recipe: recipes.Recipe, total: int, report: Report) -> None:
    path = recipes.built_path(recipe)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{recipe.name}.part")
    began = time.monotonic()
    compiled = 0

    def heard(line: str, *, seconds: float) -> None:
        nonlocal compiled
        # -v names each package as its compilation begins; whatever else is said contains spaces.
        compiled += bool(line) and " " not in line
        report(Step(kind="compiling", name=recipe.name, done=compiled, total=total, seconds=seconds))

    report(Step(kind="compiling", name=recipe.name, total=total))
    command = [str(go.path), "build", "-v", *recipe.flags(), "-o", str(part), recipe.package]
    try:
        _run(
            command,
            folder=recipes.MODULES / recipe.module,
            log=_log(recipe.name),
            heard=heard,
            failing=recipe.name,
        )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    seconds = time.monotonic() - began
    report(Step(kind="built", name=recipe.name, detail=str(path), done=compiled, seconds=seconds))


def _log(name: str) -> Path:
    folder = folders.cache() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _run(
    command: Sequence[str], *, folder: Path, log: Path, heard: Callable[..., None], failing: str
) -> None:
    """Run a go command, keep its output in ``log``, and let ``heard`` have each line, or "" when a tick passes."""
    began = time.monotonic()
    last: collections.deque[str] = collections.deque(maxlen=20)
    # Killed without a word, this process would leave a compiler behind that nobody waits for.
    tied = kernel.tied_to_this_process(command, signal_number=signal.SIGTERM)
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            tied,
            cwd=folder,
            env=golang.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        ) as process,
    ):
        try:
            for line in _lines(process):
                if line:
                    last.append(line)
                    output.write(line + "\n")
                heard(line, seconds=time.monotonic() - began)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        reason = next((line for line in reversed(last) if not line.startswith("#")), "it said nothing")
        raise errors.BuildError(
            f"{failing} could not be built: {reason.strip()[:300]} (whole output: {log}; "
            "what is built is kept, so 'python -m devcluster build' goes on from here)."
        )


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the output by lines, and an empty one when nothing came for a tick, until the process closes it."""
    if process.stdout is None:
        return
    os.set_blocking(process.stdout.fileno(), False)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(timeout=TICK):
                yield ""
                continue
            chunk = process.stdout.read()
            if not chunk:
                break
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in whole if line)
    if rest:
        yield rest.decode("utf-8", "replace")


@contextlib.contextmanager
def _one_at_a_time(report: Report) -> Iterator[None]:
    folders.cache().mkdir(parents=True, exist_ok=True)
    path = folders.cache() / "build.lock"
    began = time.monotonic()
    with path.open("a+", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                seconds = time.monotonic() - began
                holder = path.read_text(encoding="utf-8").strip() or "unknown"
                if seconds > LOCK_TIMEOUT:
                    raise errors.BuildError(
                        f"Another build (process {holder}) has not ended within an hour; end it and try again."
                    ) from None
                report(Step(kind="waiting", detail=f"process {holder} is building", seconds=seconds))
                time.sleep(TICK)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
