"""`lastgood interlock remove`, which the chart's pre-delete hook runs."""

from pathlib import Path

from click.testing import CliRunner

from lastgood.cli import main


def test_its_help_names_the_bindings_and_the_exit_codes() -> None:
    told = CliRunner().invoke(main, ["interlock", "remove", "--help"])
    assert told.exit_code == 0
    assert "kubectl delete validatingadmissionpolicybinding" in told.output
    assert "3  no answer from the API server" in told.output


def test_without_an_api_server_it_says_that_the_interlock_may_still_hold(tmp_path: Path) -> None:
    absent = tmp_path / "kubeconfig"
    told = CliRunner().invoke(main, ["interlock", "remove", f"--kubeconfig={absent}"])
    assert told.exit_code == 3
    assert "the interlock may still hold, so repeat this command" in told.stderr
