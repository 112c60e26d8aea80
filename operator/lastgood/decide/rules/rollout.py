"""Rolling out a wanted version, and driving the workload to the version that was switched to (semantics.md, O)."""

from lastgood.decide import candidate, facts, ledger, records
from lastgood.decide.decision import Decision, Phase
from lastgood.decide.view import View


def start_the_wanted_version(view: View) -> Decision | None:
    """O1, R4: a wanted version that is not Bad is switched to; a Bad one is left alone until it is redefined."""
    wanted, spec = _wanted(view), view.model.spec
    if wanted is None or spec.suspend or spec.rollout.paused:
        return None
    activation = ledger.activation(view.facts, view.now, facts.Why.ROLLOUT)
    known = view.facts.by_digest.get(wanted.digest)
    if known is not None:
        taken: records.Record = records.Activate(known, activation)
    else:
        replicas = 0 if view.workload is None else view.workload.replicas
        taken = records.TakeCheckpoint(candidate.activated(wanted, activation), replicas=replicas)
    message = f"switching from {activation.came_from} to {wanted.version}"
    return Decision(Phase.ROLLING_OUT, "SwitchingVersion", message, records=(taken,))


def _wanted(view: View) -> facts.Checkpoint | None:
    """Return the wanted version if it is another than the one switched to last, and not Bad."""
    name, current = view.model.spec.wanted_version, view.facts.current
    wanted = None if name is None or current is None else ledger.defined(view, name)
    if wanted is None or current is None or wanted.digest == current.digest:
        return None
    known = view.facts.by_digest.get(wanted.digest, wanted)
    return None if known.verdict.worth is facts.Worth.BAD else wanted


def wait_with_the_wanted_version(view: View) -> Decision | None:
    """J11: a suspended or paused model says what it waits with; what runs is guarded and baked meanwhile."""
    spec, workload, current = view.model.spec, view.workload, view.facts.current
    if spec.suspend and workload is not None and current is not None and workload.digest != current.digest:
        message = f"{workload.name} does not run {current.version}, and the model is suspended"
        return Decision(Phase.HELD, "Suspended", message)
    name, wanted = spec.wanted_version, _wanted(view)
    if spec.follow and name is not None and ledger.defined(view, name) is None:
        message = f"spec.version asks for {name}, which is neither listed nor saved; list it, or leave out spec.version"
        return Decision(Phase.HELD, "UnknownVersion", message)
    if wanted is None:
        return None
    if spec.suspend:
        return Decision(Phase.HELD, "Suspended", f"{wanted.version} is wanted, and the model is suspended")
    return Decision(Phase.HELD, "Paused", f"{wanted.version} is wanted, and rollout.paused is true")


def drive_to_the_current_version(view: View) -> Decision | None:
    """F2, R2: the workload gets the whole template of the version that was switched to last.

    This is both the act of a switch and the putting back of a change by others: the facts do not differ.
    """
    workload, current = view.workload, view.facts.current
    if workload is None or current is None or view.model.spec.suspend:
        return None
    if current.verdict.worth is facts.Worth.BAD:
        return None  # whoever has put something else there has not made it worse
    phase = Phase.ROLLING_OUT
    last = current.last_activation
    if last is not None and last.why.goes_back:
        phase = Phase.ROLLED_BACK
    if workload.digest != current.digest or (
        workload.paused and ledger.switch_step(view, workload, current).unpause
    ):
        step = ledger.switch_step(view, workload, current)
        return Decision(
            phase,
            "SwitchingVersion",
            f"giving {workload.name} the template of {current.version}",
            steps=(step,),
        )
    return None
