"""What switches hold of a model's workload: the entry from which it comes back (semantics.md, K2, K3, K9)."""

import dataclasses

from lastgood.decide import autoscalers, facts, traffic, world
from lastgood.decide.view import View


def entry(view: View, workload: world.Workload, own: facts.Entry | None = None) -> facts.Entry:
    """Return the entry that an engaged switch must have: its own, a copy of another's, or what is observed.

    A workload that is held already is never observed again: its replicas are those of the kill (rule K2).
    """
    earlier = own or max(entries(view), key=_round, default=None)
    if earlier is not None:
        begun = earlier.probation
        probation = None if begun is None else dataclasses.replace(begun, since=None, start_at=None)
        scaler = autoscalers.noted_again(view.autoscaler, earlier, entries(view))
        # Of several models on one workload each would else write its own name over the other's, for ever.
        model = view.model.name if own is None else own.model or view.model.name
        held = dataclasses.replace(earlier, model=model, ceiling=0, probation=probation, autoscaler=scaler)
        # Of a second switch too; but nothing about traffic keeps a workload that is held from being stopped.
        return held if own is not None else dataclasses.replace(held, traffic=traffic.recorded(view))
    return facts.Entry(
        workload=workload.name,
        model=view.model.name,
        replicas=workload.replicas,
        ceiling=0,
        autoscaler=autoscalers.noted_at_zero(view.autoscaler),
        traffic=traffic.to_record(view) if traffic.is_asked(view) else None,
    )


def entries(view: View) -> tuple[facts.Entry, ...]:
    """Return the entries that all switches, engaged or released, hold for the model's workload."""
    found = (switch.entry(view.model.workload_name) for switch in view.facts.switches)
    return tuple(each for each in found if each is not None)


def _round(held: facts.Entry) -> int:
    return 0 if held.probation is None else held.probation.round
