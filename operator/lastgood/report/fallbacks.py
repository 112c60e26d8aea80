"""What is told of a model's fallback: that it serves, that it should and does not, or that it could not."""

from lastgood.decide import traffic
from lastgood.decide.view import Trouble, View


def told(view: View) -> Trouble | None:
    """Return reason and sentence for the condition `Degraded`; None when there is nothing to tell."""
    serves = traffic.served_by(view)
    if serves is not None:
        return _serving(view, serves)
    asked = _is_to_serve(view)
    if asked and view.model.spec.fallback is None:
        return Trouble(
            "NoFallback", "a kill switch asks for a fallback, and the model has none: give spec.fallback"
        )
    obstacle = traffic.obstacle(view)
    if asked:
        why = view.traffic_refused or ("it is being switched" if obstacle is None else obstacle.message)
        return Trouble("TrafficNotSwitched", f"the model is stopped, and its fallback does not serve: {why}")
    return obstacle


def _serving(view: View, stand_in: str) -> Trouble:
    route = traffic.recorded(view)
    service = "the Service" if route is None else f"Service {route.service}"
    instead = f"{service} sends the traffic of {view.model.workload_name} to {stand_in}"
    if view.traffic.stand_in is not None and view.traffic.stand_in.available == 0:
        return Trouble("FallbackNotReady", f"{instead}, which has no pod that is ready: nobody is served")
    if view.traffic_refused:
        return Trouble("Fallback", f"{instead}; it cannot be switched back: {view.traffic_refused}")
    return Trouble("Fallback", instead)


def _is_to_serve(view: View) -> bool:
    return bool(view.engaged) and (traffic.is_asked(view) or traffic.recorded(view) is not None)
