"""`lastgood completion SHELL`: the script by which a shell completes the command's words."""

import click
from click import shell_completion

SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      source <(lastgood completion bash)                          # this shell
      lastgood completion zsh > "${fpath[1]}/_lastgood"           # every zsh
      lastgood completion fish > ~/.config/fish/completions/lastgood.fish
    """  # noqa: D301  (\b is click's mark for text that keeps its lines)
    kind = shell_completion.get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}; choose one of {', '.join(SHELLS)}")
    script = kind(ctx.find_root().command, {}, "lastgood", "_LASTGOOD_COMPLETE")
    variables = {
        "complete_func": script.func_name,
        "complete_var": script.complete_var,
        "prog_name": script.prog_name,
    }
    click.echo(script.source_template % variables)
