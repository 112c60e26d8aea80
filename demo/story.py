"""The story: each step does one thing and returns only when the cluster shows that it came true.

A step never believes the operator's word alone. "Rolled back" means that the Deployment wants the old image,
the old version's pods are ready and no process of the bad version runs; "killed" means that the operating
system knows no model server any more; "recovered" is what the client counts. A step that does not come true
within its limit ends the demo with one sentence and exit code 1.
"""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable

from demo import cluster, errors, names
from demo import scene as scenes

RECOVERED = 0.005
"""The error ratio over 10 s below which clients count as served again."""
ANSWERED = 0.95
"""The share of requests that must be answered in time at the end; a busy machine is slow on some."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One part of the story: `play` makes it happen and returns the sentence that was verified."""

    title: str
    play: Callable[[scenes.Scene], Awaitable[str]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Played:
    """A step that came true, and how long it took in seconds."""

    title: str
    seconds: float
    outcome: str


async def the_first_version_becomes_good(scene: scenes.Scene) -> str:
    """Wait until the running Deployment is adopted without a restart, baked, and saved."""
    before = {process.id for process in await scene.stage.processes()}
    await scene.kubectl("apply", "-f", "examples/mlserver/modeldeployment.yaml")

    async def good() -> str | None:
        status = (await scene.stage.cluster.model()).get("status", {})
        verdict = _verdict(status, names.GOOD)
        return "good" if verdict == "Good" and status.get("lastGoodVersion") == names.GOOD else None

    await scene.until(good, within=120, otherwise=f"{names.GOOD} did not become Good")
    after = {process.id for process in await scene.stage.processes()}
    if before != after:
        raise errors.StoryError(
            f"adopting the Deployment restarted its pods: {sorted(before)} became {sorted(after)}"
        )
    saved = await _checkpoint(scene, names.GOOD)
    return (
        f"{names.GOOD} is Good and saved as ModelCheckpoint {saved['metadata']['name']}; no pod was restarted"
    )


async def a_faulty_version_is_rolled_out(scene: scenes.Scene) -> str:
    """Want 1.5.0, as a release would. It starts, answers its readiness probe, and serves."""
    await scene.patch_model({"version": names.FAULTY})

    async def serving() -> str | None:
        return "serving" if await scene.serves_only(names.FAULTY) else None

    await scene.until(serving, within=120, otherwise=f"{names.FAULTY} did not take over")
    await asyncio.sleep(2)
    counts = scene.traffic.over(2)
    if counts.ok == 0:
        raise errors.StoryError(
            f"{names.FAULTY} answers nobody: {scene.traffic.last_failure or 'no failure was answered'}"
        )
    seen = f"{counts.ok / 2:.0f} ok/s, {counts.failed / 2:.0f} failed/s"
    return f"{await scene.running()}, ready and serving; the client sees {seen}"


async def the_breach_is_seen(scene: scenes.Scene) -> str:
    """Wait until the fault has begun and a threshold was breached for its hold time; readiness is green."""
    failing_since: list[float] = []
    failed_while_ready = False

    async def bad() -> str | None:
        nonlocal failed_while_ready
        if scene.traffic.over(2).failed:
            if not failing_since:
                failing_since.append(time.monotonic())
                scene.telling.rest()
                scene.telling.note(f"the client's first failures: {scene.traffic.last_failure}")
            failed_while_ready |= await scene.serves_only(names.FAULTY)
        for item in await scene.stage.cluster.checkpoints():
            verdict = item["spec"].get("verdict", {})
            if item["spec"]["saved"].get("version") == names.FAULTY and verdict.get("value") == "Bad":
                return _evidence(verdict)
        return None

    evidence = await scene.until(bad, within=150, otherwise=f"no threshold was breached by {names.FAULTY}")
    if not failed_while_ready:
        raise errors.StoryError(
            f"{names.FAULTY} is Bad, but the client never saw it fail while its pods were ready"
        )
    after = time.monotonic() - failing_since[0]
    ratio = scene.traffic.error_ratio() or 0.0
    return (
        f"{names.FAULTY} is Bad {after:.1f} s after the client's first failures: {evidence}. "
        f"The client itself counts {ratio:.1%} over 10 s, and every pod says that it is ready"
    )


async def it_is_rolled_back(scene: scenes.Scene) -> str:
    """Wait until the pod template of 1.4.0 is back and the processes of 1.5.0 are gone."""

    async def back() -> str | None:
        model, deployment = await asyncio.gather(
            scene.stage.cluster.model(), scene.stage.cluster.deployment()
        )
        rolled_back = cluster.condition(model, "RolledBack")
        true = (
            rolled_back.get("status") == "True"
            and model["status"].get("activeVersion") == names.GOOD
            and cluster.image(deployment) == f"{names.IMAGE}:{names.GOOD}"
            and await scene.serves_only(names.GOOD)
        )
        return str(rolled_back.get("message", "")) if true else None

    return await scene.until(back, within=120, otherwise=f"{names.GOOD} did not come back")


async def clients_are_served_again(scene: scenes.Scene) -> str:
    """Wait for what counts in the end: the client's own error ratio."""

    async def recovered() -> str | None:
        ratio = scene.traffic.error_ratio()
        return None if ratio is None or ratio > RECOVERED else f"error ratio over the last 10 s: {ratio:.1%}"

    return await scene.until(recovered, within=60, otherwise="the client's error ratio did not recover")


async def a_person_pulls_the_kill_switch(scene: scenes.Scene) -> str:
    """Patch one field; then no process, no pod is left, and only then does the condition say True."""
    victims = await scene.stage.processes()
    pulled = time.monotonic()
    await scene.patch_model({"killSwitch": {"engaged": True, "reason": "demo: a person has doubts"}})
    gone_after: list[float] = []

    async def dead() -> str | None:
        if not gone_after and not await scene.stage.processes():
            gone_after.append(time.monotonic() - pulled)
        engaged = cluster.condition(await scene.stage.cluster.model(), "KillSwitchEngaged")
        if engaged.get("status") != "True":
            return None
        left = await scene.stage.processes()
        if left:
            raise errors.StoryError(f"KillSwitchEngaged is True while model servers run: {left}")
        return str(engaged.get("message", ""))

    message = await scene.until(dead, within=60, otherwise="the kill was not verified")
    pods = await scene.stage.cluster.pods()
    if pods:
        raise errors.StoryError(f"KillSwitchEngaged is True while {len(pods)} pods exist")
    killed = ", ".join(process.id for process in victims)
    return f"no process left {gone_after[0]:.1f} s after the command (were: {killed}); no pod left. {message}"


async def scaling_up_is_undone(scene: scenes.Scene) -> str:
    """Scale the killed model up, as a person or a pipeline might. The latch holds."""
    command = ("-n", names.NAMESPACE, "scale", "deployment", names.MODEL, f"--replicas={names.REPLICAS}")
    began = time.monotonic()
    try:
        await scene.kubectl(*command)
    except errors.StoryError as refusal:
        return f"the API server itself refused it: {refusal}"

    async def at_zero() -> str | None:
        deployment = await scene.stage.cluster.deployment()
        if deployment.get("spec", {}).get("replicas") != 0:
            return None
        quiet = not await scene.stage.cluster.pods() and not await scene.stage.processes()
        return f"{time.monotonic() - began:.1f} s" if quiet else None

    undone = await scene.until(at_zero, within=45, otherwise="the scale-up was not undone")

    await asyncio.sleep(3)  # nothing may come back by itself, and nobody may be answered
    if await scene.stage.processes():
        raise errors.StoryError(f"after it was undone, model servers run again: {await scene.running()}")
    answered = scene.traffic.over(2)
    if answered.ok:
        raise errors.StoryError(
            f"a killed model answered {answered.ok} requests after the scale-up was undone"
        )
    contested = cluster.condition(await scene.stage.cluster.model(), "Contested")
    if contested.get("status") != "True":
        raise errors.StoryError("the scale-up was undone, but the condition Contested does not say so")
    told = str(contested.get("message"))
    return f"back at zero, pods and processes, {undone} after the command. Contested: {told}"


async def release_starts_a_probation(scene: scenes.Scene) -> str:
    """Release by the hand that pulled it: half of the replicas of the last good version come back."""
    await scene.patch_model({"killSwitch": {"engaged": False}})
    half = max(1, names.REPLICAS // 2)

    async def probation() -> str | None:
        model = await scene.stage.cluster.model()
        there = model.get("status", {}).get("state") == "Probation" and await scene.serves_only(
            names.GOOD, replicas=half
        )
        return str(cluster.condition(model, "Recovering").get("message", "")) if there else None

    message = await scene.until(probation, within=90, otherwise="no probation began")
    return f"{half} of {names.REPLICAS} replicas of {names.GOOD} serve on probation. {message}".strip()


async def then_it_serves(scene: scenes.Scene) -> str:
    """Wait until all replicas are back: of 1.4.0, not of the bad version that spec still asks for."""

    async def serving() -> str | None:
        model = await scene.stage.cluster.model()
        engaged = cluster.condition(model, "KillSwitchEngaged").get("status") == "True"
        recovering = cluster.condition(model, "Recovering").get("status") == "True"
        if engaged or recovering or not await scene.serves_only(names.GOOD):
            return None
        counts, ratio = scene.traffic.over(5), scene.traffic.error_ratio(seconds=5)
        well = ratio is not None and ratio <= RECOVERED and counts.ok >= ANSWERED * counts.total
        return f"{counts.ok / 5:.0f} ok/s, error ratio {ratio:.1%}" if well else None

    served = await scene.until(serving, within=120, otherwise="the model did not return to full service")
    return (
        f"{names.REPLICAS} of {names.REPLICAS} replicas of {names.GOOD} serve; the client over 5 s: {served}"
    )


STORY = (
    Step(
        title=f"{names.GOOD} runs: the operator adopts it and bakes it", play=the_first_version_becomes_good
    ),
    Step(title=f"{names.FAULTY} is wanted; it carries a fault", play=a_faulty_version_is_rolled_out),
    Step(title="The fault begins, and a threshold sees it", play=the_breach_is_seen),
    Step(title="Rolled back to the last good version", play=it_is_rolled_back),
    Step(title="Clients are served again", play=clients_are_served_again),
    Step(title="Kill switch", play=a_person_pulls_the_kill_switch),
    Step(title="Somebody scales the killed model up", play=scaling_up_is_undone),
    Step(title="Release: not restart at once, but probation", play=release_starts_a_probation),
    Step(title="Serving", play=then_it_serves),
)


async def play(scene: scenes.Scene, *, played: list[Played], steps: tuple[Step, ...] = STORY) -> None:
    """Play the steps in order and note each in `played`; `errors.StoryError` at the first that fails."""
    for number, step in enumerate(steps, start=1):
        scene.telling.step(number, step.title)
        began = time.monotonic()
        outcome = await step.play(scene)
        seconds = time.monotonic() - began
        scene.telling.came_true(outcome)
        played.append(Played(title=step.title, seconds=seconds, outcome=outcome))


async def _checkpoint(scene: scenes.Scene, version: str) -> cluster.Object:
    for item in await scene.stage.cluster.checkpoints():
        if (
            item["spec"]["saved"].get("version") == version
            and item["spec"].get("verdict", {}).get("value") == "Good"
        ):
            return item
    raise errors.StoryError(f"status says that {version} is Good, but no ModelCheckpoint records it")


def _verdict(status: cluster.Object, version: str) -> str | None:
    return next((item["verdict"] for item in status.get("versions", []) if item["name"] == version), None)


def _evidence(verdict: cluster.Object) -> str:
    evidence = verdict.get("evidence") or {}
    if "threshold" not in evidence:
        return str(verdict.get("reason", "no reason was recorded"))
    value = float(evidence.get("value", "nan"))
    return f"{evidence['threshold']} was {value:.4g} over {evidence.get('window')}"
