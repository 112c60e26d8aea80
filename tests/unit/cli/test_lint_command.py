"""`lastgood lint`, as a person and a script call it."""

import json
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from lastgood.cli import main

GOOD = """\
apiVersion: lastgood.dev/v1alpha1
kind: KillSwitch
metadata: {name: leak}
spec: {engaged: true, models: [fraud]}
"""
BAD = GOOD.replace("models", "model")


def lint(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["lint", *arguments], input=stdin)


def test_good_manifests_exit_with_zero_and_a_count() -> None:
    """B1."""
    told = lint("-", stdin=f"{GOOD}---\nkind: Service\napiVersion: v1\n")
    assert told.exit_code == 0
    assert told.stdout == ""
    assert told.stderr == "1 manifest, 1 of other kinds passed over: 0 errors, 0 warnings\n"


def test_a_finding_names_file_line_object_and_field_and_exits_with_one(tmp_path: Path) -> None:
    """B1."""
    (tmp_path / "leak.yaml").write_text(BAD)
    told = lint(str(tmp_path))
    assert told.exit_code == 1
    assert (
        f"{tmp_path / 'leak.yaml'}:4 KillSwitch leak error spec.model: there is no such field" in told.stdout
    )
    assert "did you mean models?" in told.stdout


def test_programs_get_json_or_yaml() -> None:
    read = json.loads(lint("-", "-o", "json", stdin=BAD).stdout)
    assert read == yaml.safe_load(lint("-", "-o", "yaml", stdin=BAD).stdout)
    assert read[0]["path"] == "spec.model"
    assert read[0]["file"] == "(stdin)"
    assert json.loads(lint("-", "-o", "json", stdin=GOOD).stdout) == []


def test_warnings_fail_only_when_asked_to() -> None:
    model = (
        "apiVersion: lastgood.dev/v1alpha1\nkind: ModelDeployment\nmetadata: {name: fraud}\nspec:\n"
        "  workloadRef: {name: fraud}\n  versions: [{name: '1', image: a}]\n"
        "  thresholds: [{name: errors, max: 1, query: sum(x}]\n"
    )
    assert lint("-", stdin=model).exit_code == 0
    assert lint("-", "--strict", stdin=model).exit_code == 1


def test_a_file_that_cannot_be_read_exits_with_two_and_a_sentence(tmp_path: Path) -> None:
    absent = lint(str(tmp_path / "absent.yaml"))
    assert (absent.exit_code, absent.stderr) == (
        2,
        f"lastgood: {tmp_path}/absent.yaml: No such file or directory\n",
    )
    broken = lint("-", stdin="a: [")
    assert broken.exit_code == 2
    assert "(stdin):1: not YAML" in broken.stderr
