"""A model in a small world of its own: `decide` looks at it, and what it records and does comes true.

Only what the rules can tell apart is simulated: replicas, a template, pods that become ready at once or never, an
autoscaler, and thresholds that breach for certain images. What a process would remember is dropped by `crash`.
"""

import dataclasses
from typing import Any

from lastgood.api import names
from lastgood.decide import asking, candidate, facts, policy, records, steps, traffic
from lastgood.decide.decision import Decision
from lastgood.decide.rules import bake
from lastgood.judge import steady
from tests.unit.decide import scaling
from tests.unit.decide.sight import MINUTE, START, Sight, image_of, pod_template

__all__ = ["MINUTE", "START", "World", "image_of", "pod_template"]

MOST_ROUNDS = 40
"""More rounds than any change of the world needs until nothing is left to do."""


class World(Sight):
    """What is decided, recorded and done comes true here."""

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
            refused = self.refused and all(isinstance(step, steps.SwitchTraffic) for step in decision.steps)
            if not decision.records and (refused or not decision.steps):
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
        self.autoscale()
        start, workload = self.start(), self.workload
        if start is None or workload is None:
            self.fine = None
            return
        self.fine = steady.accumulate(
            self.fine,
            start=start,
            counts=workload.settled and not self.blinded and bake.counts(self.judged),
            now=self.now,
            longest_gap=2 * self.interval,
        )

    def crash(self) -> None:
        """Drop everything that only a process remembers."""
        self.fine = None

    def _check(self, done: records.Record | steps.Step) -> None:
        """What must hold of each thing that is done, whatever the world is like."""
        if self.view().engaged:
            raises = (isinstance(done, steps.SetAutoscaler) and scaling.starts(scaling.after(done))) or (
                isinstance(done, steps.Scale) and done.replicas > 0
            )
            assert not raises, f"engaged, and yet {done}"
        if isinstance(done, steps.SwitchTraffic):
            self._check_traffic(done)
        if isinstance(done, steps.SwitchTemplate):
            given, own = (each["metadata"]["labels"]["app"] for each in (done.template, self.template))
            assert given == own, f"the template of {given} is given to {self.deployment}, which selects {own}"
        if isinstance(done, records.Activate) and done.activation.why is facts.Why.ADOPTED:
            assert done.checkpoint.digest == self.digest, (
                f"{done.checkpoint.version} does not run, yet adopted"
            )
        elif isinstance(done, records.Activate):
            worth = self.known.by_digest[done.checkpoint.digest].verdict.worth
            assert worth is not facts.Worth.BAD, f"{done.checkpoint.version} is Bad, and yet activated"
            if done.activation.why.goes_back:
                left = self.known.current
                assert left is not None
                assert left.verdict.worth is facts.Worth.BAD, f"{left.version} is not Bad, and yet left"
                assert left.digest != done.checkpoint.digest
                assert done.checkpoint.served, f"{done.checkpoint.version} never served, and yet gone back to"

    def _check_traffic(self, done: steps.SwitchTraffic) -> None:
        route, workload = traffic.recorded(self.view()), self.workload
        assert route is not None, "what the Service selected is not recorded, and yet it is switched"
        if self.stand_in is not None and done.selector == self.stand_in.selector:
            return
        assert done.selector == route.selector
        ran = any(
            entry.replicas > 0 for s in self.switches if (entry := s.entry(self.deployment)) is not None
        )
        served = workload is not None and any(pod.ready for pod in workload.pods)
        assert served or not ran, f"no pod is ready, and yet {done}"

    def apply(self, done: records.Record | steps.Step) -> None:
        match done:
            case records.TakeCheckpoint():
                if any(c.name == done.checkpoint.name for c in self.checkpoints):
                    raise AssertionError(f"checkpoint {done.checkpoint.name} exists already")
                self.checkpoints.append(done.checkpoint)
            case records.GiveVerdict():
                self.give(done.checkpoint.digest, done.verdict)
                self._answer(done.checkpoint, done.answer)
            case records.Activate():
                self._replace_checkpoint(
                    candidate.activated(self.by_digest(done.checkpoint.digest), done.activation)
                )
                self._answer(done.checkpoint, done.answer)
            case records.AnswerRequest():
                self._answer(done.checkpoint, done.answer)
            case records.SetOwners() | records.NoteContent():
                self._keep(done)
            case records.EngageSwitch():
                self.put_switch(done.switch)
            case records.ReleaseSwitch():
                self.put_switch(dataclasses.replace(done.switch, engaged=False, released_by=done.by))
            case records.SetEntries():
                killed = done.switch.bad_digest if done.entries else ""
                self.put_switch(dataclasses.replace(done.switch, entries=done.entries, bad_digest=killed))
            case _:
                self._take(done)

    def _keep(self, done: records.SetOwners | records.NoteContent) -> None:
        known = self.by_digest(done.checkpoint.digest)
        match done:
            case records.SetOwners():
                known = dataclasses.replace(known, owners=done.owners)
            case records.NoteContent():
                known = dataclasses.replace(known, content=done.content)
        self._replace_checkpoint(known)

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
                self.autoscaler = scaling.after(step)
                self.scale(self.replicas)
            case steps.SwitchTraffic():
                if self.service is not None and not self.refused:
                    self.service = dataclasses.replace(self.service, selector=dict(step.selector))
            case steps.LabelPod():
                self.pod_labels = self.pod_labels | dict(step.labels)
            case steps.EmptyReplicaSet():
                self.emptied |= {
                    pod.digest for pod in self._pods() if pod.digest and pod.replica_set == step.name
                }
            case steps.ForgetRequest():
                self.annotations.pop(step.annotation, None)
                self.asked_at.pop(step.annotation, None)

    def scale(self, replicas: int) -> None:
        """Set the replicas; an autoscaler keeps them inside its bounds, and stands down at zero."""
        scaler = self.autoscaler
        if scaler is not None and replicas > 0:
            replicas = scaling.within(scaler, replicas)
        if replicas > self.replicas and names.LABEL_VERSION not in self.template["metadata"].get(
            "labels", {}
        ):
            self.pod_labels = {}
        self.replicas = replicas

    def autoscale(self) -> None:
        """Let the autoscaler do what it does for `load`."""
        if self.autoscaler is None or self.load is None:
            return
        replicas, self.autoscaler = scaling.scaled(self.autoscaler, self.replicas, self.load)
        if replicas != self.replicas:
            self.scale(replicas)

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

    def ask(self, annotation: str, value: str, *, by: str = "kubectl-annotate") -> None:
        """Somebody annotates the model."""
        self.annotations[annotation], self.asked_by[annotation] = value, by
        self.asked_at[annotation] = self.now

    def ask_verdict(self, version: str, value: str, *, by: str = "kubectl-annotate") -> None:
        """Somebody annotates a checkpoint."""
        asked = asking.Asked(value, by=by, at=self.now)
        self._replace_checkpoint(dataclasses.replace(self.version(version), asked=asked))

    def answers(self) -> list[tuple[str, str, str]]:
        """Return what was asked for and what came of it, in the order of the answers."""
        found = sorted((a for c in self.checkpoints for a in c.answers), key=lambda a: a.at)
        return [(a.request, a.asked.value, a.outcome.value) for a in found]

    def _answer(self, checkpoint: facts.Checkpoint, answer: asking.Answer | None) -> None:
        if answer is None:
            return
        known = candidate.answered(self.by_digest(checkpoint.digest), answer)
        taken_down = known.asked == answer.asked and answer.asked.by_hand
        self._replace_checkpoint(dataclasses.replace(known, asked=None) if taken_down else known)

    def _replace_checkpoint(self, checkpoint: facts.Checkpoint) -> None:
        self.checkpoints = [checkpoint if c.name == checkpoint.name else c for c in self.checkpoints]

    def put_switch(self, switch: facts.Switch) -> None:
        self.switches = [s for s in self.switches if s.name != switch.name]
        self.switches.append(dataclasses.replace(switch, resource_version="1"))

    def switch(self, name: str) -> facts.Switch:
        return next(s for s in self.switches if s.name == name)

    def entry(self, switch: str) -> facts.Entry | None:
        return self.switch(switch).entry(self.deployment)

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

    @property
    def served_by(self) -> str:
        """Whose pods the Service selects: the model's, the fallback's or others."""
        selected = {} if self.service is None else dict(self.service.selector)
        return {"model": "model", "rules": "fallback"}.get(selected.get("role", ""), "nobody")

    def want(self, version: str) -> None:
        self.spec = {**self.spec, "version": version}

    def done(self, kind: type) -> list[Any]:
        return [each for each in self.log if isinstance(each, kind)]

    @property
    def rollbacks(self) -> list[tuple[str | None, str]]:
        """Each rollback so far, as the version it left and the one it went to."""
        activated = [each for each in self.done(records.Activate) if each.activation.why.goes_back]
        return [(each.activation.came_from, each.checkpoint.version) for each in activated]
