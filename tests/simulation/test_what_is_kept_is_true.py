"""What a store has put together once, and keeps, is what it would put together now: no decision rests on less."""

import asyncio
import dataclasses
import logging

import pytest

from lastgood.decide import policy
from lastgood.decide.view import View
from lastgood.observe import snapshot as observing
from lastgood.observe.parsed import Parsed
from lastgood.observe.store import Store
from tests.simulation.virtual_time import VirtualLoop
from tests.simulation.world import World

STEPS = 80


def forgetful(store: Store) -> Store:
    """Return a store of the same objects that remembers nothing that was made of them."""
    pods = dataclasses.replace(store._pods, _joined={})
    return dataclasses.replace(store, _made={}, _parsed=Parsed(), _pods=pods)


@pytest.mark.parametrize("seed", range(9100, 9108))
def test_a_store_that_was_looked_at_all_along_says_what_one_says_that_never_was(seed: int) -> None:
    logging.getLogger("lastgood").setLevel(logging.CRITICAL + 1)
    world, compared = World(seed), 0

    async def live() -> None:
        nonlocal compared
        await world.begin()
        for _ in range(STEPS):
            await world.step()
            for process in world.processes:
                store = process.operator.store
                for key in store.models:
                    kept = observing.cached(store, key)
                    assert observing.cached(store, key) is kept
                    assert observing.cached(forgetful(store), key) == kept
                    compared += 1
        await world.end()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())
    assert compared >= STEPS // 2


def test_no_rule_of_a_kill_has_anything_to_say_where_nobody_asks_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """K6: so that they need not be asked, which is nearly always."""
    logging.getLogger("lastgood").setLevel(logging.CRITICAL + 1)
    views: list[View] = []
    decide = policy.decide

    def noting(view: View) -> object:
        views.append(view)
        return decide(view)

    monkeypatch.setattr(policy, "decide", noting)
    world = World(9100)

    async def live() -> None:
        await world.begin()
        for _ in range(STEPS):
            await world.step()
        await world.end()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())
    calm = [view for view in views if not view.engaged and view.model.kill_asked is not True]
    assert calm
    assert not [view for view in calm for rule in policy.KILL if rule(view) is not None]
