"""Placeholders of queries: what they become, and that no value breaks out of its place (semantics.md, B3)."""

import re
from datetime import timedelta

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastgood.observe import lexing, promql

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def matchers(query: str) -> list[tuple[str, str]]:
    selector = promql_parser.parse(query)
    assert isinstance(selector, promql_parser.VectorSelector)
    return [(matcher.name, matcher.value) for matcher in selector.matchers.matchers]


def fill(query: str, *, version: str = "1.4.0", window: timedelta = timedelta(minutes=2)) -> str:
    return promql.fill(
        query, namespace="ml", model="fraud", workload="fraud-web", version=version, window=window
    )


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ('x{namespace="$namespace",model="$model"}', 'x{namespace="ml",model="fraud"}'),
        ("rate(x{w='$workload'}[$window])", "rate(x{w='fraud-web'}[2m])"),
        ('x{v="${version}s"}[${window}]', 'x{v="1.4.0s"}[2m]'),
        ('x{v="$version$version"}', 'x{v="1.4.01.4.0"}'),
        ("x{v=`$version`}", 'x{v="1.4.0"}'),
    ],
)
def test_placeholders_take_their_values(query: str, filled: str) -> None:
    assert fill(query) == filled


@pytest.mark.parametrize(
    "query",
    [
        'x{v="$versions"}',
        'x{v="$modelname"}',
        'label_replace(x, "a", "$1", "b", "(.*)-(?P<rest>.*)")',
        'label_replace(x, "a", "${rest}", "b", "(?P<rest>.*)")',
        'x{code=~"5..$"}',
        "x > $version",
        "$model{}",
        "x # $version",
        'x{v="$version',
    ],
)
def test_what_is_no_placeholder_or_stands_where_none_belongs_is_left_for_the_server(query: str) -> None:
    assert fill(query) == query


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert fill('x{v="$version"}', version="$model") == 'x{v="$model"}'


@pytest.mark.parametrize("operator", ["=~", "!~", "=~ ", "!~\n"])
def test_in_a_regular_expression_a_value_matches_itself_only(operator: str) -> None:
    filled = fill(f'x{{pod{operator}"$version-.*"}}', version="1.4+0")
    assert filled == f'x{{pod{operator}"1\\\\.4\\\\+0-.*"}}'


def test_an_equality_after_a_regular_expression_is_none() -> None:
    assert fill('x{a=~"$model.*",v="$version"}') == 'x{a=~"fraud.*",v="1.4.0"}'


@given(version=TEXTS, quote=st.sampled_from("\"'`"))
def test_any_value_comes_back_from_the_parser_as_the_same_label_value(version: str, quote: str) -> None:
    assert matchers(fill(f"x{{v={quote}$version{quote}}}", version=version)) == [("v", version)]


@given(version=TEXTS, quote=st.sampled_from("\"'`"))
def test_any_value_in_a_regular_expression_matches_exactly_itself(version: str, quote: str) -> None:
    ((_, pattern),) = matchers(fill(f"x{{v=~{quote}$version{quote}}}", version=version))
    assert re.fullmatch(pattern, version)
    assert not re.fullmatch(pattern, version + "x")


@given(version=TEXTS, before=TEXTS, after=TEXTS, quote=st.sampled_from("\"'`"))
def test_no_value_ends_the_string_that_it_stands_in(
    version: str, before: str, after: str, quote: str
) -> None:
    before, after = (re.sub(r"[\"'`\\\n$]", "", text) for text in (before, after))
    filled = fill(f"x{{v={quote}{before}$version {after}{quote}}}", version=version)
    assert [piece.kind.value for piece in lexing.pieces(filled)] in (
        ["code", "quoted", "code"],
        ["code", "raw", "code"],
    )


@given(query=TEXTS)
def test_the_pieces_of_a_query_add_up_to_it(query: str) -> None:
    assert "".join(piece.text for piece in lexing.pieces(query)) == query


@pytest.mark.parametrize(
    ("window", "written"),
    [
        (timedelta(0), "1ms"),
        (timedelta(seconds=-5), "1ms"),
        (timedelta(milliseconds=1500), "1500ms"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=720), "720h"),
        (timedelta(seconds=1, microseconds=999), "1s"),
    ],
)
def test_durations_are_written_as_promql_reads_them(window: timedelta, written: str) -> None:
    assert promql.duration(window) == written
    promql_parser.parse(f"x[{written}]")
