"""What autoscalers do in the small world: as the controllers of Kubernetes, old and new, and KEDA do it.

Before 1.36 a HorizontalPodAutoscaler with minReplicas 0 starts a workload that anybody has brought to zero. Since then
it starts one that it has brought to zero itself, and at once when its minimum is raised. Both are played here at once.
"""

import dataclasses

from lastgood.decide import autoscalers, facts, steps, world


def hpa(least: int = 2, most: int = 10, **fields: object) -> world.Autoscaler:
    made = world.Autoscaler("HorizontalPodAutoscaler", "m", "h", "1", min_replicas=least, max_replicas=most)
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]  # a test's own choice of fields


def scaled_object(least: int = 0, most: int = 10, **fields: object) -> world.Autoscaler:
    made = world.Autoscaler("ScaledObject", "m", "s", "1", min_replicas=least, max_replicas=most)
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]  # a test's own choice of fields


def after(step: steps.SetAutoscaler) -> world.Autoscaler:
    """Return the autoscaler as a step leaves it."""
    return set_to(step.autoscaler, step.bounds)


def set_to(scaler: world.Autoscaler, bounds: facts.Bounds) -> world.Autoscaler:
    assert bounds.min_replicas is not None
    assert bounds.max_replicas is not None
    assert bounds.min_replicas <= bounds.max_replicas, "the API server refuses it"
    return dataclasses.replace(
        scaler,
        min_replicas=bounds.min_replicas,
        max_replicas=bounds.max_replicas,
        scale_up=bounds.scale_up,
        paused_replicas=bounds.paused_replicas,
    )


def starts(scaler: world.Autoscaler) -> bool:
    """Whether it may start a workload that is at zero."""
    return scaled(scaler, 0, scaler.max_replicas)[0] > 0


def within(scaler: world.Autoscaler, replicas: int) -> int:
    """Return what a HorizontalPodAutoscaler makes of a number of replicas above zero at once."""
    if scaler.elsewhere or scaler.kind == autoscalers.SCALED_OBJECT:
        return replicas
    return min(max(replicas, scaler.min_replicas), scaler.max_replicas)


def scaled(scaler: world.Autoscaler, replicas: int, load: int) -> tuple[int, world.Autoscaler]:
    """Return how many replicas there are after it has looked at a load, and what it is then."""
    if scaler.elsewhere:
        return replicas, scaler
    wanted = min(max(load, scaler.min_replicas), scaler.max_replicas)
    if scaler.kind == autoscalers.SCALED_OBJECT:
        return (wanted if scaler.paused_replicas is None else scaler.paused_replicas), scaler
    if replicas == 0 and scaler.min_replicas > 0 and not scaler.scaled_to_zero:
        return 0, scaler
    if scaler.scale_up == autoscalers.DISABLED:
        wanted = min(wanted, replicas)
    if replicas == 0 and scaler.scaled_to_zero:
        wanted = max(wanted, scaler.min_replicas)
    if wanted == replicas:
        return replicas, scaler
    return wanted, dataclasses.replace(scaler, scaled_to_zero=wanted == 0)
