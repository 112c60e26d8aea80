"""What holds for every world and every order of events (semantics.md, F2, F3, K2, R1).

Each thing that is done is checked by the simulator: no Bad version is activated, nothing raises the replicas of a
killed model, each rollback leaves a Bad version once for one that served, no Deployment is given another's template;
and each change of the world comes to rest.
"""

import copy
import dataclasses
import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastgood.api import names
from lastgood.api.killswitch import LabelSelector
from lastgood.api.rollback import KillAction
from lastgood.decide import facts, records, traffic, world
from tests.unit.decide import scaling
from tests.unit.decide.moving import move, template_of
from tests.unit.decide.scenes import model, rolled_back
from tests.unit.decide.simulator import MINUTE, World

Event = Callable[[World], None]
SETTLED = 60
"""Minutes after which every bake, cooldown and probation of these models has ended, also after a restart."""
TEAM = LabelSelector(match_labels={"team": "fraud"})
SCALERS = [None, scaling.hpa(2, 6), scaling.hpa(0, 6), scaling.scaled_object(0, 6)]

SERVICE = world.Service("front", "s", "1", selector={"app": "m", "role": "model"})
STAND_IN = world.StandIn(
    "rules", selector={"role": "rules"}, labels={"app": "m", "role": "rules"}, available=1
)

letters = st.sampled_from("abc")
switches = st.sampled_from(["incident", "by-name", "by-label", "m"])
thresholds = st.sampled_from(["errors", "toxic", "slow"])


class Named:
    """An event that says what it does, so that a failing order of events can be read."""

    def __init__(self, said: str, does: Event) -> None:
        self.said, self.does = said, does

    def __call__(self, made: World) -> None:
        self.does(made)

    def __repr__(self) -> str:
        return self.said


def toggle(kept: set[tuple[str, str]], key: tuple[str, str]) -> None:
    kept.symmetric_difference_update({key})


SELECTIONS: dict[str, dict[str, Any]] = {"by-name": {"models": ("m",)}, "by-label": {"selector": TEAM}}


def engage(made: World, name: str) -> None:
    made.engage(name, **SELECTIONS.get(name, {}))


def release(made: World) -> None:
    for switch in made.switches:
        if switch.cause is not facts.Cause.MANUAL:
            made.release(switch.name)


def ask(made: World, *, engaged: bool, by: str) -> None:
    given = made.spec.get("killSwitch", {})
    made.spec["killSwitch"] = {**given, "engaged": engaged}
    made.engaged_written_by = by


def flip(made: World, *path: str) -> None:
    made.spec = copy.deepcopy(made.spec)
    at = made.spec
    for key in path[:-1]:
        at = at.setdefault(key, {})
    at[path[-1]] = not at.get(path[-1], False)


def overrule(made: World, letter: str, worth: facts.Worth) -> None:
    if any(c.version == letter for c in made.checkpoints):
        made.overrule(letter, worth)


def redefine(made: World, letter: str) -> None:
    listed = [dict(each) for each in made.spec["versions"]]
    for each in listed:
        if each["name"] == letter:
            each["image"] += "+"
    made.spec = {**made.spec, "versions": listed}


def by_hand(made: World) -> None:
    made.template = template_of(made.deployment, "img:by-hand")


def manual(made: World) -> None:
    made.spec["killSwitch"] = {
        **made.spec.get("killSwitch", {}),
        "recovery": {"restart": "Manual", "backoff": 1},
    }


def autoscale(made: World) -> None:
    """Somebody puts another autoscaler in the place of the last, or takes the last away."""
    made.load = 5
    known = [scaler and scaler.kind + str(scaler.min_replicas) for scaler in SCALERS]
    now = made.autoscaler and made.autoscaler.kind + str(made.autoscaler.min_replicas)
    made.autoscaler = SCALERS[(known.index(now) + 1) % len(SCALERS)] if now in known else None
    made.scale(made.replicas)


def select(made: World, labels: dict[str, str]) -> None:
    if made.service is not None:
        made.service = dataclasses.replace(made.service, selector=labels)


def service(made: World) -> None:
    made.service = None if made.service else SERVICE


def stand_in(made: World) -> None:
    made.stand_in = None if made.stand_in else STAND_IN


def pause(made: World) -> None:
    if made.paused:
        made.pods_template = None
    made.paused = not made.paused


def name_the_other(made: World) -> None:
    move(made, "n" if made.deployment == "m" else "m")


MOVE = Named("name the other Deployment", name_the_other)
common = st.one_of(
    letters.map(lambda v: Named(f"want {v}", lambda made: made.want(v))),
    thresholds.map(
        lambda t: Named(f"{t} breaches", lambda made: made.breaches.add((f"img:{made.running}", t)))
    ),
    st.just(Named("nothing breaches", lambda made: made.breaches.clear())),
    st.just(Named("release", release)),
    switches.map(lambda s: Named(f"engage {s}", lambda made: engage(made, s))),
)
rare = st.one_of(
    st.tuples(letters, thresholds).map(
        lambda k: Named(f"silence {k}", lambda made: toggle(made.silent, (f"img:{k[0]}", k[1])))
    ),
    letters.map(
        lambda v: Named(f"crash {v}", lambda made: made.crashing.symmetric_difference_update({f"img:{v}"}))
    ),
    st.tuples(st.booleans(), st.sampled_from(["ana", "argocd-controller", ""])).map(
        lambda k: Named(f"field {k}", lambda made: ask(made, engaged=k[0], by=k[1]))
    ),
    st.tuples(letters, st.sampled_from(list(facts.Worth))).map(
        lambda k: Named(f"overrule {k}", lambda made: overrule(made, *k))
    ),
    letters.map(
        lambda v: Named(f"resume {v}", lambda made: made.annotations.update({names.ANNOTATION_RESUME: v}))
    ),
    letters.map(lambda v: Named(f"redefine {v}", lambda made: redefine(made, v))),
    st.sampled_from(list(KillAction)).map(
        lambda action: Named(f"engage sender {action}", lambda made: made.engage("sender", action=action))
    ),
    st.sampled_from([{"app": "m", "role": "model"}, {"app": "m", "role": "rules"}, {"other": "pods"}]).map(
        lambda labels: Named(f"Service selects {labels}", lambda made: select(made, labels))
    ),
    st.integers(0, 6).map(lambda n: Named(f"scale {n}", lambda made: made.scale(n))),
    st.sampled_from(
        [
            Named("suspend", lambda made: flip(made, "suspend")),
            Named("pause rollouts", lambda made: flip(made, "rollout", "paused")),
            Named("pause Deployment", pause),
            Named("change by hand", by_hand),
            Named("manual", manual),
            Named("autoscale", autoscale),
            Named("Service comes or goes", service),
            Named("fallback comes or goes", stand_in),
            MOVE,
            Named("create again", lambda made: setattr(made, "uid", made.uid + "+")),
        ]
    ),
)
events: st.SearchStrategy[Event] = st.one_of(common, common, rare)
orders = st.lists(st.tuples(events, st.sampled_from([0, 5, 15, SETTLED])), min_size=2, max_size=8)
"""Events, each with the minutes that pass after it."""


@functools.cache
def _two_versions() -> World:
    slow = {"name": "slow", "query": "q", "max": 1, "onBreach": "Hold"}
    errors = {"name": "errors", "query": "q", "max": 1}
    toxic = {"name": "toxic", "query": "q", "max": 1, "onBreach": "Kill"}
    made = model(
        thresholds=[errors, toxic, slow],
        fallback={"workloadRef": {"name": "rules"}, "service": "front"},
        killSwitch={"recovery": {"backoff": 1}},
        rollback={"budget": {"max": 1000, "per": "1m"}},
    )
    made.labels = {"team": "fraud"}
    made.service, made.stand_in = SERVICE, STAND_IN
    made.interval = 5 * MINUTE
    made.wait(SETTLED)
    made.want("b")
    made.wait(5)
    return made


def fresh() -> World:
    """A model whose `a` is Good and whose `b` was just rolled out."""
    return copy.deepcopy(_two_versions())


def state(made: World) -> dict[str, object]:
    """What a run comes to, without the times at which it came there."""
    return {
        "template": made.digest,
        "replicas": made.replicas,
        "paused": made.paused,
        "bounds": made.autoscaler and made.autoscaler.bounds,
        "worths": {c.name: c.verdict.worth.value for c in made.checkpoints},
        "current": made.known.current and made.known.current.name,
        "switches": {
            s.name: (s.engaged, [(e.replicas, e.ceiling, e.probation is not None) for e in s.entries])
            for s in made.switches
        },
        "annotations": made.annotations,
        "selector": made.service and made.service.selector,
        "taken": traffic.recorded(made.view()),
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders)
def test_every_order_of_events_comes_to_rest_and_stays_there(order: list[tuple[Event, int]]) -> None:
    made = fresh()
    for event, minutes in order:
        event(made)
        made.wait(minutes)
    made.wait(6 * SETTLED)
    made.log.clear()
    made.wait(SETTLED)

    assert made.log == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders.map(lambda order: [event for event, _ in order]), st.data())
def test_a_crash_after_any_part_of_any_decision_comes_to_the_same_end(
    order: list[Event], data: st.DataObject
) -> None:
    undisturbed, crashing = fresh(), fresh()
    for event in order:
        for made in (undisturbed, crashing):
            event(made)
        undisturbed.wait(SETTLED)
        for _ in range(data.draw(st.integers(0, 4), label="rounds before the crash")):
            crashing.round()
        crashing.round(only=data.draw(st.integers(0, 3), label="done before the crash"))
        crashing.crash()
        crashing.wait(SETTLED)
        assert state(crashing) == state(undisturbed)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders)
def test_a_killed_model_ends_at_zero_and_stays_there(order: list[tuple[Event, int]]) -> None:
    made = fresh()
    for event, minutes in order:
        event(made)
        made.wait(minutes)
    made.engage("last")
    made.rest()
    assert made.replicas == 0
    for event, minutes in order:
        if "release" not in repr(event):
            event(made)
        made.engage("last")
        made.wait(minutes)
        assert made.replicas == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.one_of(common, st.just(MOVE)), st.sampled_from([0, 5, 15])), min_size=3, max_size=10
    )
)
def test_no_order_of_events_gives_a_deployment_the_template_of_another(
    order: list[tuple[Event, int]],
) -> None:
    """O5, R1: the simulator checks each template that is given; and what is found on the way stays at rest."""
    made = fresh()
    for event, minutes in order:
        event(made)
        made.wait(minutes)
    made.wait(6 * SETTLED)
    made.log.clear()
    made.wait(SETTLED)

    assert made.log == []


def test_one_breach_makes_one_rollback_however_long_it_lasts() -> None:
    made = rolled_back()
    made.breaches.add(("img:b", "errors"))
    made.now += timedelta(days=2)
    made.wait(300)

    assert made.rollbacks == [("b", "a")]
    verdicts = [each for each in made.done(records.GiveVerdict) if each.verdict.worth is facts.Worth.BAD]
    assert len(verdicts) == 1
