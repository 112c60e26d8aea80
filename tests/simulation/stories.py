"""Stories that are told in advance: what people and models do, act by act, and where each act must lead.

Every act waits for the end of the one before it, however long a fault holds that up, so that a story ends in the same
state with every fault and without any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation import evidence, sight
from tests.simulation.around import HPA, KEDA, Around
from tests.simulation.controllers import image_of
from tests.simulation.objects import Object
from tests.simulation.prometheus import Signal
from tests.simulation.scene import BUDGET, GITOPS, NAMESPACE, PERSON, Scene, Threshold
from tests.simulation.world import World

Do = Callable[[World], None]
Reached = Callable[[World], bool]


@dataclass(frozen=True)
class Act:
    """What somebody does, and where that must lead."""

    name: str
    do: Do
    reached: Reached


ALONE: Final = Around()


@dataclass(frozen=True)
class Story:
    """A small world and what happens in it."""

    name: str
    acts: tuple[Act, ...]
    models: tuple[str, ...] = ("m",)
    around: Around = ALONE
    restart: str = "Probation"
    from_nothing: bool = False
    """Whether it begins with the adoption of `a`, and not when that is Good."""
    told: bool = False
    """Whether it is also played with all that people are told, which costs as much as all else."""

    def scene(self, *, reports: bool) -> Scene:
        """Return what its world begins with."""
        recovery = {"restart": self.restart, "probation": {"replicas": 1, "duration": "15s"}, "backoff": 2}
        return Scene(
            models=self.models,
            thresholds=(
                Threshold("errors", "Rollback", timedelta(seconds=15)),
                Threshold("toxic", "Kill", timedelta(seconds=5)),
            ),
            around=self.around,
            follow=False,
            listed=True,
            interlock=True,
            two=False,
            reports=reports,
            spec={
                "interval": "10s",
                "rollout": {"bake": "15s", "progressDeadline": "120s"},
                "rollback": {
                    "warmup": "5s",
                    "cooldown": "60s",
                    "budget": {"max": BUDGET, "per": "2m"},
                    "onNoGoodVersion": "Hold",
                },
                "killSwitch": {"recovery": recovery},
            },
        )


# What people, and models, do


def nothing(world: World) -> None:
    """Let time pass."""


def _ask(body: Object, *, by: str = PERSON) -> Do:
    def do(world: World) -> None:
        world.server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, "m", body, by=by)

    return do


def _want(version: str) -> Do:
    return _ask({"spec": {"version": version}}, by=GITOPS)


def _breaching(version: str, threshold: str) -> Do:
    return lambda world: world.prometheus.say(("m", version, threshold), Signal.BAD)


def _crashing(version: str) -> Do:
    return lambda world: world.controllers.crashing.add(f"img:{version}")


def _kill_field(engaged: bool) -> Do:
    return _ask({"spec": {"killSwitch": {"engaged": engaged}}})


def _engage(spec: dict[str, Any]) -> Do:
    body = {"metadata": {"name": "incident"}, "spec": {"engaged": True, "reason": "leak", **spec}}
    return lambda world: void(world.server.create(resources.KILL_SWITCHES, NAMESPACE, body, by=PERSON))


def _engage_everywhere(world: World) -> None:
    body = {"metadata": {"name": "recall"}, "spec": {"engaged": True, "reason": "leak"}}
    world.server.create(resources.CLUSTER_KILL_SWITCHES, "", body, by=PERSON)


def _call(version: str, worth: str) -> Do:
    def do(world: World) -> None:
        body = {"metadata": {"annotations": {names.ANNOTATION_VERDICT: worth}}}
        for each in sight.now(world.server, "m").checkpoints:
            if each["spec"]["saved"]["version"] == version:
                name = each["metadata"]["name"]
                world.server.patch(resources.MODEL_CHECKPOINTS, NAMESPACE, name, body, by=PERSON)

    return do


def _release(world: World) -> None:
    for namespace, name in list(world.server.of(resources.KILL_SWITCHES)):
        released = {"spec": {"engaged": False}}
        world.server.patch(resources.KILL_SWITCHES, namespace, name, released, by=PERSON)


def _together(*done: Do) -> Do:
    def do(world: World) -> None:
        for each in done:
            each(world)

    return do


def void(_: object) -> None:
    """Take what a call returns, and return nothing."""


# Where it must lead


def serves(version: str, *, bad: str = "") -> Reached:
    """Whether all models run a Good version whole, and another is remembered as Bad."""

    def reached(world: World) -> bool:
        return all(_serves(sight.now(world.server, name), version, bad) for name in world.scene.models)

    return reached


def _serves(seen: sight.Sight, version: str, bad: str) -> bool:
    deployment = seen.deployment
    if deployment is None or image_of(deployment["spec"]["template"]) != f"img:{version}" or seen.entries:
        return False
    counts = [deployment["status"][name] for name in ("replicas", "updatedReplicas", "availableReplicas")]
    worth = {each["spec"]["saved"]["version"]: sight.worth(each) for each in seen.checkpoints}
    return counts == [3, 3, 3] and worth.get(version) == "Good" and (not bad or worth.get(bad) == "Bad")


def killed(world: World) -> bool:
    """Whether every model is held at zero, and nothing of it runs."""
    for name in world.scene.models:
        seen = sight.now(world.server, name)
        if not seen.engaged or not seen.entries or seen.replicas or evidence.pods_of(world.server, name):
            return False
    return True


def waits(world: World) -> bool:
    """Whether every model is released and stays at zero."""
    seen = [sight.now(world.server, name) for name in world.scene.models]
    return all(not each.engaged and bool(each.entries) and each.replicas == 0 for each in seen)


def _is(version: str, worth: str) -> Reached:
    def reached(world: World) -> bool:
        saved = sight.now(world.server, "m").checkpoints
        return {sight.worth(each) for each in saved if each["spec"]["saved"]["version"] == version} == {worth}

    return reached


A_IS_GOOD: Final = Act("a is Good", nothing, serves("a"))
_KILLED: Final = Act("a person kills it", _kill_field(True), killed)

STORIES: Final = (
    Story("adoption", (A_IS_GOOD,), from_nothing=True),
    Story(
        "rollback",
        (Act("b breaches", _together(_breaching("b", "errors"), _want("b")), serves("a", bad="b")),),
        told=True,
    ),
    Story(
        "rollback from pods that crash",
        (Act("b crashes", _together(_crashing("b"), _want("b")), serves("a", bad="b")),),
    ),
    Story("kill by a threshold", (Act("a is toxic", _breaching("a", "toxic"), killed),), told=True),
    Story(
        "kill, and a person who knows better",
        (
            Act("a is toxic", _breaching("a", "toxic"), killed),
            Act("a person calls it Good", _call("a", "Good"), _is("a", "Good")),
            Act("time passes", nothing, killed),
        ),
    ),
    Story(
        "kill by a threshold, and a release at once",
        (
            Act("a is toxic", _breaching("a", "toxic"), killed),
            Act("it is released", _release, lambda world: waits(world) and _is("a", "Bad")(world)),
        ),
    ),
    Story(
        "kill of two by one switch",
        (Act("a switch is engaged", _engage({"models": ["m", "n"]}), killed),),
        models=("m", "n"),
    ),
    Story(
        "kill, and a start by hand",
        (
            Act("a switch is engaged", _engage({"workloads": ["m"]}), killed),
            Act("it is released", _release, waits),
            Act(
                "a person resumes with a",
                _ask({"metadata": {"annotations": {names.ANNOTATION_RESUME: "a"}}}),
                serves("a"),
            ),
        ),
        restart="Manual",
    ),
    Story(
        "kill by a field with an autoscaler, and probation",
        (_KILLED, Act("it is released", _kill_field(False), serves("a"))),
        around=Around(autoscaler=HPA),
        told=True,
    ),
    Story(
        "kill with KEDA and a fallback, and back",
        (_KILLED, Act("it is released", _kill_field(False), serves("a"))),
        around=Around(autoscaler=KEDA, fallback=True, falls_back=True),
    ),
    Story(
        "kill of a whole cluster",
        (Act("a ClusterKillSwitch is engaged", _engage_everywhere, killed),),
        models=("m", "n"),
        around=Around(everywhere=True),
    ),
)

_TIME: Final = Act("time passes", nothing, serves("a"))
_STILL: Final = Act("time passes", nothing, killed)
QUIET: Final = (
    Story(
        "a suspended model breaches",
        (
            Act(
                "a breaches, and is suspended",
                _together(_ask({"spec": {"suspend": True}}), _breaching("a", "errors")),
                serves("a"),
            ),
            *(_TIME,) * 4,
        ),
    ),
    Story(
        "GitOps takes a kill back",
        (
            _KILLED,
            Act("by false", _ask({"spec": {"killSwitch": {"engaged": False}}}, by=GITOPS), killed),
            _STILL,
            Act("by nothing", _ask({"spec": {"killSwitch": {"engaged": None}}}, by=GITOPS), killed),
            _STILL,
        ),
    ),
    Story(
        "two switches on one model",
        (_KILLED, Act("a second switch is engaged", _engage({"models": ["m"]}), killed), _STILL),
    ),
)
"""Stories in which nothing must come of what is done: they are played without faults, for bugs that are put in."""
