"""Entry point of ``python -m devcluster``: expected failures become one sentence."""

import sys

import click

from devcluster import cli, errors


def run() -> int:
    """Run the command line and return its exit code."""
    try:
        cli.main(prog_name="python -m devcluster", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except errors.NotRunningError as error:
        click.echo(str(error), err=True)
        return cli.NOT_RUNNING
    except errors.DevclusterError as error:
        click.echo(str(error), err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
