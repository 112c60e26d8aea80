"""The wrong versions of what the operator does, for `mutations.py`: each returns what it replaces, and by what."""

import dataclasses
from datetime import datetime
from typing import Any

from lastgood.act import deployment
from lastgood.api.thresholds import OnNoData, ResolvedThreshold, Verdict
from lastgood.decide import autoscalers, facts, ledger, policy, records, steps, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import autoscaling, condemned, holding, kill, probation, rollback, rollout
from lastgood.decide.view import Judged, View
from lastgood.judge import warmup
from lastgood.kube import errors, resources
from lastgood.observe import pods, snapshot
from lastgood.observe.index import Key
from lastgood.record import checkpoint
from lastgood.report import conditions
from lastgood.runtime import driving, lease, loop, refusals

Patch = tuple[Any, str, Any]
"""An object, the name of what is replaced in it, and by what."""


def chain(old: policy.Rule, *new: policy.Rule) -> Patch:
    """Put other rules, or none, in the place of one."""
    name = "KILL" if old in policy.KILL else "CHAIN"
    rules: tuple[policy.Rule, ...] = getattr(policy, name)
    place = rules.index(old)
    return policy, name, (*rules[:place], *new, *rules[place + 1 :])


# Judging


def breached_if(*verdicts: Verdict) -> list[Patch]:
    return [(Judged, "breached", property(lambda judged: judged.judgement.verdict in verdicts))]


def ignored_data_is_a_breach() -> list[Patch]:
    def wrong(judged: Judged) -> bool:
        missing = judged.judgement.verdict in (Verdict.INSUFFICIENT, Verdict.BLIND)
        ignored = judged.threshold.on_no_data is OnNoData.IGNORE
        return judged.judgement.verdict is Verdict.BREACH or (missing and ignored)

    return [(Judged, "breached", property(wrong))]


def no_warmup() -> list[Patch]:
    def wrong(threshold: ResolvedThreshold, *, settling: warmup.Settling) -> datetime | None:
        return settling.settled_at

    return [(warmup, "counting_from", wrong)]


def looks_once() -> list[Patch]:
    right = loop.Loop._join_round

    async def wrong(self: loop.Loop, key: Any) -> None:
        await right(self, key)
        self._evaluations._again.pop(key, None)

    return [(loop.Loop, "_join_round", wrong)]


# Deciding


def acts_before_the_record() -> list[Patch]:
    def wrong(view: View) -> Decision | None:
        found = rollback.go_back_from_a_bad_version(view)
        if found is None or view.workload is None or not isinstance(found.records[0], records.Activate):
            return found
        step = ledger.switch_step(view, view.workload, found.records[0].checkpoint)
        return dataclasses.replace(found, records=(), steps=(step,))

    return [chain(rollback.go_back_from_a_bad_version, wrong)]


def no_verdict_first() -> list[Patch]:
    def wrong(view: View) -> Decision | None:
        found = rollback.condemn_the_version_that_breaches(view)
        current = view.facts.current
        if found is None or current is None:
            return found
        goal = ledger.target(view.facts, spec=view.model.spec, but=current.digest)
        if goal is None:
            return found
        back = records.Activate(goal, ledger.activation(view.facts, view.now, facts.Why.ROLLBACK))
        return dataclasses.replace(found, records=(back,))

    return [chain(rollback.condemn_the_version_that_breaches, wrong)]


def bad_is_wanted() -> list[Patch]:
    def wrong(view: View) -> facts.Checkpoint | None:
        name, current = view.model.spec.wanted_version, view.facts.current
        wanted = None if name is None or current is None else ledger.defined(view, name)
        return None if wanted is None or current is None or wanted.digest == current.digest else wanted

    return [(rollout, "_wanted", wrong)]


def not_limited_by(reason: str) -> list[Patch]:
    right = ledger.refusal

    def wrong(view: View, goal: facts.Checkpoint) -> tuple[str, str] | None:
        found = right(view, goal)
        return None if found is not None and found[0] == reason else found

    return [(ledger, "refusal", wrong)]


def the_oldest_will_do() -> list[Patch]:
    def wrong(known: facts.Facts, *, but: str, **_: Any) -> facts.Checkpoint | None:
        others = (each for each in known.checkpoints if each.digest != but)
        return min(others, key=lambda each: each.created_at, default=None)

    return [(ledger, "target", wrong)]


def acts_when_suspended() -> list[Patch]:
    right = policy.decide

    def wrong(view: View) -> Decision:
        spec = view.model.spec.model_copy(update={"suspend": False})
        return right(dataclasses.replace(view, model=dataclasses.replace(view.model, spec=spec)))

    return [(policy, "decide", wrong)]


def restored_while_killed() -> list[Patch]:
    def wrong(view: View) -> Decision | None:
        entry = max(holding.entries(view), key=holding._round, default=None)
        if view.engaged and entry is not None and view.workload is not None and entry.replicas:
            back = steps.Scale(view.workload, entry.replicas)
            return Decision(Phase.STOPPING, "Returning", "replayed", steps=(back,))
        return kill.stay_at_zero(view)

    return [chain(kill.stay_at_zero, wrong)]


def given_back_while_killed() -> list[Patch]:
    right = autoscaling.hold_for

    def wrong(view: View) -> tuple[steps.Step, ...]:
        if view.workload is None or view.workload.replicas:
            return right(view)
        entries = autoscaling.entries(view.workload.name, view.facts.switches)
        return autoscalers.give_back(view.autoscaler, autoscalers.known(entries))

    return [(autoscaling, "hold_for", wrong)]


def latch_lost() -> list[Patch]:
    right = View.engaged

    def wrong(view: View) -> tuple[facts.Switch, ...]:
        asked = view.model.kill_asked is True
        return tuple(each for each in right.__get__(view) if asked or each.cause is not facts.Cause.MANUAL)

    return [(View, "engaged", property(wrong))]


def observed_again() -> list[Patch]:
    right = holding.entry

    def wrong(view: View, workload: Any, own: facts.Entry | None = None) -> facts.Entry:
        found = right(view, workload, own)
        return found if own is not None else dataclasses.replace(found, replicas=workload.replicas)

    return [(holding, "entry", wrong)]


def remembered_by_name() -> list[Patch]:
    right, remembered = holding.entry, dict[str, int]()

    def wrong(view: View, workload: Any, own: facts.Entry | None = None) -> facts.Entry:
        found = right(view, workload, own)
        first = remembered.setdefault(workload.name, found.replicas)
        return found if own is not None else dataclasses.replace(found, replicas=first)

    return [(holding, "entry", wrong)]


def above_the_ceiling() -> list[Patch]:
    right = probation._hold_at

    def wrong(view: View, workload: Any, entry: facts.Entry) -> Decision | None:
        return right(view, workload, dataclasses.replace(entry, ceiling=entry.replicas))

    return [(probation, "_hold_at", wrong)]


def off_while_pods_run() -> list[Patch]:
    right = conditions.find

    def wrong(observed: conditions.Observed) -> dict[str, conditions.Finding]:
        found = right(observed)
        told = found["KillSwitchEngaged"]
        off = (
            dataclasses.replace(told, status=told.status.__class__("True"))
            if told.status == "Unknown"
            else told
        )
        return {**found, "KillSwitchEngaged": off}

    return [(conditions, "find", wrong)]


def what_is_left_is_forgotten() -> list[Patch]:
    right = pods.Pods.of

    def wrong(self: pods.Pods, deployment: Key, uid: str) -> tuple[world.Pod, ...]:
        sets = {each.name for each in self._sets.values() if each.owner_uid == uid}
        return tuple(each for each in right(self, deployment, uid) if each.name.rpartition("-")[0] in sets)

    return [(pods.Pods, "of", wrong)]


def condemns_again() -> list[Patch]:
    def wrong(view: View) -> Decision | None:
        return condemned.mark_the_killed_version_bad(as_if_ours(view))

    return [chain(condemned.mark_the_killed_version_bad, wrong)]


def as_if_ours(view: View) -> View:
    kept = tuple(
        dataclasses.replace(each, verdict=dataclasses.replace(each.verdict, by=facts.OPERATOR))
        for each in view.facts.checkpoints
    )
    return dataclasses.replace(view, facts=dataclasses.replace(view.facts, checkpoints=kept))


# Recording and acting


def trusts_the_cache() -> list[Patch]:
    async def wrong(store: Any, cluster: Any, key: Any, *, pods: bool = False) -> Any:
        return snapshot.cached(store, key)

    return [(snapshot, "fresh", wrong)]


def no_precondition() -> list[Patch]:
    async def wrong(cluster: Any, namespace: str, step: steps.SwitchTemplate) -> None:
        body = [{"op": "replace", "path": "/spec/template", "value": step.template}]
        await cluster.patch(resources.DEPLOYMENTS, namespace, step.workload.name, body)

    return [(deployment, "switch_template", wrong)]


def conflict_is_overwritten() -> list[Patch]:
    right = deployment.scale

    async def wrong(cluster: Any, namespace: str, step: steps.Scale) -> None:
        try:
            await right(cluster, namespace, step)
        except errors.Conflict:
            name, body = step.workload.name, {"spec": {"replicas": step.replicas}}
            await cluster.patch(resources.DEPLOYMENTS, namespace, name, body, subresource="scale")

    return [(deployment, "scale", wrong)]


def lost_is_done_again() -> list[Patch]:
    right = checkpoint.activate

    async def wrong(cluster: Any, namespace: str, record: records.Activate) -> Any:
        try:
            return await right(cluster, namespace, record)
        except errors.Unavailable:
            kind = resources.MODEL_CHECKPOINTS
            raw = await cluster.get(kind, namespace, record.checkpoint.name)
            again = [*raw["spec"]["activations"], checkpoint._activation(record.activation)]
            metadata = {"resourceVersion": raw["metadata"]["resourceVersion"]}
            body = {"metadata": metadata, "spec": {"activations": again}}
            return await cluster.patch(kind, namespace, record.checkpoint.name, body)

    return [(checkpoint, "activate", wrong)]


def a_refusal_is_kept_quiet() -> list[Patch]:
    return [(refusals, "is_told", lambda *_: False)]


def asks_once_who_leads() -> list[Patch]:
    return [(driving.Driver, "_check_actor", lambda _: None)]


def leads_past_the_deadline() -> list[Patch]:
    right = lease.Elector._take

    async def wrong(self: lease.Elector) -> None:
        await right(self)
        self._until += 60.0

    return [(lease.Elector, "_take", wrong)]


def replicas_with_the_template() -> list[Patch]:
    right = deployment.switch_template

    async def wrong(cluster: Any, namespace: str, step: steps.SwitchTemplate) -> None:
        class Generous:
            async def patch(self, resource: Any, where: str, name: str, operations: Any) -> Any:
                more = {"op": "replace", "path": "/spec/replicas", "value": step.workload.replicas + 1}
                return await cluster.patch(resource, where, name, [*operations, more])

        await right(Generous(), namespace, step)  # type: ignore[arg-type]  # it only patches

    return [(deployment, "switch_template", wrong)]
