"""A run of many worlds is ended and gone on with, and counts as one that never was."""

from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.faults import Fault
from tests.simulation.running import Outcome
from tests.simulation.tally import OtherSourcesError, Tally

SCALE, LEASE = "act.deployment.scale", "runtime.lease"


def outcomes() -> list[Outcome]:
    return [
        Outcome(7, met=Counter({(SCALE, Fault.CONFLICT): 2}), steps=200),
        Outcome(8, "AssertionError after 3 steps: K2", Counter({(SCALE, Fault.CONFLICT): 1}), 3),
        Outcome(9, met=Counter({(LEASE, Fault.SLOW): 5}), steps=400),
    ]


def test_a_run_goes_on_from_its_file_as_if_it_had_not_been_ended(tmp_path: Path) -> None:
    path, begun = tmp_path / "tally.json", Tally.begin(7, 3, steps=200)
    whole = begun.model_copy(deep=True)
    seventh, eighth, ninth = outcomes()
    assert [whole.add(each) for each in (seventh, eighth, ninth)] == [False, False, True]

    first = Tally.resume(path, begun)
    for each in (ninth, seventh):  # the ninth has to be run again
        first.add(each)
    first.save(path)
    second = Tally.resume(path, Tally.begin(7, 3, steps=200))
    assert second.done == 1
    for each in (ninth, eighth):
        second.add(each)

    assert second.model_dump() == whole.model_dump()
    assert second.done == 3
    assert second.table == {(SCALE, Fault.CONFLICT): 3, (LEASE, Fault.SLOW): 5}
    assert "--seed 8 --steps 200" in second.failed[8]


@pytest.mark.parametrize(
    "other",
    [
        Tally.begin(8, 3, steps=200),
        Tally.begin(7, 4, steps=200),
        Tally.begin(7, 3, steps=201),
        Tally.begin(7, 3, steps=200).model_copy(update={"sources": "of another day"}),
    ],
    ids=["first", "worlds", "steps", "sources"],
)
def test_worlds_of_another_run_are_not_counted(tmp_path: Path, other: Tally) -> None:
    path = tmp_path / "tally.json"
    other.save(path)
    with pytest.raises(OtherSourcesError, match="give another file"):
        Tally.resume(path, Tally.begin(7, 3, steps=200))
