import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastgood.judge import readings
from lastgood.observe import promql


@pytest.mark.parametrize(
    ("query", "result_type"),
    [
        ("up", "vector"),
        ("-up", "vector"),
        ("(up)", "vector"),
        ("1 + up", "vector"),
        ("sum by (a) (up)", "vector"),
        ("rate(x[5m])", "vector"),
        ("vector(1)", "vector"),
        ("x{a=`\\d+`}", "vector"),
        ("1", "scalar"),
        ("-(1 + 2) > bool 1", "scalar"),
        ("scalar(up) + time()", "scalar"),
        ("x[5m]", "matrix"),
        ("x[5m:1m]", "matrix"),
        ('"text"', "string"),
        ("x[", None),
        ("", None),
        ("x offset $window", None),
        ("a_function_of_next_year(x)", None),
    ],
)
def test_what_a_query_gives_is_known_before_it_is_asked(query: str, result_type: str | None) -> None:
    assert promql.result_type(query) == result_type


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('sum(rate(x{a="1"}[5m])) by (le)', "sum by(le)(rate(x{a='1'} [5m]))  # the same"),
        ("x{a=`1`}", 'x{a="1"}'),
    ],
)
def test_queries_that_ask_the_same_have_one_canonical_form(one: str, other: str) -> None:
    assert promql.canonical(one) == promql.canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('x{a="\\xff"}', 'x{a="\u00ff"}'),  # a broken byte, and a letter
        ("x{a=`\\n`}", 'x{a="\\n"}'),  # a backslash and an n, and a line break
        ('x{a="1"}', 'x{a="1 "}'),
        ("sum(x)", "sum without () (x)"),
        ("x + y", "x + on () y"),
        ("x[1500ms]", "x[1s]"),
    ],
)
def test_queries_that_ask_different_things_never_share_a_canonical_form(one: str, other: str) -> None:
    assert promql.canonical(one) != promql.canonical(other)


@pytest.mark.parametrize(
    "query",
    [
        "vector(1) ) or (vector(2)",
        'x), "q__", "1", "", "") or label_replace((y',
        'x{a="',
        "x{a=`",
        "((x)",
        "x[5m]",
        '"text"',
    ],
)
def test_a_query_that_could_reach_out_of_a_batch_is_asked_alone(query: str) -> None:
    assert not promql.understand(query).joinable


@pytest.mark.parametrize("query", ['x{a=") or ("}', "x{a='\\')'}", "x # )", "x{a=`)`}", "(x)"])
def test_parentheses_in_strings_and_comments_are_no_reason_to_ask_alone(query: str) -> None:
    assert promql.understand(query).joinable


@pytest.mark.parametrize(
    "query",
    ["+".join(["x"] * 20_000), "(" * 20_000 + "x" + ")" * 20_000, "-" * 20_000 + "x", "abs(" * 9_000 + "x"],
)
def test_a_query_that_would_overflow_the_parsers_stack_is_not_shown_to_it(query: str) -> None:
    assert promql.understand(query) == promql.Query(query, query, None)


def test_a_batch_parses_and_ends_a_closing_comment() -> None:
    queries = ["up # all of them", "1 + 2", "sum(x) or vector(0)", 'x{a="\\"q__"}']
    joined = promql.batch(queries)
    promql_parser.parse(joined)
    assert promql.result_type(joined) == "vector"
    assert joined.count("vector(1 + 2\n)") == 1


@given(sizes=st.lists(st.integers(min_value=1, max_value=60_000), max_size=130))
def test_batches_are_bounded_in_number_and_length_and_lose_nothing(sizes: list[int]) -> None:
    queries = [promql.Query("x" * size, str(place), "vector") for place, size in enumerate(sizes)]
    runs = promql.groups(queries)
    assert [query for run in runs for query in run] == queries
    assert all(1 <= len(run) <= promql.BATCH_SIZE for run in runs)
    assert all(len(run) == 1 or sum(len(q.text) for q in run) <= promql.BATCH_CHARACTERS for run in runs)


def test_each_query_of_a_batch_gets_its_own_series_back() -> None:
    result = [
        {"metric": {"q__": "2", "a": "1"}, "value": [1.0, "NaN"]},
        {"metric": {"q__": "0"}, "value": [1.0, "+Inf"]},
        {"metric": {"q__": "2", "a": "2"}, "value": [1.0, "7"]},
        {"metric": {"q__": "3"}, "histogram": [1.0, {"count": "3"}]},
    ]
    first, second, third, fourth = promql.split(result, 4)
    assert first == readings.Values((float("inf"),))
    assert second == readings.Values(())
    assert isinstance(third, readings.Values)
    assert str(third.values) == "(nan, 7.0)"
    assert fourth == promql.HISTOGRAMS


@pytest.mark.parametrize("metric", [{}, {"q__": "4"}, {"q__": "-1"}, {"q__": "a"}])
def test_a_series_of_no_query_of_the_batch_is_an_error(metric: dict[str, str]) -> None:
    with pytest.raises((ValueError, LookupError)):
        promql.split([{"metric": metric, "value": [1.0, "1"]}], 4)
