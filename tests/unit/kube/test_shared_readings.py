"""Who asks gets what was begun to be read after it had asked, and many who ask at once share it (rule F4)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from lastgood.kube import client, errors, resources
from lastgood.kube.shared import SharedReadings


class Slow:
    """An API server whose lists take until they are let through, and say how many were begun before them.

    A list has every object but `gone`; one that is read by itself says that it was.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.alone: list[str] = []
        self.let_through = asyncio.Event()
        self.fault: errors.ClusterError | None = None

    async def list(
        self, resource: resources.Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None
    ) -> Sequence[client.Object]:
        self.begun += 1
        number = self.begun
        await self.let_through.wait()
        if self.fault is not None:
            raise self.fault
        if resource is resources.DEPLOYMENTS:
            return [{"metadata": {"name": f"model-{each}", "reading": number}} for each in range(500)]
        return [{"metadata": {"name": f"reading-{number}"}}]

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        self.alone.append(name)
        await self.let_through.wait()
        return {"metadata": {"name": name, "reading": 0}}


async def begun() -> None:
    """Return when all that were asked for at once have been begun to be read."""
    for _ in range(3):
        await asyncio.sleep(0)


def shared(slow: Slow) -> SharedReadings:
    return SharedReadings(cast("Any", slow), how_many=lambda *_: 500)


async def ask(lists: SharedReadings, namespace: str = "ml", **labels: str) -> str:
    found = await lists.list(resources.KILL_SWITCHES, namespace, labels=labels)
    return str(found[0]["metadata"]["name"])


async def test_hundreds_who_ask_while_a_list_is_read_share_the_next_one() -> None:
    slow = Slow()
    lists = shared(slow)
    first = asyncio.create_task(ask(lists))
    await begun()
    later = [asyncio.create_task(ask(lists)) for _ in range(500)]
    await begun()
    slow.let_through.set()

    assert await first == "reading-1"
    assert set(await asyncio.gather(*later)) == {"reading-2"}, "none is given a list begun before it asked"


async def test_other_lists_are_not_waited_for() -> None:
    slow = Slow()
    lists = shared(slow)
    asked = [asyncio.create_task(ask(lists, namespace)) for namespace in ("a", "b")]
    asked.append(asyncio.create_task(ask(lists, "a", cause="automatic")))
    await begun()

    assert slow.begun == 3
    slow.let_through.set()
    await asyncio.gather(*asked)


async def test_a_failure_is_shared_too_so_that_nobody_waits_for_time_outs_in_a_row() -> None:
    slow = Slow()
    slow.fault = errors.Unavailable("no answer")
    lists = shared(slow)
    asked = [asyncio.create_task(ask(lists)) for _ in range(50)]
    await begun()
    slow.let_through.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(each) for each in outcomes} == {errors.Unavailable}
    assert slow.begun == 1
    slow.fault = None
    assert await ask(lists) == "reading-2"


async def read(readings: SharedReadings, name: str, resource: Any = resources.DEPLOYMENTS) -> int:
    found = await readings.get(resource, "ml", name)
    assert found["metadata"]["name"] == name
    return int(found["metadata"]["reading"])


async def test_one_object_is_read_by_itself_at_once() -> None:
    slow = Slow()
    slow.let_through.set()
    assert await read(shared(slow), "fraud") == 0
    assert (slow.alone, slow.begun) == (["fraud"], 0)


async def test_hundreds_of_objects_are_read_with_their_list() -> None:
    """K6: a kill of hundreds is not hundreds of readings."""
    slow = Slow()
    readings = shared(slow)
    asked = [asyncio.create_task(read(readings, f"model-{each}")) for each in range(500)]
    await begun()
    slow.let_through.set()
    found = await asyncio.gather(*asked)
    assert len(slow.alone) == 50, "as many as cost no more than the list"
    assert slow.begun == 1
    assert set(found) == {0, 1}


async def test_an_object_is_never_older_than_the_asking_for_it() -> None:
    """F4."""
    slow = Slow()
    readings = shared(slow)
    early = [asyncio.create_task(read(readings, f"model-{each}")) for each in range(100)]
    await begun()
    late = asyncio.create_task(read(readings, "model-499"))
    await begun()
    slow.let_through.set()
    await asyncio.gather(*early)
    assert await late == 2, "the list that was under way when it asked may have missed what came in between"


async def test_few_objects_of_a_long_list_are_read_one_by_one() -> None:
    slow = Slow()
    slow.let_through.set()
    readings = SharedReadings(cast("Any", slow), how_many=lambda *_: 10_000)
    await asyncio.gather(*(read(readings, f"model-{each}") for each in range(500)))
    assert (len(slow.alone), slow.begun) == (500, 0)


async def test_kinds_of_which_few_are_read_are_never_listed_for_one_object() -> None:
    slow = Slow()
    slow.let_through.set()
    readings = shared(slow)
    await asyncio.gather(*(read(readings, f"s-{each}", resources.KILL_SWITCHES) for each in range(100)))
    assert (len(slow.alone), slow.begun) == (100, 0)


async def test_an_object_that_its_list_does_not_have_is_not_there() -> None:
    slow = Slow()
    readings = shared(slow)
    asked = [asyncio.create_task(read(readings, f"model-{each}")) for each in range(100)]
    gone = asyncio.create_task(read(readings, "gone"))
    await begun()
    slow.let_through.set()
    with pytest.raises(errors.NotFound, match="there is no Deployment gone in namespace ml"):
        await gone
    await asyncio.gather(*asked)


async def test_a_list_that_is_not_found_says_nothing_about_an_object() -> None:
    """B2: an API server that is still starting knows no kinds; that does not make a model one that is gone."""
    slow = Slow()
    slow.fault = errors.NotFound("404 page not found")
    readings = shared(slow)
    asked = [asyncio.create_task(read(readings, f"model-{each}")) for each in range(100)]
    await begun()
    slow.let_through.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each) for each in outcomes if isinstance(each, Exception)} == {errors.Unavailable}
