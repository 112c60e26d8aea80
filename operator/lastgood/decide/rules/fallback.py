"""Traffic of a killed model: to the fallback that stands in for it, and back (semantics.md, K1, K9).

A kill never waits for any of this: where it begins with traffic, `kill.scale_to_zero` takes both steps at once. Here
stands what is left after that: a Service that appears late or that others change, and the way back.
"""

import dataclasses

from lastgood.api import names
from lastgood.decide import facts, leftovers, records, steps, traffic, world
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.rules import kill
from lastgood.decide.view import View


def note_where_traffic_went(view: View) -> Decision | None:
    """K1: what could not be recorded with the rest, because it was not there or was not asked for, is recorded now."""
    route = traffic.to_record(view)
    if route is None or not (traffic.is_asked(view) or traffic.recorded(view) is not None):
        return None
    name = view.model.workload_name
    written = []
    for switch in view.engaged:
        entry = switch.entry(name)
        if entry is not None and entry.traffic is None:
            noted = dataclasses.replace(entry, traffic=route)
            written.append(records.SetEntries(switch, switch.entries_with(name, noted)))
    if not written:
        return None
    return Decision(
        Phase.STOPPING, "SwitchEngaged", f"noting what {route.service} selects", records=tuple(written)
    )


def label_its_pods(view: View) -> Decision | None:
    """V3: the fallback's live pods say what they are, so that metrics tell them from the model's.

    One that says anything already is left as it is: the fallback may be somebody's model, or stand in for several.
    """
    pods = () if view.traffic.stand_in is None else view.traffic.stand_in.pods
    bare = tuple(pod for pod in pods if not pod.terminating and names.LABEL_TRACK not in (pod.labels or {}))
    if not bare:
        return None
    labels = {names.LABEL_TRACK: names.TRACK_FALLBACK}
    taken = tuple(steps.LabelPod(pod, labels) for pod in bare)
    return Decision(Phase.SERVING, "Labelling", f"labelling pods of the fallback: {len(bare)}", steps=taken)


def keep_traffic_of_the_killed(view: View) -> Decision | None:
    """K1, K5: while a model is killed its traffic is kept at the fallback, whoever changes the Service."""
    taken = traffic.to_the_fallback(view)
    killed = kill.stay_at_zero(view) if taken else None
    return None if killed is None else dataclasses.replace(killed, steps=taken)


def keep_traffic_until_the_start(view: View, entry: facts.Entry) -> Decision | None:
    """K9: a model that is released and not started has no pods yet; the fallback goes on serving for it."""
    taken = traffic.to_the_fallback(view) if entry.ceiling == 0 else ()
    if not taken:
        return None
    return Decision(Phase.HELD, "KeepingFallback", f"{taken[0].to} serves until the start", steps=taken)


def bring_traffic_back(view: View, workload: world.Workload) -> Decision | None:
    """K9: traffic returns once the pods of the right version are available: never to none."""
    current, route = view.facts.current, traffic.recorded(view)
    if route is None or current is None:
        return None
    taken = traffic.to_the_model(view)
    if not taken and not view.traffic.unread:
        return None
    if not taken:
        return Decision(Phase.PROBATION, "ReturningTraffic", f"waiting: {view.traffic.unread}")
    if not workload.settled or workload.digest != current.digest:
        left = leftovers.told(view)
        waiting = f"traffic returns to {workload.name} when its pods are available, and no others are left"
        if left:
            degraded = leftovers.PODS_LEFT
            return Decision(Phase.PROBATION, degraded, f"{waiting}; {left}", degraded=degraded)
        return Decision(Phase.PROBATION, "WaitingForPods", waiting)
    return Decision(Phase.PROBATION, "ReturningTraffic", f"traffic returns to {workload.name}", steps=taken)


def give_the_selector_back(view: View) -> Decision | None:
    """K9: where nothing ran before the kill nothing is started, and the Service is left as it was then."""
    taken = traffic.to_the_model(view)
    if traffic.recorded(view) is None or not (taken or view.traffic.unread):
        return None
    message = view.traffic.unread or "nothing ran before the kill, so the Service is given its selector back"
    return Decision(Phase.HELD, "ReturningTraffic", message, steps=taken)
