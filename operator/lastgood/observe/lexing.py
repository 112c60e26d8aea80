"""PromQL cut into strings, comments and code, by the rules of Prometheus' own lexer.

Two things need to know exactly where a string ends: filling placeholders in, and putting many people's
queries into one. A parser would do more, and stand in the way: a query with a placeholder outside a string
does not parse. Nothing here judges whether a query is right; that stays with the server.
"""

import enum
import functools
import re
from dataclasses import dataclass
from typing import Final


class Kind(enum.Enum):
    """What a piece of a query is."""

    CODE = "code"
    QUOTED = "quoted"
    RAW = "raw"
    COMMENT = "comment"
    UNTERMINATED = "unterminated"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of one kind; the texts of all pieces of a query add up to the query."""

    kind: Kind
    text: str


# A quoted string ends at its own quote, never holds a line break, and a backslash takes the next character
# with it; a raw string has no escapes; a comment goes to the end of the line, and either of \r and \n ends
# one.
_PIECES: Final = re.compile(
    r"""(?P<quoted> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
      | (?P<raw> `[^`]*` )
      | (?P<comment> \#[^\r\n]* )
      | (?P<unterminated> ["'`] )
      | (?P<code> [^"'`\#]+ )""",
    re.VERBOSE | re.DOTALL,
)
_TOKENS: Final = re.compile(r"\w+|[^\w\s]")


@functools.lru_cache(maxsize=4096)
def pieces(query: str) -> tuple[Piece, ...]:
    """Cut `query` up; a quote that nothing closes is a piece of its own, of the kind `UNTERMINATED`.

    Each look asks the same queries again, so the pieces of the last few thousand are kept.
    """
    return tuple(Piece(Kind(match.lastgroup), match.group()) for match in _PIECES.finditer(query))


@dataclass(frozen=True, slots=True)
class Shape:
    """How a query is built, as far as that matters to whatever encloses or parses it.

    `closed` says that it cannot reach out of a pair of parentheses around it; `depth` and `tokens` bound
    what a recursive parser would have to go through.
    """

    closed: bool
    depth: int
    tokens: int


def shape(query: str) -> Shape:
    """Measure `query` outside its strings and comments."""
    depth = deepest = tokens = 0
    closed = True
    for piece in pieces(query):
        if piece.kind is Kind.UNTERMINATED:
            closed = False
        if piece.kind is not Kind.CODE:
            tokens += 1
            continue
        for token in _TOKENS.findall(piece.text):
            tokens += 1
            depth += (token == "(") - (token == ")")  # noqa: S105 - a parenthesis, not a password
            deepest = max(deepest, depth)
            closed = closed and depth >= 0
    return Shape(closed=closed and depth == 0, depth=deepest, tokens=tokens)


def escape(text: str, *, quote: str = '"') -> str:
    """Escape `text` for a PromQL string between `quote`s; the other quote must stay as it is."""
    return text.translate(_ESCAPES).replace(quote, f"\\{quote}")


def escape_regex(text: str) -> str:
    """Escape `text` so that an RE2 regular expression matches it and nothing else."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


# Prometheus' lexer takes a U+FFFD that stands there as itself for broken UTF-8.
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\ufffd": "\\ufffd"})
