"""What a person can do about a kill switch: where it is released, and what it names that is not there. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from lastgood.api import names
from lastgood.decide import facts

MOST_NAMED: Final = 5
RELEASE: Final = "set spec.engaged to false to release it"


def release(switch: facts.Switch, *, cluster_switch: str = "") -> str:
    """Say where an engaged switch is released; `cluster_switch` is the ClusterKillSwitch that keeps it engaged, if any.

    One that the operator engages on the word of another object is engaged again as long as that says so (rules K2, K8).
    One that nobody says so of any more, or that a person has engaged on itself, is released where it is.
    """
    if switch.cause is facts.Cause.CLUSTER and cluster_switch:
        return (
            f"to release it, set spec.engaged of ClusterKillSwitch {cluster_switch} to false; as long as that one is "
            "engaged and selects this namespace, what is released here alone is engaged again"
        )
    if switch.cause is facts.Cause.MANUAL and not switch.released_by:
        model = ", ".join(switch.models)
        return (
            f"to release it, set spec.killSwitch.engaged of ModelDeployment {model} to false; as long as that is true, "
            "what is released here alone is engaged again"
        )
    return RELEASE


def not_seen(cluster_switch: str) -> str:
    """Say where it is told how far a ClusterKillSwitch is of which no one operator sees all.

    It says the same whichever operator writes it: else each would write over what another counts, for ever.
    """
    return (
        "no one operator looks after all namespaces that it selects, if it selects any: the status of KillSwitch "
        f"{names.PREFIX_CLUSTER_SWITCH}{cluster_switch} in each of them says how far it is there"
    )


def not_there(switch: facts.Switch, *, models: Collection[str], selected: Collection[str]) -> str:
    """Say what an engaged switch selects that is not there, and what to do about it; empty when all is there.

    `models` are the names of all ModelDeployments of its namespace, `selected` those of them that it selects.
    """
    if not switch.engaged:
        return ""
    person = switch.cause is facts.Cause.PERSON
    held = {entry.model for entry in switch.entries}
    missing = [name for name in switch.models if name not in models and name not in held]
    if missing:
        shown = ", ".join(missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        mend = (
            "; if another is meant, add its name to spec.models, or engage another switch" if person else ""
        )
        return f"there is no ModelDeployment {shown}{more} here{mend}"
    if selected or switch.workloads or switch.entries:
        return ""
    if switch.selector is not None:
        mend = "; if others are meant, engage another switch" if person else ""
        return f"no ModelDeployment here has the labels that it selects{mend}"
    return "there is no ModelDeployment here; one that is created is kept at zero"


def held_elsewhere(switch: facts.Switch, others: Iterable[facts.Switch]) -> Mapping[str, str]:
    """Return which workloads of a released switch another engaged one keeps at zero, and which one (rule K2)."""
    if switch.engaged:
        return {}
    engaged = [other for other in others if other.engaged and other.name != switch.name]
    return {
        entry.workload: other.name
        for entry in switch.entries
        for other in engaged
        if other.entry(entry.workload) is not None or entry.workload in other.workloads
    }
