"""Writes the reference page of the settings: `python -m lastgood.cli.reference [--check] [FILE]`.

It says what `lastgood operator --help` says, from the same flags, for people without the command at hand.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from lastgood.cli import operator

INTRODUCTION: Final = """\
# Settings of the operator

Generated from the flags by `python -m lastgood.cli.reference`; `lastgood operator --help` says the same. A flag wins
over its environment variable, the variable over the default. In a variable, the values of a list are separated by
commas.

| flag | variable | meaning |
|---|---|---|
"""


def page() -> str:
    """Give the whole page, as Markdown."""
    options = [each for each in operator.command.params if isinstance(each, click.Option) and each.envvar]
    return INTRODUCTION + "".join(_row(option) for option in options)


def _row(option: click.Option) -> str:
    kind = option.make_metavar(click.Context(operator.command))
    shown = kind.strip("[]").replace("|", ", ").lower() if kind.startswith("[") else kind
    text = (option.help or "").replace("|", "\\|")
    return f"| `{option.opts[0]}` {shown} | `{option.envvar}` | {text} |\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or compare with what is there. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lastgood.cli.reference", description="Write the settings reference."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page differs")
    parser.add_argument("file", nargs="?", default="docs/reference/settings.md", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    text = page()
    if options.file.is_file() and options.file.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        sys.stderr.write(
            f"{options.file} is not what the flags say; run `python -m lastgood.cli.reference`\n"
        )
        return 1
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
