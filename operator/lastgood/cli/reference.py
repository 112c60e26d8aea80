"""Writes the reference page of the settings: `python -m lastgood.cli.reference [--check] [FILE]`.

It says what `lastgood operator --help` says, from the same flags, for people without the command at hand.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from lastgood.api import generated
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
    return generated.keep(
        page(),
        module="lastgood.cli.reference",
        subject="settings",
        file="docs/reference/settings.md",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
