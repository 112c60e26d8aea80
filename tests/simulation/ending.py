"""How every world ends: faults and people stop, and the wanted state is reached, the same as without any fault.

What a model has come to may depend on what befell it, so the people first bring it to where history no longer counts:
switches released, verdicts taken back, version `a` running and Good. Then one version more is wanted, which the seed
made fine or wrong in one of several ways, and where that must lead is known beforehand. A world without faults goes
through the same ending and is held to the same end.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation import around, everywhere, scene, sight, surroundings, virtual_time
from tests.simulation.controllers import image_of
from tests.simulation.grounds import Violated
from tests.simulation.objects import Object
from tests.simulation.prometheus import Signal
from tests.simulation.scene import NAMESPACE, PERSON
from tests.simulation.world import World

LONGEST: Final = 600
"""Intervals within which a wanted state is reached: a probation that failed often is long."""
PATIENCE: Final = timedelta(seconds=LONGEST * scene.INTERVAL / 4)
"""For how long a probation people wait: it doubles with each that failed, and of a longer one they cut the back-off."""
REPLICAS: Final = 3
"""What each model has at the beginning, and in the end."""
QUIET: Final = 3
"""Intervals without a write after which a world counts as at rest, beside the one that shows it."""
MOST_LATE: Final = 2
"""Reports that still come, because what was told a while ago is told no longer."""
ASK_AGAIN: Final = 12
"""Intervals after which people ask again for what they want."""
MOST_TRIES: Final = 3
WRONG: Final = ("nothing", "errors", "toxic", "crash", "killed")
EVERYWHERE: Final = "killed everywhere"


async def end_well(world: World) -> None:
    """Bring a world to its end. Raises Violated."""
    dice = random.Random(f"{world.seed} end")
    order, wrong = dice.sample(scene.VERSIONS[1:], len(scene.VERSIONS) - 1), dice.choice(WRONG)
    if world.scene.around.everywhere and dice.random() < 0.5:
        wrong = EVERYWHERE
    _quieten(world)
    world.tell("the faults end, and the people put everything right")
    for _ in range(3):  # what crashed recovers, and what breached is looked at again
        await asyncio.sleep(scene.INTERVAL)
        await world.rest()
    for model in world.scene.models:
        _put_right(world, model)
    await _reach(world, "a runs and is Good", lambda model: _runs(world, model, "a", "Good"), insist=True)
    await asyncio.sleep(_until_rollbacks_count_no_more(world))
    good = {name for model in world.scene.models for name in _good(world, model)}
    # Pods of a Good version that do not start are a matter of the cluster, and no reason to leave it.
    wanted = next((name for name in order if name not in good), order[0])
    if wrong == "crash" and wanted in good:
        wrong = "nothing"
    for model in world.scene.models:
        _let_go_wrong(world, model, wanted, wrong)
    world.tell(f"{wanted} is wanted everywhere; what goes wrong: {wrong}")
    await _reach(world, f"{wanted} is wanted: {wrong}", lambda model: _ended(world, model, wanted, wrong))
    if wrong == EVERYWHERE:
        world.tell("one of the switches of the ClusterKillSwitch is released, which is no use")
        everywhere.release_one(world.people, "", "", 0.0)
        await _reach(world, "still killed", lambda model: _ended(world, model, wanted, wrong))
    before, done = world.server.writes, world.invariants.done
    await asyncio.sleep(QUIET * scene.INTERVAL)
    await world.rest()
    if world.invariants.done != done:
        raise Violated(f"{world.invariants.done - done} writes although nothing changes any more")
    if world.server.writes > before + MOST_LATE:
        raise Violated(f"{world.server.writes - before} reports although nothing changes any more")


def _until_rollbacks_count_no_more(world: World) -> float:
    """Return how many seconds it takes until no rollback of before limits the next (rule R5)."""
    times = [
        sight.moment(activation["at"])
        for raw in world.server.of(resources.MODEL_CHECKPOINTS).values()
        for activation in raw["spec"].get("activations") or ()
        if activation["reason"] == "Rollback"
    ]
    if not times:
        return 0.0
    left = max(times) + scene.BUDGET_PER - virtual_time.true_time()
    return max(left.total_seconds() + 1.0, 0.0)


def _quieten(world: World) -> None:
    world.injector.quiet()
    world.prometheus.heal()
    for metric in list(world.prometheus.signals):
        world.prometheus.say(metric, Signal.FINE)
    world.controllers.crashing.clear()
    world.controllers.hanging = False
    world.controllers.autoscalers.load = REPLICAS
    world.controllers.disturb()
    now = asyncio.get_running_loop().time()
    for process in world.processes:
        process.ahead = timedelta(0)
        process.connection.stopped_until = min(process.connection.stopped_until, now)


def _put_right(world: World, model: str, *, again: bool = False) -> None:
    server, key = world.server, (NAMESPACE, model)
    if server.find(resources.DEPLOYMENTS, key) is None:
        scene.create_deployment(world.scene, server, model)
    if server.find(resources.MODEL_DEPLOYMENTS, key) is None:
        scene.create_model(world.scene, server, model)
    if model == world.scene.models[0]:
        _put_right_around(world, model)
    spec: Object = {"suspend": None, "rollout": {"paused": None}, "killSwitch": {"engaged": None}}
    if any(_lasts(entry) > PATIENCE for _, entry in sight.now(server, model).entries):
        spec["killSwitch"]["recovery"] = {"backoff": 1}
    server.patch(resources.MODEL_DEPLOYMENTS, *key, {"spec": spec}, by=PERSON)
    scene.ask_for(world.scene, server, model, "a", by=PERSON)
    server.patch(resources.DEPLOYMENTS, *key, {"spec": {"paused": None}}, by=PERSON)
    released = {"spec": {"engaged": False}}
    for _, name in list(server.of(resources.CLUSTER_KILL_SWITCHES)):
        server.patch(resources.CLUSTER_KILL_SWITCHES, "", name, released, by=PERSON)
    for namespace, name in list(server.of(resources.KILL_SWITCHES)):
        server.patch(resources.KILL_SWITCHES, namespace, name, released, by=PERSON)
    for checkpoint in sight.now(server, model).checkpoints:
        if again and sight.worth(checkpoint) != "Bad":
            continue
        asked = {"metadata": {"annotations": {names.ANNOTATION_VERDICT: "Unproven"}}}
        name = checkpoint["metadata"]["name"]
        server.patch(resources.MODEL_CHECKPOINTS, NAMESPACE, name, asked, by=PERSON)


def _lasts(entry: Object) -> timedelta:
    """Return how long the probation that an entry has come to takes (rule K9)."""
    failed = int((entry.get("probation") or {}).get("round", 1)) - 1
    return timedelta(seconds=scene.PROBATION.total_seconds() * scene.BACKOFF**failed)


def _put_right_around(world: World, model: str) -> None:
    """Let people create again what is missing around a model, and take back what they have set there."""
    server, there, key = world.server, world.scene.around, (NAMESPACE, model)
    kinds = {around.HPA: resources.HPAS, around.KEDA: resources.SCALED_OBJECTS}
    kind = kinds.get(there.autoscaler)
    if kind is not None and server.find(kind, key) is None:
        around.create_autoscaler(there, server, model)
    if there.autoscaler == around.KEDA:
        surroundings.annotate_scaled_object(world.people, None)
    if there.fallback:
        surroundings.restore_traffic(world.people, model, "", 0.0)


def _let_go_wrong(world: World, model: str, wanted: str, wrong: str) -> None:
    patient: Object = {"spec": {"killSwitch": {"recovery": {"backoff": scene.BACKOFF}}}}
    world.server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, model, patient, by=PERSON)
    if wrong in _SIGNALS:
        for version in _called(world, model, wanted):
            world.prometheus.say((model, version, wrong), _SIGNALS[wrong])
    elif wrong == "crash":
        world.controllers.crashing.add(f"img:{wanted}")
    elif wrong == "killed":
        killed = {"spec": {"killSwitch": {"engaged": True}}}
        world.server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, model, killed, by=PERSON)
    elif wrong == EVERYWHERE:
        everywhere.engage_all(world.people)
    scene.ask_for(world.scene, world.server, model, wanted, by=PERSON)


async def _reach(world: World, what: str, reached: Callable[[str], str], *, insist: bool = False) -> None:
    """Let time pass until all models are where they belong, and nothing is written any more."""
    quiet, before, missing = 0, -1, [""]
    for passed in range(LONGEST):
        if world.controllers.step():
            await world.rest()
        else:
            await asyncio.sleep(scene.INTERVAL)
            await world.rest()
        quiet = quiet + 1 if world.server.writes == before else 0
        before = world.server.writes
        missing = [said for model in world.scene.models if (said := reached(model))]
        if not missing and quiet >= QUIET:
            return
        if insist and passed % ASK_AGAIN == ASK_AGAIN - 1:
            for model in world.scene.models:
                if passed < MOST_TRIES * ASK_AGAIN:
                    _put_right(world, model, again=True)
                _insist(world, model)
    said = "; ".join(missing) or f"something is still written: {world.server.log[-3:]}"
    raise Violated(f"eventual stability: after {LONGEST} intervals not yet: {what}: {said}")


def _insist(world: World, model: str) -> None:
    """A person asks again for what the model may have come to wait for: a resume, and replicas."""
    seen = sight.now(world.server, model)
    if world.scene.follow:
        scene.ask_for(world.scene, world.server, model, "a", by=PERSON)
    if seen.entries:
        annotation = {names.ANNOTATION_RESUME: next(_called(world, model, "a"))}
        world.server.patch(
            resources.MODEL_DEPLOYMENTS,
            NAMESPACE,
            model,
            {"metadata": {"annotations": annotation}},
            by=PERSON,
        )
        return
    if model in world.people.deleted and world.scene.around.fallback and model == world.scene.models[0]:
        # Who deletes a killed model is left with its fallback.
        surroundings.steer(world.people, model, "", 0.0)
    if seen.deployment is not None and seen.replicas != 3:
        world.controllers.scale(seen.deployment, 3, by=PERSON)


def _runs(world: World, model: str, version: str, worth: str, *, but: str = "") -> str:
    """Return what is missing until a model serves a version; empty when nothing is."""
    seen = sight.now(world.server, model)
    if seen.deployment is None or seen.model is None:
        return f"{model} is gone"
    status = seen.deployment["status"]
    counts = [status[name] for name in ("replicas", "updatedReplicas", "availableReplicas")]
    if image_of(seen.deployment["spec"]["template"]) != f"img:{version}":
        return f"{model} runs {image_of(seen.deployment['spec']['template'])}"
    if seen.engaged or seen.entries or seen.replicas != REPLICAS or counts != [REPLICAS] * 3:
        held = [each["metadata"]["name"] for each, _ in seen.entries]
        return f"{model} has {seen.replicas} replicas, {counts}, held by {held}"
    astray = _astray(world, model, served_by=model)
    if astray:
        return astray
    found = _verdicts(seen)
    if found.get(version) != worth or (but and found.get(but) != "Bad"):
        return f"{model}: verdicts are {found}"
    return ""


def _ended(world: World, model: str, wanted: str, wrong: str) -> str:
    """Return what is missing until a model is where its story must end."""
    if wrong == "nothing":
        return _runs(world, model, wanted, "Good")
    if wrong in ("errors", "crash"):
        return _runs(world, model, "a", "Good", but=wanted)
    seen = sight.now(world.server, model)
    causes = [each["metadata"].get("labels", {}).get(names.LABEL_CAUSE) for each in seen.engaged]
    cause = _CAUSES[wrong]
    held = [entry["replicas"] for _, entry in seen.entries]
    if causes != [cause] or seen.replicas != 0 or held != [REPLICAS]:
        return f"{model} has {seen.replicas} replicas, is held by {causes}, which remember {held}"
    there, found = world.scene.around, _verdicts(seen)
    astray, missing = "", everywhere.not_engaged(world.people) if wrong == EVERYWHERE else []
    if there.fallback and there.falls_back and model == world.scene.models[0]:
        astray = _selects_otherwise(world, model, around.stand_in(model))
    elif missing:
        astray = f"the ClusterKillSwitch is not engaged in {missing}"
    elif wrong == "toxic" and found.get(wanted) != "Bad":
        astray = f"{model}: verdicts are {found}"
    return astray


_SIGNALS: Final = {"errors": Signal.BAD, "toxic": Signal.ENDLESS}
"""What a threshold's series show once the wanted version goes wrong."""
_CAUSES: Final = {
    "killed": names.CAUSE_MANUAL,
    "toxic": names.CAUSE_AUTOMATIC,
    EVERYWHERE: names.CAUSE_CLUSTER,
}


def _good(world: World, model: str) -> list[str]:
    return [name for name, worth in _verdicts(sight.now(world.server, model)).items() if worth == "Good"]


def _called(world: World, model: str, version: str) -> Iterator[str]:
    """Yield the names under which a version is saved, and its own at last.

    One that was adopted keeps the name that it was given then (rule O5), and its series are found by that.
    """
    for checkpoint in sight.now(world.server, model).checkpoints:
        saved = checkpoint["spec"]["saved"]
        if image_of(saved["podTemplate"]) == f"img:{version}":
            yield saved["version"]
    yield version


def _verdicts(seen: sight.Sight) -> dict[str, str]:
    """Return the verdicts by what runs: a version that no list names is called otherwise.

    One that is saved by both names counts as the one that was switched to last.
    """
    switched = [each for each in seen.checkpoints if each["spec"].get("activations")]
    others = [each for each in seen.checkpoints if each not in switched]
    return {
        image_of(each["spec"]["saved"]["podTemplate"]).removeprefix("img:"): sight.worth(each)
        for each in (*others, *sorted(switched, key=sight.activated_at))
    }


def _astray(world: World, model: str, *, served_by: str) -> str:
    """Return what around a model is not as people want it; empty when nothing is."""
    return world.invariants.surrounded.astray(model) or _selects_otherwise(world, model, served_by)


def _selects_otherwise(world: World, model: str, wanted: str) -> str:
    service = world.server.find(resources.SERVICES, (NAMESPACE, model))
    if service is None or service["spec"]["selector"] == {"app": wanted}:
        return ""
    return f"Service {model} selects {service['spec']['selector']}, not {wanted}"
