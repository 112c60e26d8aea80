"""Views of a model named fraud, built from a few words; decisions come from the real policy."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.api import thresholds as threshold_api
from lastgood.api.modeldeployment import ModelDeploymentSpec
from lastgood.api.modeldeployment_status import ModelDeploymentStatus
from lastgood.api.thresholds import Verdict
from lastgood.decide import candidate, facts, policy, template, world
from lastgood.decide.decision import Decision
from lastgood.decide.facts import Activation, Checkpoint, Switch, VerdictFact, Why, Worth
from lastgood.decide.view import Judged, Model, View
from lastgood.judge.verdict import Judgement, Reason
from lastgood.report.summary import summarize

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = "1.4.0", "1.5.0"
SPEC: Mapping[str, Any] = {
    "workloadRef": {"kind": "Deployment", "name": "fraud"},
    "version": NEW,
    "versions": [
        {"name": OLD, "image": "registry.example/fraud:1.4.0"},
        {"name": NEW, "image": "registry.example/fraud:1.5.0"},
    ],
    "thresholds": [{"name": "error-ratio", "query": "errors", "max": 0.02}],
    "rollout": {"bake": "30s"},
}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def pod_template(version: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "fraud"}},
        "spec": {"containers": [{"name": "model", "image": f"registry.example/fraud:{version}"}]},
    }


def saved(
    version: str,
    worth: Worth = Worth.UNPROVEN,
    *,
    reason: str = facts.SERVED,
    since: datetime = NOON,
    switched: Sequence[tuple[float, Why, str | None]] = (),
    message: str = "",
) -> Checkpoint:
    pods = pod_template(version)
    digest = template.digest(pods)
    return Checkpoint(
        name=candidate.checkpoint_name("fraud", version, digest),
        version=version,
        digest=digest,
        template=pods,
        base=template.base_of(pods, container="model"),
        verdict=VerdictFact(worth, reason, since, evidence={"message": message} if message else None),
        activations=tuple(Activation(after(at), why, came_from) for at, why, came_from in switched),
        created_at=since,
    )


def pods(version: str, count: int) -> tuple[world.Pod, ...]:
    digest = template.digest(pod_template(version))
    labels = template.labels(model="fraud", version=version)
    return tuple(
        world.Pod(f"fraud-{version}-{n}", f"u{n}", digest, ready=True, terminating=False, labels=labels)
        for n in range(count)
    )


def workload(
    version: str, *, replicas: int = 2, running: tuple[world.Pod, ...] | None = None, complete: bool = True
) -> world.Workload:
    pods_template = pod_template(version)
    return world.Workload(
        name="fraud",
        uid="w",
        resource_version="1",
        replicas=replicas,
        template=pods_template,
        digest=template.digest(pods_template),
        complete=complete,
        pods=pods(version, replicas) if running is None else running,
    )


def judged(
    verdict: Verdict = Verdict.OK,
    reason: Reason = Reason.NONE,
    message: str = "",
    *,
    value: float | None = None,
    name: str = "error-ratio",
    **fields: Any,
) -> Judged:
    written = {"name": name, "query": "errors", "max": 0.02} | fields
    threshold = threshold_api.Threshold.model_validate(written)
    resolved = threshold_api.resolve(threshold, None, warmup=timedelta(0))
    return Judged(resolved, Judgement(verdict, reason, message, value))


def view(
    *,
    now: datetime = NOON,
    spec: Mapping[str, Any] | None = None,
    checkpoints: Sequence[Checkpoint] = (),
    switches: Sequence[Switch] = (),
    runs: world.Workload | None = None,
    judgements: Sequence[Judged] = (),
    good_for: float = 0,
    generation: int = 3,
    **fields: Any,
) -> View:
    parsed = ModelDeploymentSpec.model_validate({**SPEC, **(spec or {})})
    return View(
        model=Model("ml", "fraud", "m", parsed, generation=generation),
        now=now,
        facts=facts.Facts(tuple(checkpoints), tuple(switches)),
        workload=runs,
        judged=tuple(judgements),
        good_for=timedelta(seconds=good_for),
        **fields,
    )


def later(earlier: View, seconds: float, **changes: Any) -> View:
    return dataclasses.replace(earlier, now=earlier.now + timedelta(seconds=seconds), **changes)


def report(
    seen: View, previous: Mapping[str, Any] | None = None, *, decision: Decision | None = None
) -> dict[str, Any]:
    """Summarize what the policy decides, and hold the result to the schema of a status."""
    status = summarize(seen, decision or policy.decide(seen), previous=previous)
    ModelDeploymentStatus.model_validate(status)
    return status


def condition(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in status["conditions"] if item["type"] == kind)
    return found


def brief(status: Mapping[str, Any], kind: str) -> str:
    found = condition(status, kind)
    return f"{found['status']}/{found['reason']}"


# Scenes that several tests start from.


def good_old(**fields: Any) -> Checkpoint:
    fields.setdefault("switched", [(-3600, Why.ADOPTED, None)])
    return saved(OLD, Worth.GOOD, reason=facts.BAKED, since=after(-3000), **fields)


def baking() -> View:
    """The new version runs at 100 % since a minute ago and is all right."""
    new = saved(NEW, switched=[(-60, Why.ROLLOUT, OLD)], since=after(-60))
    return view(
        checkpoints=[good_old(), new], runs=workload(NEW), judgements=[judged(value=0.001)], good_for=12
    )


def rolling_back(*, arrived: bool) -> View:
    """The new version was condemned at noon, 2 s ago or more."""
    old = good_old(switched=[(-3600, Why.ADOPTED, None), (0, Why.ROLLBACK, NEW)])
    why = "threshold error-ratio: 0.5 is above the maximum 0.02"
    new = saved(
        NEW,
        Worth.BAD,
        reason="ThresholdBreached",
        since=NOON,
        switched=[(-60, Why.ROLLOUT, OLD)],
        message=why,
    )
    runs = workload(OLD) if arrived else workload(OLD, running=pods(NEW, 2) + pods(OLD, 1), complete=False)
    return view(
        now=after(9.25 if arrived else 2), checkpoints=[old, new], runs=runs, judgements=[judged(value=0.001)]
    )


def killed(*, left: int, now: float = 1, **fields: Any) -> View:
    """A person engaged a switch at noon; `left` pods remain."""
    entry = facts.Entry("fraud", "fraud", replicas=4, ceiling=0)
    switch = Switch(
        name="pii-leak",
        engaged=True,
        cause=facts.Cause.PERSON,
        reason="PII in completions",
        requested_by="ana@example.com",
        models=("fraud",),
        entries=(entry,),
        engaged_at=NOON,
    )
    runs = workload(OLD, replicas=0, running=pods(OLD, left))
    spec = {"version": OLD}
    return view(now=after(now), spec=spec, checkpoints=[good_old()], switches=[switch], runs=runs, **fields)


def recovering(*, good_for: float = 3) -> View:
    """The switch was released; two of four replicas are in probation."""
    before = killed(left=0, now=60)
    entry = facts.Entry("fraud", "fraud", replicas=4, ceiling=2, probation=facts.Probation(since=after(30)))
    released = dataclasses.replace(before.facts.switches[0], engaged=False, entries=(entry,))
    return dataclasses.replace(
        before,
        facts=facts.Facts(before.facts.checkpoints, (released,)),
        workload=workload(OLD, replicas=2),
        judged=(judged(value=0.001),),
        good_for=timedelta(seconds=good_for),
    )
