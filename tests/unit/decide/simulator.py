"""A model in a small world of its own: `decide` looks at it, and what it records and does comes true.

Only what the rules can tell apart is simulated: replicas, a template, pods that become ready at once or never, an
autoscaler, and thresholds that breach for certain images. What a process would remember is dropped by `crash`.
"""

import dataclasses
import functools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.api import modeldeployment, names, thresholds
from lastgood.api.thresholds import Verdict
from lastgood.decide import candidate, facts, policy, records, steps, template, world
from lastgood.decide.decision import Decision
from lastgood.decide.rules import bake
from lastgood.decide.view import Judged, Model, Settings, Trouble, View
from lastgood.judge import steady
from lastgood.judge.verdict import Judgement, Reason

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOST_ROUNDS = 40
"""More rounds than any change of the world needs until nothing is left to do."""
GITOPS = frozenset({"argocd-controller"})


def pod_template(image: str, **container: Any) -> dict[str, Any]:
    fields = {"name": "model", "image": image, **container}
    return {"metadata": {"labels": {"app": "m"}}, "spec": {"containers": [fields]}}


@dataclass
class World:
    """One model, its facts and its workload, at one time."""

    spec: dict[str, Any]
    now: datetime = START
    interval: timedelta = MINUTE
    name: str = "m"
    uid: str = "uid-1"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    engaged_written_by: str = "ana"
    checkpoints: list[facts.Checkpoint] = field(default_factory=list)
    switches: list[facts.Switch] = field(default_factory=list)
    template: facts.Template = field(default_factory=lambda: pod_template("img:a"))
    pods_template: facts.Template | None = None
    replicas: int = 4
    paused: bool = False
    rolling: bool = False
    present: bool = True
    pod_labels: dict[str, str] = field(default_factory=dict)
    pods_left: int = -1
    autoscaler: world.Autoscaler | None = None
    breaches: set[tuple[str, str]] = field(default_factory=set)
    """(image, threshold) that breach now."""
    silent: set[tuple[str, str]] = field(default_factory=set)
    """(image, threshold) that have no data now."""
    crashing: set[str] = field(default_factory=set)
    """Images whose pods never become ready."""
    trouble: Trouble | None = None
    fine: steady.Steady | None = None
    log: list[records.Record | steps.Step] = field(default_factory=list)

    # What the rules see

    @property
    def known(self) -> facts.Facts:
        return facts.Facts(tuple(self.checkpoints), tuple(sorted(self.switches, key=lambda s: s.name)))

    @property
    def digest(self) -> str:
        return template.digest(self.template)

    @property
    def workload(self) -> world.Workload | None:
        if not self.present:
            return None
        pods = self._pods()
        wanted = template.digest(self.template)
        available = sum(pod.ready and pod.digest == wanted for pod in pods)
        return world.Workload(
            name=self.name,
            uid="w",
            resource_version="1",
            replicas=self.replicas,
            template=self.template,
            digest=wanted,
            paused=self.paused,
            rolling=self.rolling,
            complete=available == self.replicas == len(pods),
            progressed_at=None,
            pods=pods,
        )

    def _pods(self) -> tuple[world.Pod, ...]:
        made_from = self.pods_template or self.template
        crashes = image_of(made_from) in self.crashing
        digest = template.digest(made_from)
        return tuple(
            world.Pod(
                name=f"pod-{digest[:4]}-{number}",
                uid=f"{number}",
                digest=digest,
                ready=not crashes,
                terminating=False,
                failure="CrashLoopBackOff" if crashes else "",
                failure_message="back-off restarting" if crashes else "",
                labels=self.pod_labels,
            )
            for number in range(self.replicas if self.pods_left < 0 else self.pods_left)
        )

    @property
    def resolved(self) -> list[thresholds.ResolvedThreshold]:
        spec = self.parsed
        return [thresholds.resolve(t, None, warmup=timedelta(0)) for t in spec.thresholds]

    @property
    def parsed(self) -> modeldeployment.ModelDeploymentSpec:
        return _parsed(json.dumps({"workloadRef": {"name": self.name}, **self.spec}))

    @property
    def judged(self) -> tuple[Judged, ...]:
        workload, current = self.workload, self.known.current
        if workload is None or current is None or workload.digest != current.digest:
            return ()
        return tuple(Judged(each, self._judgement(each, workload)) for each in self.resolved)

    def _judgement(self, threshold: thresholds.ResolvedThreshold, workload: world.Workload) -> Judgement:
        key = (image_of(workload.template), threshold.name)
        if workload.replicas == 0 or not any(pod.ready for pod in workload.pods):
            return Judgement(Verdict.INSUFFICIENT, Reason.NOT_RUNNING, "nothing runs")
        if key in self.silent:
            return Judgement(Verdict.BLIND, Reason.NO_DATA, "the query gives no series")
        if key in self.breaches:
            return Judgement(Verdict.BREACH, Reason.ABOVE_MAX, "9 is above the maximum 1", 9.0)
        return Judgement(Verdict.OK, value=0.0)

    def start(self) -> steady.Start | None:
        workload, current = self.workload, self.known.current
        if workload is None or current is None or workload.digest != current.digest:
            return None
        last = current.last_activation
        since = [
            e.probation.since
            for e in (s.entry(self.name) for s in self.switches)
            if e and e.probation and e.probation.since
        ]
        return steady.Start(current.digest, last.at if last else None, max(since, default=None))

    def view(self) -> View:
        start = self.start()
        lasted = self.fine.lasted if self.fine is not None and self.fine.start == start else timedelta(0)
        model = Model(
            namespace="ns",
            name=self.name,
            uid=self.uid,
            spec=self.parsed,
            labels=self.labels,
            annotations=self.annotations,
            engaged_written_by=self.engaged_written_by,
            annotated_by=dict.fromkeys(self.annotations, "ana"),
        )
        return View(
            model=model,
            now=self.now,
            facts=self.known,
            workload=self.workload,
            autoscaler=self.autoscaler,
            judged=self.judged,
            good_for=lasted,
            trouble=self.trouble,
            settings=Settings(gitops_managers=GITOPS),
        )

    # What becomes true

    def decide(self) -> Decision:
        return policy.decide(self.view())

    def round(self, *, only: int | None = None) -> Decision:
        """Decide once and make it true; of several records or steps `only` the first few, as before a crash."""
        decision = self.decide()
        done: list[records.Record | steps.Step] = [*decision.records, *decision.steps]
        for each in done[:only]:
            self._check(each)
            self.log.append(each)
            self.apply(each)
        return decision

    def rest(self) -> Decision:
        """Decide until nothing is left to do at this time."""
        for _ in range(MOST_ROUNDS):
            decision = self.round()
            if not decision.records and not decision.steps:
                return decision
        raise AssertionError(f"no end after {MOST_ROUNDS} rounds: {self.decide()}")

    def wait(self, minutes: int) -> Decision:
        """Let time pass, minute by minute, with an evaluation and a decision in each."""
        decision = self.rest()
        for _ in range(0, minutes, int(self.interval / MINUTE)):
            self.tick()
            decision = self.rest()
        return decision

    def tick(self) -> None:
        self.now += self.interval
        start, workload = self.start(), self.workload
        if start is None or workload is None:
            self.fine = None
            return
        self.fine = steady.accumulate(
            self.fine,
            start=start,
            counts=workload.settled and bake.counts(self.judged),
            now=self.now,
            longest_gap=2 * self.interval,
        )

    def crash(self) -> None:
        """Drop everything that only a process remembers."""
        self.fine = None

    def _check(self, done: records.Record | steps.Step) -> None:
        """What must hold of each thing that is done, whatever the world is like."""
        if self.view().engaged:
            raises = isinstance(done, steps.SetAutoscaler) or (
                isinstance(done, steps.Scale) and done.replicas > 0
            )
            assert not raises, f"engaged, and yet {done}"
        if isinstance(done, records.Activate):
            worth = self.known.by_digest[done.checkpoint.digest].verdict.worth
            assert worth is not facts.Worth.BAD, f"{done.checkpoint.version} is Bad, and yet activated"
            if done.activation.why is facts.Why.ROLLBACK:
                left = self.known.current
                assert left is not None
                assert left.verdict.worth is facts.Worth.BAD, f"{left.version} is not Bad, and yet left"
                assert left.digest != done.checkpoint.digest
                assert done.checkpoint.served, f"{done.checkpoint.version} never served, and yet gone back to"

    def apply(self, done: records.Record | steps.Step) -> None:
        match done:
            case records.TakeCheckpoint():
                if any(c.name == done.checkpoint.name for c in self.checkpoints):
                    raise AssertionError(f"checkpoint {done.checkpoint.name} exists already")
                self.checkpoints.append(done.checkpoint)
            case records.GiveVerdict():
                self.give(done.checkpoint.digest, done.verdict)
            case records.Activate():
                self._replace_checkpoint(
                    candidate.activated(self.by_digest(done.checkpoint.digest), done.activation)
                )
            case records.EngageSwitch():
                self.put_switch(done.switch)
            case records.ReleaseSwitch():
                self.put_switch(dataclasses.replace(done.switch, engaged=False, released_by=done.by))
            case records.SetEntries():
                self.put_switch(dataclasses.replace(done.switch, entries=done.entries))
            case _:
                self._take(done)

    def _take(self, step: steps.Step) -> None:
        match step:
            case steps.SwitchTemplate():
                before = self.pods_template or self.template
                self.template = step.template
                self.paused = self.paused and not step.unpause
                self.pods_template = before if self.paused else None
                self.pod_labels = {} if self.paused else dict(step.template["metadata"]["labels"])
            case steps.Scale():
                self.scale(step.replicas)
            case steps.SetAutoscaler():
                assert self.autoscaler is not None
                self.autoscaler = dataclasses.replace(
                    self.autoscaler, min_replicas=step.min_replicas or 1, max_replicas=step.max_replicas
                )
                self.scale(self.replicas)
            case steps.LabelPods():
                self.pod_labels = self.pod_labels | dict(step.labels)
            case steps.ForgetRequest():
                self.annotations.pop(step.annotation, None)

    def scale(self, replicas: int) -> None:
        """Set the replicas; an autoscaler keeps them inside its bounds, and stands down at zero."""
        scaler = self.autoscaler
        if scaler is not None and replicas > 0:
            replicas = min(max(replicas, scaler.min_replicas), scaler.max_replicas)
        if replicas > self.replicas and names.LABEL_VERSION not in self.template["metadata"].get(
            "labels", {}
        ):
            self.pod_labels = {}
        self.replicas = replicas

    # What people do, and what tests ask

    def by_digest(self, digest: str) -> facts.Checkpoint:
        return next(c for c in self.checkpoints if c.digest == digest)

    def version(self, version: str) -> facts.Checkpoint:
        found = [c for c in self.checkpoints if c.version == version]
        return max(found, key=lambda c: c.created_at)

    def worth(self, version: str) -> str:
        return self.version(version).verdict.worth.value

    @property
    def running(self) -> str:
        """The image of the template."""
        return image_of(self.template).removeprefix("img:")

    def give(self, digest: str, verdict: facts.VerdictFact) -> None:
        self._replace_checkpoint(dataclasses.replace(self.by_digest(digest), verdict=verdict))

    def overrule(self, version: str, worth: facts.Worth) -> None:
        """A person gives a verdict."""
        verdict = facts.VerdictFact(worth, "Overruled", since=self.now, by="ana")
        self.give(self.version(version).digest, verdict)

    def _replace_checkpoint(self, checkpoint: facts.Checkpoint) -> None:
        self.checkpoints = [checkpoint if c.name == checkpoint.name else c for c in self.checkpoints]

    def put_switch(self, switch: facts.Switch) -> None:
        self.switches = [s for s in self.switches if s.name != switch.name]
        self.switches.append(dataclasses.replace(switch, resource_version="1"))

    def switch(self, name: str) -> facts.Switch:
        return next(s for s in self.switches if s.name == name)

    def entry(self, switch: str) -> facts.Entry | None:
        return self.switch(switch).entry(self.name)

    def engage(self, name: str = "incident", **selection: Any) -> None:
        """A person engages a switch of their own, or engages it again."""
        known = next((s for s in self.switches if s.name == name), None)
        if known is not None:
            self.put_switch(dataclasses.replace(known, engaged=True))
            return
        self.put_switch(
            facts.Switch(name, engaged=True, cause=facts.Cause.PERSON, reason="leak", **selection)
        )

    def release(self, name: str = "incident") -> None:
        self.put_switch(dataclasses.replace(self.switch(name), engaged=False))

    def want(self, version: str) -> None:
        self.spec = {**self.spec, "version": version}

    def done(self, kind: type) -> list[Any]:
        return [each for each in self.log if isinstance(each, kind)]

    @property
    def rollbacks(self) -> list[tuple[str | None, str]]:
        """Each rollback so far, as the version it left and the one it went to."""
        activated = [
            each for each in self.done(records.Activate) if each.activation.why is facts.Why.ROLLBACK
        ]
        return [(each.activation.came_from, each.checkpoint.version) for each in activated]


@functools.lru_cache(maxsize=1000)
def _parsed(spec: str) -> modeldeployment.ModelDeploymentSpec:
    return modeldeployment.ModelDeploymentSpec.model_validate_json(spec)


def image_of(pod_template_: facts.Template) -> str:
    return str(pod_template_["spec"]["containers"][0]["image"])
