"""The sentence of a decision as status may carry it: without anything that changes with mere time.

A status is written only when it differs, so a sentence with running seconds or a live value would be written, and
sent to every watcher, at each evaluation of each model. Those are metrics. What a rule says is kept as it is otherwise,
and what a person can do about it is added.
"""

from collections.abc import Callable, Mapping
from typing import Final

from lastgood.api import durations
from lastgood.api.modeldeployment_status import ThresholdStatus
from lastgood.api.thresholds import OnBreach, Verdict
from lastgood.decide import facts
from lastgood.decide.decision import Decision
from lastgood.decide.rules import bake, holding, probation
from lastgood.decide.view import View
from lastgood.report import verdicts


def sentence(view: View, decision: Decision, reported: tuple[ThresholdStatus, ...]) -> str:
    """Return what the decision says, for people: stable in time, and with what to do next."""
    own = OWN.get(decision.reason)
    text = decision.message if own is None else own(view, reported)
    text = verdicts.without_live_values(text, view.judged, reported)
    if decision.refused:
        text = f"{text}; {decision.refused}" if text else decision.refused
    hint = HINTS.get(decision.reason, "").format(model=view.model.name, namespace=view.model.namespace)
    return f"{text}; {hint}" if hint and hint not in text else text


def _version(view: View) -> str:
    return "the version" if view.facts.current is None else view.facts.current.version


def _baking(view: View, _reported: tuple[ThresholdStatus, ...]) -> str:
    return f"{_version(view)} serves and bakes: it is Good {_after(view)}"


def _after(view: View) -> str:
    needed = durations.canonical(view.model.spec.rollout.bake)
    # What the spec says, and not what was judged: right after the adoption nothing is judged yet.
    if any(not each.dry_run and each.on_breach is not OnBreach.ALERT for each in view.model.spec.thresholds):
        return f"once every acting threshold was OK for {needed}"
    return f"once it was available for {needed}"


def _stalled(view: View, reported: tuple[ThresholdStatus, ...]) -> str:
    waiting = not_counting(view, reported)
    named = f": {waiting}" if waiting else ""
    return f"the bake of {_version(view)} does not come to its end{named}; it is Good {_after(view)}"


def not_counting(view: View, reported: tuple[ThresholdStatus, ...]) -> str:
    """Name the acting thresholds that keep a bake or probation from going on, with what they said."""
    said = {item.name: item.message for item in reported}
    parts = []
    for judged in view.judged:
        if judged.acting and not bake.counts((judged,)):
            name, verdict = judged.threshold.name, judged.judgement.verdict
            parts.append(f"{name} is {verdict} ({said[name]})" if said.get(name) else f"{name} is {verdict}")
    return ", ".join(parts)


def _probation(view: View, _reported: tuple[ThresholdStatus, ...]) -> str:
    entry = max(holding.entries(view), key=lambda e: e.probation.round if e.probation else 0, default=None)
    if entry is None:
        return "in probation"
    begun = entry.probation or facts.Probation()
    needed = probation.needed(view, begun)
    return (
        f"probation round {begun.round} at {entry.ceiling} of {entry.replicas} replicas: all return once every acting "
        f"threshold was OK for {durations.canonical(needed)}"
    )


def _stopping(view: View, _reported: tuple[ThresholdStatus, ...]) -> str:
    # Which pods are left is said by the condition KillSwitchEngaged, in the order of their names.
    held_by = ", ".join(sorted(switch.name for switch in view.engaged))
    return (
        f"being stopped by KillSwitch {held_by}; see the condition KillSwitchEngaged"
        if held_by
        else "being stopped"
    )


OWN: Final[Mapping[str, Callable[[View, tuple[ThresholdStatus, ...]], str]]] = {
    "Baking": _baking,
    "BakeStalled": _stalled,
    "Probation": _probation,
    "Stopping": _stopping,
}
"""By reason: sentences whose own text counts seconds, or depends on the order of what is observed."""

HINTS: Final[Mapping[str, str]] = {
    "PingPong": "say in spec.version which version shall run",
    "BudgetSpent": "say in spec.version which version shall run, or raise spec.rollback.budget",
    "BlastRadius": "look for a common cause, or stop it yourself: set spec.killSwitch.engaged to true",
    "Suspended": "set spec.suspend to false to let it act",
    "Paused": "set spec.rollout.paused to false to let it go on",
    "RestoredVersionUnavailable": "look at its pods: this version was seen to work before",
    "SwitchEngaged": "release it to start the model again: kubectl get killswitches -n {namespace}",
}
"""By reason: what a person can do next, where the rule does not say it."""


MASS_BLINDNESS: Final = (
    "most models on the same Prometheus are Blind, so nothing is done on what it says of any: look after Prometheus; "
    "kills and releases by people work, and the rest goes on after an interval in which most models are seen"
)


def of_thresholds(view: View, reported: tuple[ThresholdStatus, ...]) -> tuple[str, str, str]:
    """Say whether every threshold gives data for the version that runs: status, reason and sentence."""
    if not view.model.spec.thresholds:
        return "False", "NoThresholds", "nothing watches this model; list thresholds in spec.thresholds"
    if not reported:
        return "Unknown", "NotEvaluated", "the thresholds were not evaluated for what runs now"
    blind = [item for item in reported if item.verdict not in (Verdict.OK, Verdict.PENDING, Verdict.BREACH)]
    if not blind:
        return "True", "AllEvaluated", f"all {len(reported)} thresholds return data for {reported[0].version}"
    named = ", ".join(f"{item.name} is {item.verdict}: {item.message or item.reason}" for item in blind)
    reasons = {item.reason for item in blind}
    for expected in ("NotRunning", "WarmingUp"):
        if reasons == {expected}:
            return "Unknown", expected, named
    worst = next(
        v for v in (Verdict.INVALID, Verdict.BLIND, Verdict.INSUFFICIENT) if v in {i.verdict for i in blind}
    )
    # Some say themselves what to do about it.
    remedied = all("; " in (item.message or "") for item in blind if item.verdict is worst)
    return "False", worst.value, named if remedied else f"{named}; {_REMEDY[worst]}"


_REMEDY: Final[Mapping[Verdict, str]] = {
    Verdict.INVALID: "correct the query",
    Verdict.BLIND: "see that Prometheus answers and scrapes the pods",
    Verdict.INSUFFICIENT: "a verdict needs more traffic",
}
