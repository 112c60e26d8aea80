"""Who asks for a list gets one that was begun after it had asked, and many who ask at once share it (rule F4)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from lastgood.kube import client, errors, resources
from lastgood.kube.shared import SharedLists


class Slow:
    """An API server whose lists take until they are let through, and say how many were begun before them."""

    def __init__(self) -> None:
        self.begun = 0
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
        return [{"metadata": {"name": f"reading-{number}"}}]


async def ask(lists: SharedLists, namespace: str = "ml", **labels: str) -> str:
    found = await lists.list(resources.KILL_SWITCHES, namespace, labels=labels)
    return str(found[0]["metadata"]["name"])


async def test_hundreds_who_ask_while_a_list_is_read_share_the_next_one() -> None:
    slow = Slow()
    lists = SharedLists(cast("Any", slow))
    first = asyncio.create_task(ask(lists))
    await asyncio.sleep(0)
    later = [asyncio.create_task(ask(lists)) for _ in range(500)]
    await asyncio.sleep(0)
    slow.let_through.set()

    assert await first == "reading-1"
    assert set(await asyncio.gather(*later)) == {"reading-2"}, "none is given a list begun before it asked"


async def test_other_lists_are_not_waited_for() -> None:
    slow = Slow()
    lists = SharedLists(cast("Any", slow))
    asked = [asyncio.create_task(ask(lists, namespace)) for namespace in ("a", "b")]
    asked.append(asyncio.create_task(ask(lists, "a", cause="automatic")))
    await asyncio.sleep(0)

    assert slow.begun == 3
    slow.let_through.set()
    await asyncio.gather(*asked)


async def test_a_failure_is_shared_too_so_that_nobody_waits_for_time_outs_in_a_row() -> None:
    slow = Slow()
    slow.fault = errors.Unavailable("no answer")
    lists = SharedLists(cast("Any", slow))
    asked = [asyncio.create_task(ask(lists)) for _ in range(50)]
    await asyncio.sleep(0)
    slow.let_through.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(each) for each in outcomes} == {errors.Unavailable}
    assert slow.begun == 2
    slow.fault = None
    assert await ask(lists) == "reading-3"
