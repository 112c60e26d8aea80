"""How a build shows itself: a living line for people, plain lines for logs. Nothing here decides anything."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import rich.console
import rich.status

from devcluster.binaries import builder
from devcluster.binaries.builder import Step

PLAIN_INTERVAL = 30.0
"""Seconds between two lines about the same step in a log."""


def clock(seconds: float, /) -> str:
    """Return minutes and seconds, as 2:05."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def sentence(step: Step, /) -> str:
    """Say a step in a few words."""
    lasted = clock(step.seconds)
    words = {
        "given": f"given by {step.detail}",
        "cached": step.detail,
        "waiting": f"waiting {lasted}, {step.detail}",
        "go": step.detail,
        "fetching": f"fetching sources, {lasted}, {step.done} modules downloaded",
        "compiling": f"compiling and linking, {lasted}, {step.done} of at most {step.total} packages",
        "built": f"built in {lasted}, {step.done} packages compiled, the others were cached",
    }[step.kind]
    return f"{step.name}: {words}" if step.name else words


class Plain:
    """One line when a step begins or ends, and every 30 s in between."""

    def __init__(self) -> None:
        self._last: tuple[str, str] = ("", "")
        self._said = 0.0

    def __call__(self, step: Step, /) -> None:
        """Print the step, unless it was printed a moment ago."""
        now = time.monotonic()
        this = (step.kind, step.name)
        lasting = step.kind in {"fetching", "compiling", "waiting"}
        if lasting and this == self._last and now - self._said < PLAIN_INTERVAL:
            return
        self._last, self._said = this, now
        print(f"[devcluster] {sentence(step)}", file=sys.stderr, flush=True)


class Living:
    """A line that changes while a step lasts; what is done stays on the screen."""

    def __init__(self, *, console: rich.console.Console, status: rich.status.Status) -> None:
        self._console = console
        self._status = status

    def __call__(self, step: Step, /) -> None:
        """Show the step."""
        if step.kind in {"fetching", "compiling", "waiting"}:
            self._status.update(sentence(step))
            return
        self._console.print(f"[green]✓[/green] {sentence(step)}", highlight=False, soft_wrap=True)


@contextmanager
def shown() -> Iterator[builder.Report]:
    """Yield what reports to standard error, as suits whoever reads it."""
    console = rich.console.Console(stderr=True)
    if not console.is_terminal:
        yield Plain()
        return
    with console.status("looking for binaries") as status:
        yield Living(console=console, status=status)
