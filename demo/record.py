"""`python -m demo.record`: plays the story for real and, if every step happened, draws its output.

The picture in the README is what this run printed, word for word and with its own times; nothing is edited
in.
"""

import pathlib
import re
import sys

import rich.console
from rich._export_format import CONSOLE_SVG_FORMAT

from demo import __main__ as program

PICTURE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "assets" / "demo.svg"
COLUMNS = 132
FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""rich's own frame without its web fonts: a picture in a README may not load any, and monospace does."""


def main() -> None:
    """Play, then write `docs/assets/demo.svg`; exit as the demo does, without a picture if it failed."""
    # Not a terminal for rich: the live line is left out, and its words appear as plain lines every few
    # seconds.
    console = rich.console.Console(record=True, width=COLUMNS, force_terminal=False)
    code = program.run(console=console)
    if code == 0:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        console.save_svg(str(PICTURE), title="make demo", code_format=FORMAT, unique_id="demo")
        print(f"wrote {PICTURE}")
    sys.exit(code)


if __name__ == "__main__":
    main()
