"""Pages that are generated and checked in: written by one command, and compared by the same with `--check`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def keep(text: str, *, module: str, subject: str, file: str, arguments: Sequence[str] | None = None) -> int:
    """Write a page as the command line of its generator asks, or compare it; return the exit code.

    `module` is the generator, as `python -m` takes it; `file` is where the page goes by default.
    """
    command = f"python -m {module}"
    parser = argparse.ArgumentParser(prog=command, description=f"Write the {subject} reference.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page differs")
    parser.add_argument("file", nargs="?", default=file, type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.file.is_file() and options.file.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        sys.stderr.write(f"{options.file} is not what the source says; run `{command}`\n")
        return 1
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(text, encoding="utf-8")
    return 0
