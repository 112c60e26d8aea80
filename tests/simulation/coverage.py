"""Which write has met which fault: a table without empty cells, but for those that cannot be."""

from collections import Counter
from typing import Final

from tests.simulation import sites
from tests.simulation.faults import Fault

IMPOSSIBLE: Final[frozenset[tuple[str, Fault]]] = frozenset(
    {
        # Whether an event was written is asked by nobody: it is created under a new name, so there is no 409 for it.
        ("report.events", Fault.CONFLICT),
    }
)
"""Cells that stay empty, and why."""


def empty(met: Counter[tuple[str, Fault]]) -> list[str]:
    """Return by site the cells that were not met and could have been."""
    missing = {
        site: [fault.value for fault in Fault if not met[site, fault] and (site, fault) not in IMPOSSIBLE]
        for site in sites.SITES
    }
    return [f"{site} never met {', '.join(faults)}" for site, faults in missing.items() if faults]


def table(met: Counter[tuple[str, Fault]]) -> str:
    """Return the table as text: a row for each write, a column for each fault."""
    heads = [fault.value.split() for fault in Fault]
    widths = [max(8, *(len(word) for word in words)) for words in heads]
    longest = max(map(len, sites.SITES))
    lines = []
    for line in (0, 1):
        words = [words[line] if len(words) > line else "" for words in heads]
        lines.append(
            " " * longest + "".join(f" {word:>{width}}" for word, width in zip(words, widths, strict=True))
        )
    for site in sites.SITES:
        cells = (
            "-" if (site, fault) in IMPOSSIBLE and not met[site, fault] else f"{met[site, fault]}"
            for fault in Fault
        )
        lines.append(
            f"{site:<{longest}}"
            + "".join(f" {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        )
    return "\n".join(lines)
