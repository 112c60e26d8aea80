"""Models that follow, and what people put on them."""

import copy
from typing import Any

from lastgood.decide import facts
from tests.unit.decide.scenes import model
from tests.unit.decide.simulator import World


def following(**spec: Any) -> World:
    """A model that follows, without listed versions, whose adopted version is Good."""
    made = model(wanted="", **{"versions": [], "version": None, "follow": True, **spec})
    made.wait(8)
    assert [c.verdict.worth for c in made.checkpoints] == [facts.Worth.GOOD]
    made.log.clear()
    return made


def put_on(made: World, image: str, **container: Any) -> None:
    """Somebody puts another image on the workload and leaves the rest of its template as it is."""
    changed = copy.deepcopy(dict(made.template))
    changed["spec"]["containers"][0] |= {"image": image, **container}
    made.template = changed
    made.pod_labels = dict(changed["metadata"]["labels"])


def adopted(made: World) -> facts.Checkpoint:
    return made.checkpoints[0]


def serving(made: World) -> str:
    """The version that was switched to last and runs."""
    current = made.known.current
    assert current is not None
    assert current.digest == made.digest
    return current.version
