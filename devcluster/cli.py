"""``python -m devcluster``: the embedded cluster from a shell or a script.

Exit codes: 0 done; 1 failed, with one sentence; 2 wrong usage; 3 no such cluster runs; 4 it runs, but a component that
should run does not. ``kubectl`` has kubectl's own.
"""

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from devcluster import cluster as clusters
from devcluster import errors, logs
from devcluster.binaries import builder, progress
from devcluster.options import ClusterOptions
from devcluster.run.layout import Layout

NOT_RUNNING = 3
DEGRADED = 4


def _which_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    name = click.option(
        "--name", envvar="DEVCLUSTER_NAME", default="default", help="Which cluster.", show_default=True
    )
    folder = click.option(
        "--state-dir",
        envvar="DEVCLUSTER_STATE_DIR",
        type=click.Path(path_type=Path, file_okay=False),
        help="Its folder, instead of one below the state folder by name.",
    )
    return name(folder(command))


def _attach(*, name: str, state_dir: Path | None) -> clusters.Cluster:
    return clusters.Cluster.attach(name=name, state_dir=state_dir)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run a real Kubernetes control plane, Prometheus and nodes as local processes."""


@main.command()
def build() -> None:
    """Build the binaries that are neither given nor cached."""
    began = time.monotonic()
    with progress.shown() as report:
        builder.build(report=report)
    click.echo(f"All binaries are there, after {progress.clock(time.monotonic() - began)}.", err=True)


def _gate(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, bool]:
    gates = {}
    for value in values:
        gate, _, state = value.partition("=")
        if state not in {"true", "false"} or not gate:
            raise click.BadParameter(f"{value!r} is not of the form HPAScaleToZero=true")
        gates[gate] = state == "true"
    return gates


@main.command()
@_which_cluster
@click.option(
    "--kwok-nodes", default=1, show_default=True, help="Nodes on which pods are Ready without running."
)
@click.option("--process-nodes", default=0, show_default=True, help="Nodes that run containers as processes.")
@click.option(
    "--images", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="YAML: image → command."
)
@click.option("--services/--no-services", default=True, help="With process nodes: a proxy per Service.")
@click.option("--prometheus/--no-prometheus", default=True, show_default=True)
@click.option("--scrape-interval", default="1s", show_default=True)
@click.option(
    "--feature-gate", "feature_gates", multiple=True, callback=_gate, help="As HPAScaleToZero=true."
)
@click.option("--foreground", is_flag=True, help="Stay, and end the cluster with Ctrl-C.")
def up(*, name: str, state_dir: Path | None, images: Path | None, foreground: bool, **settings: Any) -> None:
    """Start a cluster, building what is missing, and return when it is ready."""
    options = ClusterOptions(name=name, state_dir=state_dir, images=images, **settings).with_absolute_paths()
    if _already_up(options):
        return
    with progress.shown() as report:
        builder.build(report=_without_cached(report))
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    cluster = clusters.Cluster.start(options, progress=_say_progress)
    if not foreground:
        cluster.let_go()
        _introduce(cluster)
        return
    with cluster:
        _introduce(cluster)
        cluster.wait()


def _without_cached(report: builder.Report) -> builder.Report:
    return lambda step: None if step.kind == "cached" else report(step)


def _already_up(options: ClusterOptions) -> bool:
    folder = clusters.state_dir_of(name=options.name, state_dir=options.state_dir)
    try:
        cluster = clusters.Cluster.attach(state_dir=folder)
    except errors.NotRunningError:
        return False
    if ClusterOptions.from_json(Layout(folder).options.read_text(encoding="utf-8")) != options:
        raise errors.StartError(
            f"A cluster with other options runs in {folder}: end it with 'python -m devcluster down' first, "
            "or give this one another --name."
        )
    click.echo("The cluster is up already.", err=True)
    _introduce(cluster)
    return True


def _say_progress(event: Mapping[str, Any]) -> None:
    if event["event"] == "ready":
        click.echo(f"  {event['component']} ready after {event['seconds']:.1f} s", err=True)
    else:
        click.echo(f"The cluster is up after {event['seconds']:.1f} s.", err=True)


def _introduce(cluster: clusters.Cluster) -> None:
    click.echo(f"KUBECONFIG={cluster.kubeconfig}", err=True)
    if url := cluster.prometheus_url:
        click.echo(f"Prometheus: {url}", err=True)


@main.command()
@_which_cluster
def down(*, name: str, state_dir: Path | None) -> None:
    """End a cluster and delete its folder; also clears up after one that was killed."""
    folder = clusters.state_dir_of(name=name, state_dir=state_dir)
    if not Layout(folder).lock.exists():
        click.echo(f"No cluster in {folder}.", err=True)
        return
    clusters.Cluster(state_dir=folder).stop()
    click.echo(f"Ended, and {folder} is deleted.", err=True)


_FORMAT = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@main.command()
@_which_cluster
@_FORMAT
def status(*, name: str, state_dir: Path | None, output: str) -> None:
    """Show the components; exit code 4 if one that should run does not."""
    described = _attach(name=name, state_dir=state_dir).status()
    if output == "json":
        click.echo(json.dumps(described, indent=2))
    else:
        _print_table(described)
    failed = [entry for entry in described["components"] if entry["state"] == "ended"]
    sys.exit(DEGRADED if failed or not described["up"] else 0)


def _print_table(described: Mapping[str, Any]) -> None:
    row = "{:<26}{:<13}{:>8}{:>7}  {}"
    click.echo(row.format("COMPONENT", "STATE", "PID", "PORT", "LOG"))
    for entry in described["components"]:
        state = entry["state"] if entry["state"] != "ended" else f"ended ({entry['code']})"
        click.echo(row.format(entry["name"], state, entry["pid"] or "-", entry["port"] or "-", entry["log"]))
    click.echo(f"\nage {progress.clock(described['age_seconds'])}, state in {described['state_dir']}")


@main.command()
@_which_cluster
@_FORMAT
def env(*, name: str, state_dir: Path | None, output: str) -> None:
    """Print what leads clients to the cluster: eval "$(python -m devcluster env)"."""
    cluster = _attach(name=name, state_dir=state_dir)
    variables = {"KUBECONFIG": str(cluster.kubeconfig)}
    if url := cluster.prometheus_url:
        variables["PROMETHEUS_URL"] = url
    if output == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    for variable, value in variables.items():
        click.echo(f"export {variable}={shlex.quote(value)}")


@main.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": [],
    }
)
@_which_cluster
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kubectl(*, name: str, state_dir: Path | None, arguments: tuple[str, ...]) -> None:
    """Run the cluster's own kubectl as administrator; --name and --state-dir come before its verb."""
    cluster = _attach(name=name, state_dir=state_dir)
    os.execve(cluster.kubectl_path, ["kubectl", *arguments], cluster.environment())  # noqa: S606 - no shell is meant


@main.command(name="logs")
@_which_cluster
@click.argument("which")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("-n", "--lines", default=200, show_default=True, help="The last so many lines.")
def show_logs(*, name: str, state_dir: Path | None, which: str, follow: bool, lines: int) -> None:
    """Print the log of a component, or of a pod on a process node (NAMESPACE/POD)."""
    layout = Layout(clusters.state_dir_of(name=name, state_dir=state_dir))
    for line in logs.read(logs.find(layout, which), lines=lines, follow=follow):
        click.echo(line, nl=False)
