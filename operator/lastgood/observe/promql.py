"""Queries as text: filling placeholders in, telling equal ones, asking many in one question. Pure.

Queries come from people who may share a Prometheus and trust each other little, and one careless query must
cost nobody else. So:

- A value is written into a string by that string's own rules, and literally where the string is a regular
  expression: the version `1.4.0` never matches `1x4x0`, and a version named `"} or vector(0) #` ends no
  string.
- Outside strings only `$window` is filled. Any other `$x` there stays and Prometheus refuses the query,
  which is better than an answer to a question that nobody asked.
- Only a query that provably cannot reach out of parentheses put around it is joined with others.
- promql-parser is recursive: a few thousand chained operators overflow its stack and end the process. It is
  never shown a query beyond `MOST_TOKENS` and `DEEPEST`; such a query is asked by itself, as it stands.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

import promql_parser

from lastgood.judge import readings
from lastgood.observe import lexing

ResultType = Literal["scalar", "vector", "matrix", "string"]

BATCH_LABEL: Final = "q__"
"""The label that carries a series' place in the batch; a query's own label of that name is overwritten."""
BATCH_SIZE: Final = 50
"""Queries in one batch; beyond it the server's work grows faster than the requests saved."""
BATCH_CHARACTERS: Final = 100_000
"""Characters in one batch, below the body limits of the proxies that stand before Prometheus."""
HISTOGRAMS: Final = readings.Refused(
    "the query gives native histograms, not numbers; apply histogram_quantile or histogram_avg to it"
)
MOST_TOKENS: Final = 300
"""Three times the largest query of the built-in library; the parser takes quadratic time, 20 ms at this size."""
DEEPEST: Final = 32

_PLACEHOLDER: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_DURATION_UNITS: Final = (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


def fill(query: str, *, namespace: str, model: str, workload: str, version: str, window: timedelta) -> str:
    """Write the values of `$namespace`, `$model`, `$workload`, `$version` and `$window` into `query`.

    A name is taken whole (`$versions` is not `$version`; write `${version}s`), comments are left alone, and
    a raw string that holds a placeholder becomes a quoted one, since a raw string can hold no backtick. A
    `window` below one millisecond becomes one, for Prometheus refuses an empty range.
    """
    written = duration(window)
    names = {
        "namespace": namespace,
        "model": model,
        "workload": workload,
        "version": version,
        "window": written,
    }
    filled: list[str] = []
    before = ""  # the code since the last string, by which a regular expression is known
    for piece in lexing.pieces(query):
        match piece.kind:
            case lexing.Kind.CODE:
                filled.append(_substitute(piece.text, {"window": written}, str))
                before += piece.text
            case lexing.Kind.QUOTED | lexing.Kind.RAW:
                filled.append(_fill_string(piece, names, regex=before.rstrip().endswith(("=~", "!~"))))
                before = ""
            case _:
                filled.append(piece.text)
    return "".join(filled)


def _fill_string(piece: lexing.Piece, names: Mapping[str, str], *, regex: bool) -> str:
    if not any(name in names for found in _PLACEHOLDER.findall(piece.text) for name in found):
        return piece.text
    quote = piece.text[0]
    body = piece.text[1:-1]
    if quote == "`":
        quote, body = '"', lexing.escape(body)

    def write(value: str) -> str:
        return lexing.escape(lexing.escape_regex(value) if regex else value, quote=quote)

    return f"{quote}{_substitute(body, names, write)}{quote}"


def _substitute(text: str, names: Mapping[str, str], write: Callable[[str], str]) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        return write(names[name]) if name in names else match.group()

    return _PLACEHOLDER.sub(replace, text)


def duration(span: timedelta) -> str:
    """Write `span` as PromQL does (`2m`, `90s`, `1500ms`), in whole milliseconds, at least one."""
    milliseconds = max(1, span // timedelta(milliseconds=1))
    unit, size = next((unit, size) for unit, size in _DURATION_UNITS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"


@dataclass(frozen=True, slots=True)
class Query:
    """What can be known of a query without asking a server."""

    text: str
    canonical: str
    """The same for queries that ask the same; the text itself where that cannot be told."""
    result_type: ResultType | None
    """None when promql-parser, which is older than some servers, cannot tell."""

    @property
    def joinable(self) -> bool:
        """Whether it can be put into a batch with the queries of others."""
        return self.result_type in ("scalar", "vector") and len(self.text) < BATCH_CHARACTERS


@functools.lru_cache(maxsize=16_384)
def understand(query: str) -> Query:
    """Parse `query` as far as that is safe; never raises, because the server has the last word."""
    shape = lexing.shape(query)
    if not shape.closed or shape.tokens > MOST_TOKENS or shape.depth > DEEPEST:
        return Query(query, query, None)
    try:
        parsed = promql_parser.parse(_without_raw_strings(query))
    except ValueError:
        return Query(query, query, None)
    # Byte escapes (\xff, \377) are not kept apart from the characters that they look like when printed again.
    plain = re.fullmatch(r"""(?:[^\\]|\\[\\"'nrt])*""", query) is not None
    return Query(query, parsed.prettify() if plain else query, _type_of(parsed))


def canonical(query: str) -> str:
    """Return the one way of writing `query`, or `query` itself when that cannot be told."""
    return understand(query).canonical


def result_type(query: str) -> ResultType | None:
    """Return what `query` gives, or None when it cannot be told without asking."""
    return understand(query).result_type


def _without_raw_strings(query: str) -> str:
    """Quote raw strings, in which promql-parser wrongly sees escapes."""
    return "".join(
        f'"{lexing.escape(piece.text[1:-1])}"' if piece.kind is lexing.Kind.RAW else piece.text
        for piece in lexing.pieces(query)
    )


def _type_of(expression: Any) -> ResultType | None:
    if isinstance(expression, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        return _type_of(expression.expr)
    if isinstance(expression, promql_parser.BinaryExpr):
        both = (_type_of(expression.lhs), _type_of(expression.rhs))
        return "scalar" if both == ("scalar", "scalar") else "vector"
    if isinstance(expression, promql_parser.Call):
        return _FUNCTION_TYPES.get(str(expression.func.return_type))
    return _TYPES.get(type(expression))


_TYPES: Final[Mapping[type, ResultType]] = {
    promql_parser.AggregateExpr: "vector",
    promql_parser.VectorSelector: "vector",
    promql_parser.MatrixSelector: "matrix",
    promql_parser.SubqueryExpr: "matrix",
    promql_parser.NumberLiteral: "scalar",
    promql_parser.StringLiteral: "string",
}
_FUNCTION_TYPES: Final[Mapping[str, ResultType]] = {
    str(promql_parser.ValueType.Scalar): "scalar",
    str(promql_parser.ValueType.Vector): "vector",
    str(promql_parser.ValueType.Matrix): "matrix",
    str(promql_parser.ValueType.String): "string",
}


def batch(queries: Sequence[str]) -> str:
    """Join `queries` into one whose answer holds the answers of all, told apart by the label `q__`.

    The label makes every series distinct from those of the other queries, so that `or` drops none. Each
    must be `joinable`; a line break ends a comment that a query may close with.
    """
    return "\nor ".join(
        f'label_replace({_as_vector(query)},"{BATCH_LABEL}","{place}","","")'
        for place, query in enumerate(queries)
    )


def _as_vector(query: str) -> str:
    return f"vector({query}\n)" if result_type(query) == "scalar" else f"({query}\n)"


def groups(queries: Sequence[Query]) -> list[list[Query]]:
    """Cut `queries` into runs that each make one batch."""
    runs: list[list[Query]] = []
    characters = 0
    for query in queries:
        if not runs or len(runs[-1]) == BATCH_SIZE or characters + len(query.text) > BATCH_CHARACTERS:
            runs.append([])
            characters = 0
        runs[-1].append(query)
        characters += len(query.text)
    return runs


def split(result: Sequence[Mapping[str, Any]], count: int) -> list[readings.Values | readings.Refused]:
    """Give each of a batch's `count` queries its own part of the instant vector `result`.

    Raises ValueError or KeyError when a series is not of this batch, that is, when no Prometheus said this.
    """
    parts: list[list[Mapping[str, Any]]] = [[] for _ in range(count)]
    for series in result:
        place = int(series["metric"][BATCH_LABEL])
        if not 0 <= place < count:
            raise ValueError(f"a series of query {place} in an answer to {count} queries")
        parts[place].append(series)
    return [numbers(part) for part in parts]


def numbers(vector: Sequence[Mapping[str, Any]]) -> readings.Values | readings.Refused:
    """Read the numbers of an instant vector; raises ValueError or KeyError when it is none."""
    if any("histogram" in series for series in vector):
        return HISTOGRAMS
    return readings.Values(tuple(float(series["value"][1]) for series in vector))
