"""Stories that are told in advance: what people and models do, act by act, and where each act must lead.

Every act waits for the end of the one before it, however long a fault holds that up, so that a story ends in the same
state with every fault and without any.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from lastgood.api import names
from tests.simulation.acts import (
    Act,
    ask,
    breaching,
    call,
    calm,
    crashing,
    created_anew,
    engage_everywhere,
    engage_switch,
    has_pods,
    held_with_pods,
    is_called,
    kill_field,
    killed,
    nothing,
    pods_hang,
    release_all,
    serves,
    together,
    waits,
    want,
)
from tests.simulation.around import HPA, KEDA, Around
from tests.simulation.scene import BUDGET, GITOPS, Scene, Threshold

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


A_IS_GOOD: Final = Act("a is Good", nothing, serves("a"))
_KILLED: Final = Act("a person kills it", kill_field(True), killed)

STORIES: Final = (
    Story("adoption", (A_IS_GOOD,), from_nothing=True),
    Story(
        "rollback",
        (Act("b breaches", together(breaching("b", "errors"), want("b")), serves("a", bad="b")),),
        told=True,
    ),
    Story(
        "rollback from pods that crash",
        (Act("b crashes", together(crashing("b"), want("b")), serves("a", bad="b")),),
    ),
    Story("kill by a threshold", (Act("a is toxic", breaching("a", "toxic"), killed),), told=True),
    Story(
        "kill, and a person who knows better",
        (
            Act("a is toxic", breaching("a", "toxic"), killed),
            Act("a person calls it Good", call("a", "Good"), is_called("a", "Good")),
            Act("time passes", nothing, killed),
        ),
    ),
    Story(
        "kill by a threshold, and a release at once",
        (
            Act("a is toxic", breaching("a", "toxic"), killed),
            Act("it is released", release_all, lambda world: waits(world) and is_called("a", "Bad")(world)),
        ),
    ),
    Story(
        "kill of two by one switch",
        (Act("a switch is engaged", engage_switch({"models": ["m", "n"]}), killed),),
        models=("m", "n"),
    ),
    Story(
        "kill, and a start by hand",
        (
            Act("a switch is engaged", engage_switch({"workloads": ["m"]}), killed),
            Act("it is released", release_all, waits),
            Act(
                "a person resumes with a",
                ask({"metadata": {"annotations": {names.ANNOTATION_RESUME: "a"}}}),
                serves("a"),
            ),
        ),
        restart="Manual",
    ),
    Story(
        "kill by a field with an autoscaler, and probation",
        (_KILLED, Act("it is released", kill_field(False), serves("a"))),
        around=Around(autoscaler=HPA),
        told=True,
    ),
    Story(
        "kill with KEDA and a fallback, and back",
        (_KILLED, Act("it is released", kill_field(False), serves("a"))),
        around=Around(autoscaler=KEDA, fallback=True, falls_back=True),
    ),
    Story(
        "kill of a whole cluster",
        (Act("a ClusterKillSwitch is engaged", engage_everywhere, killed),),
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
                together(ask({"spec": {"suspend": True}}), breaching("a", "errors")),
                serves("a"),
            ),
            *(_TIME,) * 4,
        ),
    ),
    Story(
        "GitOps takes a kill back",
        (
            _KILLED,
            Act("by false", ask({"spec": {"killSwitch": {"engaged": False}}}, by=GITOPS), killed),
            _STILL,
            Act("by nothing", ask({"spec": {"killSwitch": {"engaged": None}}}, by=GITOPS), killed),
            _STILL,
        ),
    ),
    Story(
        "two switches on one model",
        (_KILLED, Act("a second switch is engaged", engage_switch({"models": ["m"]}), killed), _STILL),
    ),
    Story(
        "two kills, and a Deployment that was created anew between them",
        (
            _KILLED,
            Act("it is released", kill_field(False), serves("a")),
            Act("it is created anew, with fewer replicas", created_anew(2), has_pods(2)),
            _KILLED,
        ),
    ),
    Story(
        "a kill, and pods that hang of a Deployment that is gone",
        (
            Act(
                "it is created anew, at zero, and what it had hangs",
                together(pods_hang(True), created_anew(0)),
                has_pods(3),
            ),
            Act("it is killed", kill_field(True), held_with_pods(3)),
            Act("time passes", nothing, held_with_pods(3)),
            Act("they end", pods_hang(False), killed),
        ),
    ),
    Story(
        "two breaches within the cooldown",
        (
            Act("c is wanted", want("c"), serves("c")),
            Act("b breaches", together(breaching("b", "errors"), want("b")), serves("c", bad="b")),
            Act("c breaches too", breaching("c", "errors"), serves("a", bad="c")),
        ),
    ),
    Story(
        "more breaches than the budget",
        (
            Act("one is enough", ask({"spec": {"rollback": {"budget": {"max": 1}}}}), serves("a")),
            Act("b breaches", together(breaching("b", "errors"), want("b")), serves("a", bad="b")),
            Act("c breaches", together(breaching("c", "errors"), want("c")), serves("a", bad="c")),
        ),
    ),
    Story(
        "a breach of the version that was gone back to",
        (
            Act("b is wanted", want("b"), serves("b")),
            Act("b breaches", breaching("b", "errors"), serves("a", bad="b")),
            Act(
                "a person wants a, and calls b Good",
                together(want("a"), calm("b", "errors"), call("b", "Good")),
                is_called("b", "Good"),
            ),
            Act("a breaches", breaching("a", "errors"), serves("a")),
            *(_TIME,) * 12,
        ),
    ),
)
"""Stories in which nothing must come of what is done, or not at once: they are played for bugs that are put in."""
