"""What the people of one world are given to, so that no kind of move drowns another in every world."""

import random
from collections.abc import Callable
from typing import Final

from tests.simulation import everywhere, surroundings
from tests.simulation.around import KEDA
from tests.simulation.people import People
from tests.simulation.scene import Scene

Move = Callable[[People, str, str, float], str]
Kinds = dict[str, tuple[tuple[Move, float], ...]]

_OF_MODELS: Final[Kinds] = {
    "models": ((People.metric, 14), (People.crashing, 3), (People.want, 9), (People.lose_a_pod, 2)),
    "owners": (
        (People.suspend, 1.5),
        (People.pause, 1.5),
        (People.overrule, 2),
        (People.order, 2),
        (People.resume, 1.5),
        (People.release, 5),
        (surroundings.own, 1),
    ),
    "kills": ((People.ask_for_a_kill, 4), (People.engage, 3), (People.resume, 2), (People.release, 8)),
    "meddling": (
        (People.scale, 4),
        (People.apply, 2),
        (People.restart, 1.5),
        (People.pause_deployment, 1.5),
        (People.hanging, 0.7),
    ),
    "disaster": (
        (People.outage, 0.5),
        (People.recreate_model, 0.7),
        (People.restore_model, 2),
        (People.recreate_deployment, 0.7),
        (People.restore_deployment, 2),
        (People.wipe_status, 0.7),
        (surroundings.drill, 0.7),
    ),
}
_LOAD: Final[Kinds] = {"keda": ((surroundings.load, 2), (surroundings.pause_keda, 1.5))}
_AUTOSCALER: Final[Kinds] = {
    "autoscaler": (
        (surroundings.rebound, 1),
        (surroundings.recreate_autoscaler, 0.4),
        (surroundings.restore_autoscaler, 1),
    )
}
_FALLBACK: Final[Kinds] = {
    "fallback": (
        (surroundings.steer, 1.5),
        (surroundings.recreate_service, 0.5),
        (surroundings.lose_the_stand_in, 1.2),
        (surroundings.restore_traffic, 1.5),
    )
}
_CONFIG: Final[Kinds] = {"content": ((surroundings.other_content, 2),)}
_EVERYWHERE: Final[Kinds] = {
    "everywhere": (
        (everywhere.engage, 2.5),
        (everywhere.release, 5),
        (everywhere.select_otherwise, 0.7),
        (everywhere.recreate, 0.5),
        (everywhere.release_one, 1.2),
        (everywhere.relabel, 0.5),
    )
}


_OUTAGES: Final[Kinds] = {"outages": ((People.give_up, 8), (People.outage, 6))}
_RELEASES: Final[Kinds] = {"releases": ((People.ask_for_a_kill, 8),)}
_PAPERS: Final[Kinds] = {"papers": ((surroundings.own, 3), (surroundings.drill, 2))}
_KILLS: Final = ("hpa", "keda", "traffic")
"""Themes that rest on kills."""


def draw(chance: random.Random, scene: Scene) -> tuple[list[Move], list[float]]:
    """Draw the moves of one world, and how often each is made beside the others."""
    kinds, around = dict(_OF_MODELS), scene.around
    for there, more in (
        (around.autoscaler == KEDA, _LOAD),
        (bool(around.autoscaler), _AUTOSCALER),
        (around.fallback, _FALLBACK),
        (around.config, _CONFIG),
        (around.everywhere, _EVERYWHERE),
        (scene.devoted == "outages", _OUTAGES),
        (scene.devoted == "releases", _RELEASES),
        (scene.devoted == "papers", _PAPERS),
    ):
        if there:
            kinds.update(more)
    moves: list[Move] = []
    weights: list[float] = []
    for kind, found in kinds.items():
        share = chance.choice((0.0, 0.2, 1.0))
        # What stands around a model is there for something to happen to it.
        if kind == "models" or kind not in _OF_MODELS or (kind == "kills" and scene.devoted in _KILLS):
            share = 1.0
        moves += [move for move, _ in found]
        weights += [weight * share for _, weight in found]
    return moves, weights
