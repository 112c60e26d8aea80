"""Taking over a workload that exists, without restarting anything in it (semantics.md, O5)."""

from lastgood.decide import candidate, facts, ledger, records, steps, template
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import View


def adopt(view: View) -> Decision | None:
    """O5: save what the workload runs when nothing is recorded yet, under its listed name or `adopted-<digest8>`."""
    workload = view.workload
    if workload is None or view.facts.current is not None:
        return None
    saved = candidate.observed(view, workload, unlisted=lambda _: f"adopted-{workload.digest[:8]}")
    if saved is None:
        return None
    activation = ledger.activation(view.facts, view.now, facts.Why.ADOPTED)
    known = view.facts.by_digest.get(saved.digest)
    if known is not None:
        taken: records.Record = records.Activate(known, activation)
    else:
        taken = records.TakeCheckpoint(candidate.activated(saved, activation), replicas=workload.replicas)
    return Decision(Phase.BAKING, "Adopting", f"saving what {workload.name} runs", records=(taken,))


def stop_at_a_broken_checkpoint(view: View) -> Decision | None:
    """B4: when what was saved of the running version was changed, nothing is built on the facts around it."""
    broken = view.facts.broken
    if broken is None:
        return None
    message = (
        f"what ModelCheckpoint {broken.name} saved of {broken.version} was changed by somebody; restore it from a "
        f"backup, or delete it, after which {_instead(view)}"
    )
    return Decision(Phase.HELD, "CheckpointBroken", message, degraded="CheckpointBroken")


def _instead(view: View) -> str:
    current = view.facts.current
    return "the workload is adopted as it is" if current is None else f"the model goes to {current.version}"


def label_pods(view: View) -> Decision | None:
    """O5: label live pods of the version that runs by PATCH, so that metrics tell versions apart at once."""
    workload, active = view.workload, view.active
    if workload is None or active is None:
        return None
    wanted = template.labels(model=view.model.name, version=active.version)
    bare = tuple(
        pod
        for pod in workload.pods
        if pod.digest == active.digest
        and not pod.terminating
        and any((pod.labels or {}).get(key) != value for key, value in wanted.items())
    )
    if not bare:
        return None
    taken = tuple(steps.LabelPod(pod, wanted) for pod in bare)
    return Decision(Phase.SERVING, "Labelling", f"labelling pods: {len(bare)}", steps=taken)


def rest_at_zero(view: View) -> Decision | None:
    """O5: a workload that people keep at zero replicas stays there, and is not baked."""
    if view.workload is None or view.workload.replicas > 0:
        return None
    name, namespace = view.workload.name, view.model.namespace
    message = (
        f"Deployment {name} is at zero replicas and no switch holds it; "
        f"kubectl scale deployment {name} -n {namespace} --replicas=N starts it"
    )
    return Decision(Phase.IDLE, "Idle", message)
