"""What the person sees: one place that prints, so that the story's steps only return sentences.

Colour and the live line appear on a terminal; a pipe or a log file gets the same words as plain lines, with a
line on the traffic every few seconds in place of the live one. All times are seconds since the demo began.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import rich.box
import rich.console
import rich.status
import rich.table
import rich.text

TRAFFIC_LINE_SECONDS = 5.0


class Telling:
    """Prints the story to one console."""

    def __init__(self, *, console: rich.console.Console) -> None:
        self.console = console
        self.began = time.monotonic()
        self.began_at = datetime.now(UTC)
        self._live: rich.status.Status | None = None
        self._next_traffic_line = 0.0

    def headline(self, text: str) -> None:
        """Print the demo's title."""
        self.console.print()
        self.console.print(f"[bold]{text}[/bold]", highlight=False)
        self.console.print()

    def step(self, number: int, title: str) -> None:
        """Begin a step of the story."""
        self.console.print(f"{self._stamp()} [bold cyan]{number}. {title}[/bold cyan]", highlight=False)
        self._next_traffic_line = time.monotonic() + TRAFFIC_LINE_SECONDS

    def note(self, text: str) -> None:
        """Print something worth knowing."""
        self._line(text, style="default")

    def detail(self, text: str) -> None:
        """Print something that may be skipped."""
        self._line(text, style="dim")

    def command(self, text: str) -> None:
        """Print a command as it is run."""
        self._line(f"$ {text}", style="bright_blue")

    def to_copy(self, text: str) -> None:
        """Print a command for the person to run: one whole line, whatever the width of the terminal."""
        self.console.print(rich.text.Text(f"           {text}", style="bright_blue"), soft_wrap=True)

    def came_true(self, text: str) -> None:
        """Print what a step has verified."""
        self._line(f"✔ {text}", style="green")

    def failed(self, text: str) -> None:
        """Print why the demo cannot go on."""
        self.rest()
        self._line(f"✘ {text}", style="bold red")

    def watching(self, text: str, *, alarming: bool) -> None:
        """Show how things stand while a step waits: in place on a terminal, else as a line now and then."""
        style = "yellow" if alarming else "default"
        if self.console.is_terminal:
            if self._live is None:
                self._live = self.console.status("", spinner="dots")
                self._live.start()
            self._live.update(rich.text.Text(text, style=style))
        elif time.monotonic() >= self._next_traffic_line:
            self._next_traffic_line = time.monotonic() + TRAFFIC_LINE_SECONDS
            self._line(text, style=style)

    def rest(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def table(self, *, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; long cells wrap."""
        table = rich.table.Table(
            title=title, title_justify="left", box=rich.box.SIMPLE_HEAD, title_style="bold"
        )
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print()
        self.console.print(table, highlight=False)

    def since_start(self, stamp: str) -> str:
        """Turn an API time stamp into the demo's own time, such as `1:07`; empty stays empty."""
        if not stamp:
            return ""
        seconds = (datetime.fromisoformat(stamp) - self.began_at).total_seconds()
        return clock(max(0.0, seconds))

    def _stamp(self) -> str:
        return f"[dim]{clock(time.monotonic() - self.began):>7}[/dim]"

    def _line(self, text: str, *, style: str) -> None:
        grid = rich.table.Table.grid(padding=(0, 4, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self._stamp(), rich.text.Text(text, style=style))
        self.console.print(grid)


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds with one decimal: `1:07.3`."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
