"""Run simulated worlds: one with a readable trace, or as many as wanted on all cores.

python -m tests.simulation --seed 7 --steps 200
python -m tests.simulation --seeds 100000
python -m tests.simulation --stories
python -m tests.simulation --mutation "latch lost"
python -m tests.simulation --mutation "latch lost" --seed 7
"""

import contextlib
import os
from collections import Counter

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation import coverage, crash_points, giving_way, hunting, mutations, running, stories
from tests.simulation.faults import Fault


@click.command()
@click.option("--seed", type=int, help="Replay this one, and tell all that happens.")
@click.option("--seeds", type=int, default=2000, show_default=True, help="How many to run.")
@click.option("--first", type=int, default=0, show_default=True, help="The first of them.")
@click.option(
    "--steps", type=int, default=200, show_default=True, help="Steps before a world is brought to its end."
)
@click.option("--jobs", type=int, help="Processes. Default: one for each core.")
@click.option("--without-faults", is_flag=True, help="With --seed: the same moves, and nothing goes wrong.")
@click.option(
    "--mutation", type=click.Choice(list(mutations.BY_NAME)), help="Put a bug in, and see it noticed."
)
@click.option("--stories", "told", is_flag=True, help="Play every story with every trouble.")
@click.option("--whole-table", is_flag=True, help="Fail if a write has not met a fault.")
@click.option(
    "--give-way", is_flag=True, help="Run behind all else, and no longer than whoever started this."
)
def main(
    *,
    seed: int | None,
    seeds: int,
    first: int,
    steps: int,
    jobs: int | None,
    without_faults: bool,
    mutation: str | None,
    told: bool,
    whole_table: bool,
    give_way: bool,
) -> None:
    """Run simulated worlds."""
    if told:
        raise SystemExit(_stories())
    if mutation is not None and seed is None:
        raise SystemExit(_hunt(mutations.BY_NAME[mutation]))
    if seed is not None:
        bug = contextlib.nullcontext() if mutation is None else mutations.BY_NAME[mutation].applied()
        with bug:
            found = running.run(seed, steps=steps, faults=not without_faults, trace=click.echo)
        click.echo(found.violated or f"seed {seed}: all held for {found.steps} steps, and the end is right")
        raise SystemExit(bool(found.violated))
    raise SystemExit(_many(first, seeds, steps=steps, jobs=jobs, whole_table=whole_table, give_way=give_way))


def _hunt(mutation: mutations.Mutation) -> bool:
    caught = hunting.hunt(mutation)
    click.echo(f"{mutation.name}: {mutation.wrong}")
    click.echo("nothing notices it" if caught is None else f"{caught.where}: {caught.told}")
    return caught is None


def _stories() -> bool:
    failed, total = [], 0
    for story in stories.STORIES:
        counted, violated = crash_points.explore(story)
        failed += violated
        total += counted.total()
        click.echo(f"{story.name}: " + ", ".join(f"{number} × {kind}" for kind, number in counted.items()))
    for each in failed:
        click.echo(each)
    click.echo(f"{total} runs: {len(failed)} failed")
    return bool(failed)


def _many(first: int, count: int, *, steps: int, jobs: int | None, whole_table: bool, give_way: bool) -> bool:
    parent = os.getppid()
    if give_way:
        giving_way.give_way()
    met: Counter[tuple[str, Fault]] = Counter()
    failed, done = [], 0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("seeds", total=count)
        for outcome in running.run_many(first, count, steps=steps, jobs=jobs):
            if give_way:
                giving_way.end_with(parent)
            met += outcome.met
            done += outcome.steps
            progress.advance(task)
            if outcome.violated:
                failed.append(outcome)
                faults = "without faults" not in outcome.violated
                click.echo(
                    f"{outcome.violated}\n    {running.replay(outcome.seed, steps=steps, faults=faults)}"
                )
    click.echo(coverage.table(met))
    missing = coverage.empty(met)
    for each in missing:
        click.echo(each)
    click.echo(f"{count} seeds, {done} steps: {len(failed)} failed")
    return bool(failed) or (whole_table and bool(missing))


if __name__ == "__main__":
    running.with_fixed_hashes()
    main()
