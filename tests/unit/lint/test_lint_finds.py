"""What only lint finds: what the API server drops in silence, and what Prometheus or the operator refuses later."""

from textwrap import dedent

import pytest

from lastgood.lint import checks
from lastgood.lint.finding import Severity, dotted
from lastgood.lint.manifests import UnreadableError, read

HEAD = """\
apiVersion: lastgood.dev/v1alpha1
kind: ModelDeployment
metadata: {name: fraud}
spec:
  workloadRef: {name: fraud}
  versions: [{name: "1", image: fraud:1}]
"""


def found(spec: str) -> list[tuple[int, str, str, str]]:
    (manifest,) = read("fraud.yaml", HEAD + dedent(spec).replace("\n", "\n  ").join(("  ", "")))
    return [
        (manifest.line(each.path), dotted(each.path), each.check, each.message)
        for each in checks.check(manifest)
    ]


def threshold(query: str) -> str:
    return f"thresholds:\n- name: errors\n  max: 1\n  query: '{query}'"


def test_an_unknown_field_is_found_on_its_line_and_the_one_that_was_meant_is_named() -> None:
    """B1."""
    assert found("treshold: []") == [
        (
            7,
            "spec.treshold",
            "unknown-field",
            "there is no such field, and the API server drops it in silence; did you mean thresholds?",
        )
    ]


def test_a_field_inside_a_pod_spec_is_free() -> None:
    assert found("fallback: {workloadRef: {name: rules}, service: fraud}") == []


def test_a_key_that_stands_twice_is_found_at_the_second() -> None:
    """B1."""
    assert found("interval: 10s\ninterval: 20s") == [
        (8, "spec.interval", "repeated-key", "stands twice; only the last one counts, so remove one")
    ]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sum(rate(x{model=$model}[5m]))", '$model is filled in only inside a string: write label="$model"'),
        ("sum(rate(x[$span]))", "$span is filled in by nobody; known are $namespace"),
        ("x[5m]", "gives a matrix, and a threshold needs one number"),
        ('x{a="b}', 'a string begins with " and does not end'),
    ],
)
def test_a_query_that_prometheus_refuses_is_an_error(query: str, words: str) -> None:
    """B1."""
    ((line, path, check, message),) = found(threshold(query))
    assert (line, path, check) == (10, "spec.thresholds[0].query", "query")
    assert words in message


@pytest.mark.parametrize(
    "query", ['sum(rate(x{model="$model",version="${version}"}[$window]))', "vector(1)", 'x{a="$5"}']
)
def test_a_good_query_is_none(query: str) -> None:
    assert found(threshold(query)) == []


def test_what_the_parser_does_not_know_is_a_warning_for_prometheus_may() -> None:
    (manifest,) = read("fraud.yaml", HEAD + "  " + threshold("sum(x").replace("\n", "\n  "))
    (finding,) = checks.check(manifest)
    assert finding.severity is Severity.WARNING


def test_a_field_that_this_release_does_not_act_on_is_found() -> None:
    """B1."""
    ((_, path, check, _),) = found("standby: {replicas: 1}")
    assert (path, check) == ("spec.standby.replicas", "not-implemented")


def test_a_kind_or_version_that_is_not_there_is_found() -> None:
    """B1."""
    text = "apiVersion: lastgood.dev/v1alpha1\nkind: ModelDeploiment\nmetadata: {name: a}"
    (manifest,) = read("a.yaml", text)
    (finding,) = checks.check(manifest)
    assert finding.path == ("kind",)
    (manifest,) = read("a.yaml", text.replace("v1alpha1", "v2"))
    (finding,) = checks.check(manifest)
    assert finding.path == ("apiVersion",)


def test_the_items_of_a_list_are_taken_apart_and_keep_their_lines() -> None:
    text = "kind: List\napiVersion: v1\nitems:\n- kind: A\n  x: 1\n- kind: B\n  x: 2"
    one, two = read("list.yaml", text)
    assert (one.kind, one.line(("x",)), two.kind, two.line(("x",))) == ("A", 5, "B", 7)


def test_what_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(UnreadableError, match=r"a\.yaml:2: not YAML: "):
        list(read("a.yaml", "a: 1\n b: ]"))


@pytest.mark.parametrize("written", ["1.10", "0x1f", "017", "1_000", "yes", "1.5"])
def test_what_is_to_be_quoted_is_told_as_it_is_written(written: str) -> None:
    """`1.10` is a number in YAML, and as one it is 1.1: quoted like that it would be another version."""
    assert found(f"version: {written}") == [
        (7, "spec.version", "schema", f'must be of type string; quote it: "{written}"')
    ]


def test_a_date_without_quotes_is_text() -> None:
    (manifest,) = read("a.yaml", "since: 2026-01-31")
    assert manifest.value == {"since": "2026-01-31"}
