"""The command `lastgood`: one module for each subcommand, imported when it is called for."""

import importlib
from collections.abc import Mapping
from typing import Final

import click

import lastgood

COMMANDS: Final[Mapping[str, str]] = {
    "completion": "lastgood.cli.completion",
    "gitops": "lastgood.cli.gitops",
    "interlock": "lastgood.cli.interlock",
    "lint": "lastgood.cli.lint",
    "operator": "lastgood.cli.operator",
}
"""Where each subcommand is defined; its module has it under the name `command`."""

HELP: Final = """Keep every machine-learning model on its last good version, or off.

\b
Examples:
  lastgood operator --prometheus-url http://prometheus.monitoring:9090
  lastgood operator --kubeconfig ~/.kube/config --namespace ml
  lastgood lint deploy/
  lastgood gitops argocd fraud.yaml
  lastgood completion bash > ~/.local/share/bash-completion/completions/lastgood

\b
To stop a model, with kubectl alone:
  kubectl patch mdep fraud --type merge -p '{"spec":{"killSwitch":{"engaged":true,"reason":"..."}}}'
"""


class Commands(click.Group):
    """Imports a subcommand when it is needed, so that `--version` and completion answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (the signature is click's)
        """Name the subcommands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


@click.command(
    cls=Commands,
    name="lastgood",
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(lastgood.__version__, prog_name="lastgood", message="%(prog)s %(version)s")
def main() -> None:
    """Keep every machine-learning model on its last good version, or off."""
