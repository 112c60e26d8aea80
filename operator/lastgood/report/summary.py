"""The status of a model, from what was seen and decided: pure, and equal for equal input.

A status is written only when it differs from the one that is there, so nothing here may change with mere time: moments
are kept from the report before for as long as what they speak of stays the same. That is all the previous report is
used for; no fact is taken from it.
"""

from collections.abc import Mapping
from typing import Any

from lastgood.api.modeldeployment_status import ModelDeploymentStatus, RolloutStatus
from lastgood.decide import ledger
from lastgood.decide.decision import CONTESTED, Decision
from lastgood.decide.facts import Why
from lastgood.decide.rules import follow
from lastgood.decide.view import View
from lastgood.report import conditions, kills, requests, rollbacks, sentences, verdicts, versions
from lastgood.report.previous import Previous


def summarize(
    view: View, decision: Decision, *, previous: Mapping[str, Any] | None, rested: bool = True
) -> dict[str, Any]:
    """Return the new `status` of a ModelDeployment in wire form.

    `previous` is the status that is there; one that is absent or broken is no error. `rested` is whether it was there
    for a while, so that it may say anew why a threshold has no verdict.
    """
    before = Previous.read(previous)
    thresholds = verdicts.thresholds(view, before, rested=rested)
    kill_switch = kills.kill_switch(view, before, off=kills.is_off(view, decision))
    if decision.reason == CONTESTED:
        kill_switch = kill_switch.model_copy(update={"pods_remaining": None})
    rollback = rollbacks.latest(view, before)
    observed = conditions.Observed(
        view=view,
        decision=decision,
        message=sentences.sentence(view, decision, thresholds),
        thresholds=thresholds,
        kill=kill_switch,
        rollback=rollback,
    )
    state = decision.phase
    same_state = before.state == state and before.state_since is not None
    good = ledger.newest_good(view.facts, spec=view.model.spec)
    status = ModelDeploymentStatus(
        observed_generation=view.model.generation,
        state=state,
        state_since=before.state_since if same_state else view.now,
        active_version=None if view.active is None else view.active.version,
        desired_version=follow.asked_for(view),
        last_good_version=None if good is None else good.version,
        versions=versions.versions(view),
        thresholds=thresholds,
        rollout=_rollout(view),
        kill_switch=kill_switch,
        last_rollback=None if rollback is None else rollback.status,
        requests=requests.answered(view),
        conditions=conditions.written(
            conditions.find(observed),
            generation=view.model.generation,
            now=view.now,
            previous=before.conditions,
            others=before.others,
        ),
    )
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def _rollout(view: View) -> RolloutStatus | None:
    """Return the wanted version that comes in, until only its available pods are left."""
    current, workload = view.facts.current, view.workload
    last = None if current is None else current.last_activation
    if current is None or last is None or workload is None or view.engaged:
        return None
    if last.why not in (Why.ROLLOUT, Why.FOLLOWED):
        return None
    if workload.replicas == 0 or (workload.digest == current.digest and (current.served or workload.settled)):
        return None
    return RolloutStatus(version=current.version, weight=100, since=last.at)
