"""Where a model's requests go: to its own pods, or to the fallback that stands in for them (semantics.md, K1, K9, V3).

What a Service selected before is recorded in the switches' entries, so that it returns as it was. From then on until
the model is back its traffic is with the fallback, whichever of several switches asked for that: a second switch adds
to a kill, and never takes the fallback away from those who are served by it.
"""

from collections.abc import Mapping
from typing import Final

from lastgood.api.rollback import KillAction
from lastgood.decide import facts, steps, world
from lastgood.decide.view import Trouble, View

WORKLOAD_CONFLICT: Final = "WorkloadConflict"
SHARES_SELECTOR: Final = "FallbackSharesSelector"
SERVICE_CONFLICT: Final = "ServiceConflict"


def recorded(view: View) -> facts.Route | None:
    """Return what has to come back, as the switches hold it; None while no traffic was taken from the model."""
    entries = (switch.entry(view.model.workload_name) for switch in view.facts.switches)
    return next((entry.traffic for entry in entries if entry is not None and entry.traffic is not None), None)


def is_asked(view: View) -> bool:
    """Whether an engaged switch sends traffic to the fallback; one that does not say leaves it to the model."""
    return any(asks(view, switch.action) for switch in view.engaged)


def asks(view: View, action: KillAction | None) -> bool:
    """Whether a switch with this action sends the model's traffic to its fallback."""
    return (action or view.model.spec.kill_switch.action) is KillAction.FALLBACK


def to_record(view: View) -> facts.Route | None:
    """Return what has to come back if traffic goes to the fallback now; None where there is nothing to switch."""
    known = recorded(view)
    if known is not None:
        return known
    service, stand_in = view.traffic.service, view.traffic.stand_in
    if service is None or stand_in is None or view.traffic.claimed_by:
        return None
    if not service.selector or _shares(service.selector, stand_in):
        return None
    return facts.Route(service.name, service.selector)


def to_the_fallback(view: View) -> tuple[steps.SwitchTraffic, ...]:
    """Return the step that brings the recorded Service to the fallback, if it is not there."""
    service, stand_in = view.traffic.service, view.traffic.stand_in
    if recorded(view) is None or service is None or stand_in is None or service.selector == stand_in.selector:
        return ()
    if view.trouble is not None and view.trouble.reason == WORKLOAD_CONFLICT:
        return ()  # of two models with two fallbacks on one Deployment the oldest says which serves (rule O7)
    return (steps.SwitchTraffic(service, stand_in.selector, to=stand_in.name),)


def to_the_model(view: View) -> tuple[steps.SwitchTraffic, ...]:
    """Return the step that gives the recorded Service its selector back, if it has another."""
    before, service = recorded(view), view.traffic.service
    if before is None or service is None or service.selector == before.selector:
        return ()
    return (steps.SwitchTraffic(service, before.selector, to=view.model.workload_name),)


def served_by(view: View) -> str | None:
    """Return the fallback that has the model's traffic now; None while the model's own pods have it."""
    before, service, stand_in = recorded(view), view.traffic.service, view.traffic.stand_in
    if before is None or service is None or stand_in is None or service.selector != stand_in.selector:
        return None
    return stand_in.name


def obstacle(view: View) -> Trouble | None:
    """Return why the fallback could not take over from the model now; None when it could, or when there is none."""
    if view.model.spec.fallback is None:
        return None
    if recorded(view) is not None:
        return _missing(view) or _not_ready(view)
    return _missing(view) or _claimed(view) or _not_to_be_told_apart(view) or _not_ready(view)


def _missing(view: View) -> Trouble | None:
    fallback, seen, before = view.model.spec.fallback, view.traffic, recorded(view)
    if seen.unread:
        return Trouble("FallbackUnread", f"whether the fallback could take over is not known: {seen.unread}")
    if fallback is not None and seen.stand_in is None:
        gone = f"there is no Deployment {fallback.workload_ref.name} to fall back to"
        return Trouble("FallbackNotFound", f"{gone}; create it, or correct spec.fallback.workloadRef.name")
    if seen.service is None:
        name = view.model.spec.fallback_service if before is None else before.service
        message = f"there is no Service {name}; create it, or correct spec.fallback.service"
        return Trouble("ServiceNotFound", message)
    return None


def _claimed(view: View) -> Trouble | None:
    if view.traffic.service is None or not view.traffic.claimed_by:
        return None
    return Trouble(
        SERVICE_CONFLICT,
        f"Service {view.traffic.service.name} is switched for ModelDeployment {view.traffic.claimed_by}, so it stays "
        "as it is for this one; name a Service in spec.fallback.service that sends traffic to this model alone",
    )


def _not_to_be_told_apart(view: View) -> Trouble | None:
    service, stand_in = view.traffic.service, view.traffic.stand_in
    if service is None or stand_in is None:
        return None
    if not service.selector:
        message = f"Service {service.name} selects nothing, so it cannot be switched; give it a selector"
        return Trouble("ServiceWithoutSelector", message)
    if not _shares(service.selector, stand_in):
        return None
    return Trouble(
        SHARES_SELECTOR,
        f"Service {service.name} sends traffic to the pods of fallback {stand_in.name} already; let it select labels "
        "that only the model's pods have",
    )


def _not_ready(view: View) -> Trouble | None:
    stand_in = view.traffic.stand_in
    if stand_in is None or stand_in.available > 0:
        return None
    return Trouble("FallbackNotReady", f"no pod of fallback {stand_in.name} is ready: it would serve nobody")


def _shares(selector: Mapping[str, str], stand_in: world.StandIn) -> bool:
    """V3: whether a Service selects the fallback's pods."""
    return bool(selector) and selector.items() <= stand_in.labels.items()
