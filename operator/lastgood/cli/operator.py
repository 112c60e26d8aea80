"""`lastgood operator`: flags and environment into settings, and how the process ends."""

import asyncio
import dataclasses
import logging
import sys
from typing import Any, Final

import click
import pydantic

from lastgood.cli import options
from lastgood.observe import server
from lastgood.runtime import logs, settings

log = logging.getLogger(__name__)

STOPPED: Final = 0
UNEXPECTED: Final = 1
USAGE: Final = 2
CANNOT_START: Final = 3

HELP: Final = """Run the operator until it is sent SIGTERM or SIGINT.

Several may run at the same time: one acts, the others stand by with warm caches. Each flag can be given as an
environment variable instead; the flag wins.

\b
Examples:
  lastgood operator --prometheus-url http://prometheus.monitoring:9090   # in a cluster, for all namespaces
  lastgood operator --context staging --namespace ml --namespace fraud   # from a laptop
  LASTGOOD_LOG_FORMAT=json lastgood operator --metrics-address 0.0.0.0:8080

\b
Exit codes:
  0  stopped, as it was asked to
  1  something unexpected; please report it
  2  a flag, a variable or an address that cannot be used
  3  cannot start: no answer from the API server, or CRDs or rights are missing
"""


@click.command(name="operator", help=HELP, short_help="Run the operator.")
@options.of_settings()
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Run the operator."""
    ctx.exit(run(of(given)))


def of(given: dict[str, Any]) -> settings.Settings:
    """Return the settings from what was given; what was not has its default, or what is found around the process.

    Raises `click.UsageError`.
    """
    said = {name: value for name, value in given.items() if value not in (None, ())}
    if not said.get("kubeconfig"):
        said["kubeconfig"] = settings.find_kubeconfig()
    said.setdefault("lease_namespace", settings.find_lease_namespace())
    try:
        return settings.Settings(**said)
    except ValueError as error:
        raise click.UsageError(_sentence(error)) from error


def _sentence(error: ValueError) -> str:
    text = str(error)
    if isinstance(error, settings.SettingsError):
        return text
    if not isinstance(error, pydantic.ValidationError):
        return text
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    return str(cause or f"{first['loc'][0]}: {first['msg']}")


def shown(chosen: settings.Settings) -> dict[str, Any]:
    """Return the settings as a log may have them: a password in an address is nobody's business (rule B3)."""
    return {**dataclasses.asdict(chosen), "prometheus_url": server.Server(chosen.prometheus_url).url}


def run(chosen: settings.Settings) -> int:
    """Run the operator and return its exit code; whatever goes wrong is one sentence on standard error."""
    from lastgood.runtime import app, web  # noqa: PLC0415  (the clients take a second to import; --help must not)

    logs.configure(log_format=chosen.log_format, level=chosen.log_level)
    log.debug("settings: %s", shown(chosen))
    try:
        asyncio.run(app.serve(chosen))
    except KeyboardInterrupt:
        return STOPPED
    except app.StartError as error:
        return _ends(CANNOT_START, str(error))
    except web.AddressError as error:
        return _ends(USAGE, str(error))
    except Exception as error:  # the last place where it can become a sentence
        log.debug("what happened", exc_info=True)
        kind = type(error).__name__
        sentence = f"stopped by something unexpected: {kind}: {error}; --log-level=debug shows where, please report it"
        return _ends(UNEXPECTED, sentence)
    return STOPPED


def _ends(code: int, sentence: str) -> int:
    sys.stderr.write(f"lastgood: {sentence}\n")
    return code
