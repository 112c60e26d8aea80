"""`lastgood operator`: flags over variables over defaults, refusals, help, and how it ends."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import lastgood
from lastgood import cli
from lastgood.cli import operator, options
from lastgood.runtime.settings import Settings

OPERATOR = Path(lastgood.__file__).parents[1]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the operator was run with; running it is the business of other tests."""
    seen: list[Settings] = []

    def run(settings: Settings) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setattr(operator, "run", run)
    return seen


def call(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(cli.main, ["operator", *words], env=environment)


def test_every_setting_is_one_flag_and_one_variable_in_the_help() -> None:
    text = " ".join(call("--help").output.split())
    for field in dataclasses.fields(Settings):
        assert f"{options.flag(field.name)} " in text
        assert f"LASTGOOD_{field.name.upper()}]" in text


def test_the_help_gives_examples_and_exit_codes() -> None:
    output = call("--help").output
    assert "Examples:" in output
    assert "3  cannot start" in output


def test_a_flag_wins_over_its_variable_and_the_variable_over_the_default(chosen: list[Settings]) -> None:
    assert call("--workers=3", LASTGOOD_WORKERS="5", LASTGOOD_LOG_FORMAT="json").exit_code == 0
    assert (chosen[0].workers, chosen[0].log_format, chosen[0].log_level) == (3, "json", "info")


def test_lists_are_flags_given_again_or_commas_in_a_variable(chosen: list[Settings]) -> None:
    call("--namespace=ml", "--namespace=fraud")
    call(LASTGOOD_NAMESPACES="ml, fraud", LASTGOOD_GITOPS_MANAGERS="robot")
    assert chosen[0].namespaces == chosen[1].namespaces == ("ml", "fraud")
    assert chosen[1].gitops_managers == ("robot",)


def test_durations_are_seconds_inside(chosen: list[Settings]) -> None:
    call("--prometheus-timeout=1m", LASTGOOD_LEASE_DURATION="30s")
    assert (chosen[0].prometheus_timeout, chosen[0].lease_duration) == (60.0, 30.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--log-format=xml"], "'xml' is not one of 'text', 'json'"),
        (["--lease-duration=1d"], "there is no unit d"),
        (["--workers=many"], "not a valid integer"),
        (["--workers=0"], "--workers must be at least 1"),
        (["--prometheus-url=x"], "--prometheus-url must be like http://"),
        (["--renew-deadline=14s"], "--renew-deadline must be at least twice"),
        (["--metrics-address=here"], "must be HOST:PORT"),
        (["--no-such-flag"], "No such option"),
    ],
)
def test_what_cannot_be_is_refused_with_exit_code_2_and_a_sentence(
    words: list[str], said: str, chosen: list[Settings]
) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert chosen == []


def test_the_exit_code_is_that_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(_settings: Any) -> int:
        return 3

    monkeypatch.setattr(operator, "run", ends)
    assert call().exit_code == 3


def test_an_operator_that_cannot_start_ends_with_3_and_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    ended = subprocess.run(
        [sys.executable, "-m", "lastgood", "operator", f"--kubeconfig={missing}", "--log-level=error"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=OPERATOR,
    )
    assert ended.returncode == 3
    assert ended.stderr.startswith(f"lastgood: cannot read the kubeconfig {missing}: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef lastgood"), ("fish", "complete")]
)
def test_completion_scripts_are_printed_for_each_shell(shell: str, mark: str) -> None:
    result = CliRunner().invoke(cli.main, ["completion", shell])
    assert result.exit_code == 0
    assert mark in result.output


def test_completion_completes_words() -> None:
    environment = {
        "_LASTGOOD_COMPLETE": "bash_complete",
        "COMP_WORDS": "lastgood operator --log",
        "COMP_CWORD": "2",
    }
    result = CliRunner().invoke(cli.main, [], env=environment, prog_name="lastgood")
    assert result.output.split() == ["plain,--log-format", "plain,--log-level"]


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(cli.main, ["--version"])
    assert result.output == f"lastgood {lastgood.__version__}\n"


def test_the_log_of_the_settings_shows_no_password() -> None:
    """B3."""
    chosen = Settings(prometheus_url="http://ana:t0ken@prometheus:9090/prom?token=t0ken")
    assert "t0ken" not in str(operator.shown(chosen))
    assert operator.shown(chosen)["prometheus_url"] == "http://prometheus:9090/prom"
