"""`lastgood gitops`: the settings that the documentation explains."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from lastgood.cli import gitops, main

PAGE = (Path(__file__).parents[3] / "docs/how-to/use-gitops.md").read_text()


@pytest.mark.parametrize("tool", sorted(gitops.TOOLS))
def test_it_prints_what_the_documentation_shows(tool: str) -> None:
    """P1."""
    told = CliRunner().invoke(main, ["gitops", tool, "fraud"])
    assert told.exit_code == 0
    documents = list(yaml.safe_load_all(told.stdout))
    shown = [yaml.safe_load(block.partition("```")[0]) for block in PAGE.split("```yaml\n")[1:]]
    assert documents
    assert all(each in shown for each in documents)


def test_each_deployment_is_named() -> None:
    """P1."""
    told = CliRunner().invoke(main, ["gitops", "argocd", "fraud", "churn"])
    ignored = yaml.safe_load(told.stdout)["spec"]["ignoreDifferences"]
    assert [each["name"] for each in ignored] == ["fraud", "churn"]


def test_an_unknown_tool_is_refused_with_those_there_are() -> None:
    told = CliRunner().invoke(main, ["gitops", "jenkins", "fraud"])
    assert told.exit_code == 2
    assert "'argocd', 'flux'" in told.stderr
