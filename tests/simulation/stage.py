"""A world in which a story is played: without dice, and with just the trouble that is asked for."""

import asyncio
import functools
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lastgood.kube import resources
from lastgood.runtime import watching
from tests.simulation import evidence, scene
from tests.simulation.acts import Act
from tests.simulation.apiserver import ApiServer, Write
from tests.simulation.around import Around
from tests.simulation.faults import Fault
from tests.simulation.grounds import Violated
from tests.simulation.objects import Object
from tests.simulation.process import Process
from tests.simulation.stories import A_IS_GOOD, Story
from tests.simulation.virtual_time import VirtualLoop
from tests.simulation.world import World

LONGEST: Final = 90
"""Intervals within which an act comes to its end: a full reading every 300 seconds is among them."""
QUIET: Final = 2
"""Intervals in a row without a write after which a story is at rest."""
LAGS: Final = 15.0
"""Seconds for which an API server lags behind, once it has listed what is old."""
MOST_STALE: Final = 8
"""Writes that an API server lags behind at most."""

Facts = dict[str, Any]
"""What of a world lasts, by a name that people understand."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in one run of a story: nothing, unless something is named."""

    at: tuple[tuple[int, Fault], ...] = ()
    """Which writes of the operator, counted from 0, meet which fault."""
    stale: int = 0
    """How many writes ago that was what the API server lists to a process that starts; 0 when it does not lag."""
    untold: int = 0
    """The number of the one change that no watch ever tells of; 0 for none."""

    def __str__(self) -> str:
        told = [f"{fault} at write {number}" for number, fault in self.at]
        told += [f"then a list that is {self.stale} writes old"] if self.stale else []
        told += [f"change {self.untold} never told"] if self.untold else []
        return ", ".join(told) or "nothing goes wrong"


NO_TROUBLE: Final = Trouble()


@dataclass(frozen=True)
class Played:
    """How a story has gone."""

    facts: Facts
    sites: tuple[str, ...]
    """The operator's writes, in their order."""
    changes: range
    """The numbers of the changes that its watches told of."""


@dataclass(frozen=True)
class Beginning:
    """What there is when `a` is Good: most stories begin here, with an operator that has just been started."""

    server: ApiServer
    named: int
    """The number in the last name that the controllers gave."""
    at: float
    """In the loop's seconds."""


class Stage(World):
    """One world, in which one story is played."""

    def __init__(
        self,
        story: Story,
        trouble: Trouble,
        *,
        beginning: Beginning | None,
        reports: bool,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(0, faults=False, trace=trace, given=story.scene(reports=reports))
        self.story = story
        self._beginning = beginning
        self.trouble = trouble
        for number, fault in trouble.at:
            self.injector.arm(fault, skip=number)
        self._before: deque[dict[str, list[Object]]] = deque(maxlen=MOST_STALE)
        """What there was before each of the operator's last writes."""
        if trouble.stale:
            self.server.checks.append(self._remember_all)

    async def begin(self) -> None:
        """Begin with what there is, or with what a world begins with."""
        if self._beginning is None:
            await super().begin()
            return
        self.server.take_over(self._beginning.server)
        self.controllers.named = self._beginning.named
        for resource in (resources.HPAS, resources.SCALED_OBJECTS):
            for raw in self.server.of(resource).values():
                self.invariants.surrounded.note(Write(resource, None, raw, by=scene.PERSON))
        self._start()
        await self.rest()

    async def play(self, expected: Facts | None = None) -> Played:
        """Play the story to its end. Raises Violated when it does not come to the end that is expected."""
        await self.begin()
        first = 1 if self.story.from_nothing else self.processes[-1].watches.told + 1
        for act in self.story.acts:
            self.tell(f"story: {act.name}")
            act.do(self)
            self.controllers.disturb()
            await self._until(act.name, functools.partial(self._missing, act), quiet=0)
        await self._until("the end", lambda: self._differs(expected), quiet=QUIET)
        last = self.processes[-1].watches.told
        played = Played(facts_of(self), tuple(self.injector.sites), range(first, last + 1))
        await self.end()
        return played

    async def _until(self, what: str, missing: Callable[[], str], *, quiet: int) -> None:
        """Let time pass until nothing is missing, and nothing was written for so many intervals."""
        still, before, said = 0, self._written, ""
        for _ in range(LONGEST):
            if not self.controllers.step():
                await asyncio.sleep(scene.INTERVAL)
            await self.rest()
            still, before = (still + 1 if self._written == before else 0), self._written
            said = missing()
            if not said and still >= quiet:
                return
        said = said or f"something is still written: {self.server.log[-3:]}"
        raise Violated(f"F2: after {LONGEST} intervals not yet at {what}: {said}")

    def _missing(self, act: Act) -> str:
        return "" if act.reached(self) else "not there"

    @property
    def _written(self) -> int:
        return self.server.writes + len(self.injector.sites)

    def _differs(self, expected: Facts | None) -> str:
        found = facts_of(self)
        if expected is None or found == expected:
            return ""
        return "; ".join(
            f"{name} is {found.get(name)}, and {expected.get(name)} without faults"
            for name in sorted({*found, *expected})
            if found.get(name) != expected.get(name)
        )

    def _start(self, old: Mapping[str, Sequence[Object]] | None = None) -> Process:
        process = super()._start(old)
        process.watches.untold = frozenset({self.trouble.untold})
        if old is not None:
            for resource in watching.WATCHED:
                process.watches.hold(resource.plural, until=asyncio.get_running_loop().time() + LAGS)
        return process

    def _start_again(self) -> None:
        stale = min(self.trouble.stale, len(self._before))
        self._start(self._before[-stale] if stale else None)

    def _remember_all(self, write: Write) -> None:
        if write.by.startswith("lastgood-"):
            self._before.append(
                {each.plural: list(self.server.of(each).values()) for each in watching.WATCHED}
            )


def facts_of(world: World) -> Facts:
    """Return what of a world lasts: what is recorded, what runs, and what people were told; no time, and no number."""
    server = world.server
    found: Facts = {}
    for raw in server.of(resources.MODEL_CHECKPOINTS).values():
        spec, verdict = raw["spec"], raw["spec"]["verdict"]
        found[f"checkpoint {raw['metadata']['name']}"] = (
            spec["saved"]["version"],
            spec["saved"]["podTemplate"],
            (verdict["value"], verdict.get("reason"), verdict["by"]),
            [(each["reason"], each.get("from")) for each in spec.get("activations") or ()],
            [(each["request"], each["value"], each["outcome"]) for each in spec.get("requests") or ()],
        )
    for key, raw in server.of(resources.KILL_SWITCHES).items():
        spec, metadata = raw["spec"], raw["metadata"]
        found[f"switch {key[0]}/{key[1]}"] = (
            {name: value for name, value in spec.items() if name != "restore"},
            metadata.get("labels"),
            {each["workload"]: _entry(each) for each in spec.get("restore") or ()},
            _conditions(raw),
        )
    for key, raw in server.of(resources.DEPLOYMENTS).items():
        pods = evidence.pods_of(server, key[1])
        found[f"deployment {key[1]}"] = raw["spec"], len(pods)
    for resource in (resources.HPAS, resources.SERVICES, resources.SCALED_OBJECTS):
        for key, raw in server.of(resource).items():
            found[f"{resource.plural} {key[1]}"] = raw["spec"], raw["metadata"].get("annotations")
    for key, raw in server.of(resources.MODEL_DEPLOYMENTS).items():
        found[f"model {key[1]}"] = raw["spec"], raw["metadata"].get("annotations"), _conditions(raw)
    return found


def _entry(entry: Object) -> Object:
    kept = {name: value for name, value in entry.items() if name != "probation"}
    return {**kept, "round": (entry.get("probation") or {}).get("round")}


def _conditions(raw: Object) -> dict[str, tuple[str, str]]:
    conditions = (raw.get("status") or {}).get("conditions") or ()
    return {each["type"]: (each["status"], each["reason"]) for each in conditions}


def told(world: World) -> Counter[tuple[str, str]]:
    """Return how often people were told of what, by object and reason."""
    return Counter((raw["regarding"]["name"], raw["reason"]) for raw in world.server.events)


@functools.cache
def _beginning(models: tuple[str, ...], around: Around, restart: str, reports: bool) -> Beginning:
    story = Story("the beginning", (A_IS_GOOD,), models, around, restart)
    stage = Stage(story, Trouble(), beginning=None, reports=reports)
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(stage.play())
    return Beginning(stage.server, stage.controllers.named, loop.time())


def play(
    story: Story,
    trouble: Trouble = NO_TROUBLE,
    *,
    reports: bool = False,
    expected: Facts | None = None,
    trace: Callable[[str], None] | None = None,
) -> Played:
    """Play a story on a loop of its own, with or without what people are told. Raises Violated."""
    for name in ("lastgood", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    beginning = None
    if not story.from_nothing:
        beginning = _beginning(story.models, story.around, story.restart, reports)
    loop = VirtualLoop(0.0 if beginning is None else beginning.at)
    stage = Stage(story, trouble, beginning=beginning, reports=reports, trace=trace)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(stage.play(expected))
