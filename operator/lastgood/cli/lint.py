"""`lastgood lint FILE...`: what is wrong with manifests, before the API server or Prometheus has seen them."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import click

from lastgood.lint.finding import Finding, Severity, dotted
from lastgood.lint.manifests import Manifest, UnreadableError

CLEAN: Final = 0
FOUND: Final = 1
UNUSABLE: Final = 2
FORMATS: Final = ("table", "json", "yaml")
COLOURS: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}

HELP: Final = """Find what is wrong with manifests of lastgood's kinds, without asking a cluster.

Finds unknown fields, which the API server drops in silence; all that it would refuse; queries that do not parse; fields
that this release does not act on. Other kinds are passed over. Directories are searched for .yaml, .yml and .json;
`-` is standard input.

\b
Examples:
  lastgood lint fraud.yaml
  lastgood lint deploy/ -o json
  helm template ./chart | lastgood lint -
  kustomize build overlays/prod | lastgood lint - --strict

\b
Exit codes:
  0  nothing is wrong (warnings do not count, but with --strict)
  1  something is wrong
  2  a file that cannot be read, or a flag that cannot be used
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A finding, and where it stands."""

    manifest: Manifest
    finding: Finding

    def wire(self) -> dict[str, str | int]:
        """Give it for programs."""
        return {
            "file": self.manifest.file,
            "line": self.manifest.line(self.finding.path),
            "kind": self.manifest.kind,
            "name": self.manifest.name,
            "path": dotted(self.finding.path),
            "severity": self.finding.severity.value,
            "check": self.finding.check,
            "message": self.finding.message,
        }


@click.command(name="lint", help=HELP, short_help="Find what is wrong with manifests.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE...")
@click.option(
    "-o",
    "--output",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="For people, or programs.",
)
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@click.pass_context
def command(ctx: click.Context, paths: tuple[str, ...], output: str, *, strict: bool) -> None:
    """Check files."""
    from lastgood.lint import checks, schemas  # noqa: PLC0415  (--help must not wait for them)

    lines: list[Line] = []
    looked_at = passed_over = 0
    try:
        for manifest in _manifests(paths):
            if schemas.is_ours(manifest.value):
                looked_at += 1
                lines += [Line(manifest, each) for each in checks.check(manifest)]
            else:
                passed_over += 1
    except (UnreadableError, OSError, UnicodeDecodeError) as error:
        click.echo(f"lastgood: {_reason(error)}", err=True)
        ctx.exit(UNUSABLE)
    if output == "table":
        _print(lines)
        _sum_up(lines, looked_at, passed_over)
    else:
        _dump([each.wire() for each in lines], output)
    wrong = [each for each in lines if strict or each.finding.severity is Severity.ERROR]
    ctx.exit(FOUND if wrong else CLEAN)


def _manifests(paths: Sequence[str]) -> Iterator[Manifest]:
    from lastgood.lint import manifests  # noqa: PLC0415

    for path in paths:
        if path == "-":
            yield from manifests.read("(stdin)", sys.stdin.read())
        else:
            for file in manifests.files((path,)):
                yield from manifests.read(str(file), file.read_text(encoding="utf-8"))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _dump(lines: list[dict[str, str | int]], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(lines, indent=2, ensure_ascii=False))
    else:
        import yaml  # noqa: PLC0415

        click.echo(yaml.safe_dump(lines, sort_keys=False, allow_unicode=True), nl=False)


def _print(lines: Sequence[Line]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(soft_wrap=True, highlight=False)
    for each in lines:
        finding, manifest = each.finding, each.manifest
        console.print(
            Text.assemble(
                (f"{manifest.file}:{manifest.line(finding.path)}", "bold"),
                f" {manifest.kind} {manifest.name} ",
                (finding.severity.value, COLOURS[finding.severity]),
                f" {dotted(finding.path)}: {finding.message} ",
                (f"[{finding.check}]", "dim"),
            )
        )


def _sum_up(lines: Sequence[Line], looked_at: int, passed_over: int) -> None:
    errors = sum(each.finding.severity is Severity.ERROR for each in lines)
    others = f", {passed_over} of other kinds passed over" if passed_over else ""
    told = f"{errors} error{'s' * (errors != 1)}, {len(lines) - errors} warning{'s' * (len(lines) - errors != 1)}"
    click.echo(f"{looked_at} manifest{'s' * (looked_at != 1)}{others}: {told}", err=True)
