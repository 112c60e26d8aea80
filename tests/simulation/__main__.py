"""Run simulated worlds: one with a readable trace, or as many as wanted on all cores.

python -m tests.simulation --seed 7 --steps 200
python -m tests.simulation --seed 7 --requests
python -m tests.simulation --seeds 100000 --tally hundred-thousand.json
python -m tests.simulation --stories
python -m tests.simulation --mutation "latch lost"
python -m tests.simulation --mutation "latch lost" --seed 7
"""

import contextlib
import os
from pathlib import Path

import click
import pydantic
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation import (
    coverage,
    crash_points,
    giving_way,
    hunting,
    mutations,
    requests_told,
    running,
    stories,
)
from tests.simulation.tally import OtherSourcesError, Tally, told


@click.command()
@click.option("--seed", type=int, help="Replay this one, and tell all that happens.")
@click.option("--seeds", type=int, default=2000, show_default=True, help="How many to run.")
@click.option("--first", type=int, default=0, show_default=True, help="The first of them.")
@click.option(
    "--steps", type=int, default=200, show_default=True, help="Steps before a world is brought to its end."
)
@click.option("--jobs", type=int, help="Processes. Default: one for each core.")
@click.option(
    "--tally",
    "kept",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep count in this file: a run of hours may be ended, and goes on from there.",
)
@click.option("--requests", is_flag=True, help="With --seed: tell every request and what it was answered.")
@click.option("--without-faults", is_flag=True, help="With --seed: the same moves, and nothing goes wrong.")
@click.option(
    "--mutation", type=click.Choice(list(mutations.BY_NAME)), help="Put a bug in, and see it noticed."
)
@click.option("--stories", "play", is_flag=True, help="Play every story with every trouble.")
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
    kept: Path | None,
    requests: bool,
    without_faults: bool,
    mutation: str | None,
    play: bool,
    whole_table: bool,
    give_way: bool,
) -> None:
    """Run simulated worlds."""
    if play:
        raise SystemExit(_stories())
    if mutation is not None and seed is None:
        raise SystemExit(_hunt(mutations.BY_NAME[mutation]))
    if seed is not None:
        bug = contextlib.nullcontext() if mutation is None else mutations.BY_NAME[mutation].applied()
        with bug, requests_told.told(click.echo) if requests else contextlib.nullcontext():
            found = running.run(seed, steps=steps, faults=not without_faults, trace=click.echo)
        click.echo(found.violated or f"seed {seed}: all held for {found.steps} steps, and the end is right")
        raise SystemExit(bool(found.violated))
    begun = Tally.begin(first, seeds, steps=steps)
    raise SystemExit(_many(begun, kept=kept, jobs=jobs, whole_table=whole_table, give_way=give_way))


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


def _many(begun: Tally, *, kept: Path | None, jobs: int | None, whole_table: bool, give_way: bool) -> bool:
    parent = os.getppid()
    if give_way:
        giving_way.give_way()
    try:
        tally = begun if kept is None else Tally.resume(kept, begun)
    except (OtherSourcesError, pydantic.ValidationError) as error:
        raise click.ClickException(str(error)) from None
    for each in tally.failed.values():
        click.echo(each)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("seeds", total=tally.worlds, completed=tally.done)
        left = tally.worlds - tally.done
        for outcome in running.run_many(tally.first + tally.done, left, steps=tally.steps, jobs=jobs):
            if give_way:
                giving_way.end_with(parent)
            progress.advance(task)
            if outcome.violated:
                click.echo(told(outcome, steps=tally.steps))
            if tally.add(outcome) and kept is not None:
                tally.save(kept)
    click.echo(coverage.table(tally.table))
    missing = coverage.empty(tally.table)
    for each in missing:
        click.echo(each)
    click.echo(f"{tally.done} seeds, {tally.steps_done} steps: {len(tally.failed)} failed")
    return bool(tally.failed) or (whole_table and bool(missing))


if __name__ == "__main__":
    running.with_fixed_hashes()
    main()
