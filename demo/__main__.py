"""`python -m demo`: plays the story once and exits with 0 only if each step really happened."""

import asyncio
import os
import pathlib
import signal
import sys

import click
import rich.console

from demo import errors, performance, stage_embedded, stage_kind, telling

ROOT = pathlib.Path(__file__).resolve().parent.parent
INTERRUPTED = 130
LOG_COLUMNS = 150
"""Width of the output when it goes to a file or a pipe."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--kind", "on_kind", is_flag=True, help="Play on a kind cluster instead (needs docker and kind)."
)
@click.option(
    "--keep/--no-keep",
    default=os.environ.get("KEEP", "") not in {"", "0", "false", "no"},
    help="Leave everything running afterwards, until Ctrl-C. Default: the environment variable KEEP.",
)
def main(*, on_kind: bool, keep: bool) -> None:
    """One model, one bad version, one rollback, one kill: on a real cluster, told as it happens."""
    console = rich.console.Console(width=None if sys.stdout.isatty() else LOG_COLUMNS)
    sys.exit(run(console=console, on_kind=on_kind, keep=keep))


def run(*, console: rich.console.Console, on_kind: bool = False, keep: bool = False) -> int:
    """Play the story and return the exit code: 0, 1 if a step did not come true, 130 if interrupted."""
    teller = telling.Telling(console=console)
    work = performance.new_work_folder(root=ROOT)
    teller.headline("lastgood: every model on its last good version, or off")
    build = stage_kind.build if on_kind else stage_embedded.build
    try:
        asyncio.run(_until_signalled(performance.perform(build=build, teller=teller, work=work, keep=keep)))
    except errors.DemoError as error:
        teller.failed(str(error))
        teller.detail(f"logs: {work}")
        return 1
    except asyncio.CancelledError:
        teller.rest()
        teller.note("stopped; nothing is left running")
        return INTERRUPTED
    teller.came_true("every step happened, and nothing is left running")
    return 0


async def _until_signalled(performed: performance.Performance) -> None:
    """Run to the end, or cancel in order when the terminal or a supervisor asks for an end."""
    task = asyncio.ensure_future(performed)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    await task


if __name__ == "__main__":
    main()
