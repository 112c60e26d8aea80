"""Models that tests start from, and the little that brings them there."""

from typing import Any

from lastgood.api.rollback import KillAction
from lastgood.decide import world
from tests.unit.decide.simulator import World

ERRORS = {"name": "errors", "query": "q", "max": 1}
TOXIC = {"name": "toxic", "query": "q", "max": 1, "onBreach": "Kill"}


def versions(*names_: str) -> list[dict[str, str]]:
    """Versions that differ by image: `a` runs `img:a`."""
    return [{"name": name, "image": f"img:{name}"} for name in names_]


def model(*listed: str, wanted: str = "a", **spec: Any) -> World:
    """A model whose workload runs version `a`, with a bake of five minutes and a Rollback and a Kill threshold."""
    rollout = {"bake": "5m", **spec.pop("rollout", {})}
    rollback = {"cooldown": "10m", **spec.pop("rollback", {})}
    return World(
        {
            "version": wanted,
            "versions": versions(*(listed or ("a", "b", "c"))),
            "thresholds": [ERRORS, TOXIC],
            "rollout": rollout,
            "rollback": rollback,
            **spec,
        }
    )


def proven(*listed: str, **spec: Any) -> World:
    """A model whose version `a` is Good."""
    made = model(*listed, **spec)
    made.wait(8)
    assert made.worth("a") == "Good"
    made.log.clear()
    return made


def with_fallback(*, action: str | None = None, ready: int = 2, **spec: Any) -> World:
    """A model whose version `a` is Good, and a Deployment `rules` that can stand in for it behind the same Service."""
    switch = {**spec.pop("killSwitch", {}), **({} if action is None else {"action": action})}
    made = model(fallback={"workloadRef": {"name": "rules"}, "service": "front"}, killSwitch=switch, **spec)
    role = {"app": "m", "role": "rules"}
    made.service = world.Service("front", "s", "1", selector={"app": "m", "role": "model"})
    made.stand_in = world.StandIn("rules", selector=role, labels=role, available=ready)
    made.wait(8)
    made.log.clear()
    return made


def rolled_back(**spec: Any) -> World:
    """A model that went back from `b` to `a`."""
    made = proven(**spec)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(1)
    assert made.rollbacks == [("b", "a")]
    return made


def breaching(*, minutes: int = 1, **spec: object) -> World:
    """A model with Good `a` whose `b` breaches."""
    made = proven(**spec)
    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(minutes)
    return made


def killed(made: World | None = None, *, manual: bool = False, **recovery: Any) -> World:
    made = proven() if made is None else made
    restart = {"restart": "Manual"} if manual else {}
    made.spec["killSwitch"] = {"recovery": {**restart, **recovery}}
    made.engage()
    made.wait(1)
    assert made.replicas == 0
    made.log.clear()
    return made


def released(made: World | None = None, *, manual: bool = False, **recovery: Any) -> World:
    made = killed(made, manual=manual, **recovery)
    made.release()
    made.rest()
    return made


def on_its_way_back(made: World, *, action: KillAction | None = None) -> World:
    """Its probation has just passed, and nothing else is done yet."""
    made.engage(action=action)
    made.wait(1)
    made.release()
    for _ in range(1000):
        decision = made.round()
        if decision.reason == "Passed":
            made.log.clear()
            return made
        if not decision.records and not decision.steps:
            made.tick()
    raise AssertionError(f"not on its way back: {made.decide()}")


def asked(made: World, *, engaged: bool | None, by: str = "ana") -> World:
    """Somebody writes `spec.killSwitch.engaged`."""
    made.spec["killSwitch"] = {} if engaged is None else {"engaged": engaged, "reason": "leak"}
    made.engaged_written_by = by
    return made


def killed_by_field(*, by: str = "ana", **spec: object) -> World:
    made = asked(proven(**spec), engaged=True, by=by)
    made.wait(1)
    assert made.replicas == 0
    made.log.clear()
    return made
