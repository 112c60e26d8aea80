"""KillSwitch and ClusterKillSwitch: durable latches.

A model stays off while any switch selects it or holds an entry for it, whatever becomes of labels, names or
of the ModelDeployment. The admission policies read `engaged`, `workloads` and `restore`, so these keep their
shape.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from lastgood.api import schema
from lastgood.api.base import LENIENT, Conditions, LabelValue, Model, Name, Resource
from lastgood.api.rollback import KillAction
from lastgood.api.timestamps import Timestamp
from lastgood.api.workloads import HeldAutoscaler, Replicas

MOST_ENTRIES: Final = 1000
"""Workloads that one switch can hold on record."""
MOST_NAMED: Final = 1000
"""Models, and Deployments, that one switch can name."""
LONGEST_NAME: Final = 240
"""Characters in the name of a ClusterKillSwitch: a KillSwitch has at most 253, and is called `cluster-<name>-2`."""


class SelectorOperator(StrEnum):
    """How a key is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class SelectorRequirement(Model):
    """One condition on labels."""

    rules = (
        schema.Rule(
            rule="(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            message="In and NotIn need values, Exists and DoesNotExist take none",
            path=".values",
        ),
    )

    key: Annotated[str, schema.text(317, shortest=1)]
    """The label's key."""
    operator: SelectorOperator
    """In, NotIn, Exists or DoesNotExist."""
    values: Annotated[tuple[Annotated[str, schema.text(63)], ...], schema.list_atomic(most=100)] = ()
    """The values that In and NotIn compare with."""


class LabelSelector(Model):
    """Chooses objects by their labels; all conditions must hold."""

    rules = (
        schema.Rule(
            rule="(has(self.matchLabels) && self.matchLabels.size() > 0) "
            "|| (has(self.matchExpressions) && self.matchExpressions.size() > 0)",
            message="must not be empty; leave it out to select everything",
            reason="FieldValueRequired",
        ),
    )

    match_labels: Annotated[dict[str, Annotated[str, schema.text(63)]], schema.mapping(most=50)] = Field(
        default_factory=dict
    )
    """Labels that must be there with exactly these values."""
    match_expressions: Annotated[tuple[SelectorRequirement, ...], schema.list_atomic(most=50)] = ()
    """Further conditions on labels."""

    def matches(self, labels: dict[str, str]) -> bool:
        """Tell whether an object with these labels is chosen; an empty selector chooses everything."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            _holds(requirement, labels) for requirement in self.match_expressions
        )


def _holds(requirement: SelectorRequirement, labels: dict[str, str]) -> bool:
    value = labels.get(requirement.key)
    if requirement.operator is SelectorOperator.IN:
        return value in requirement.values
    if requirement.operator is SelectorOperator.NOT_IN:
        return value not in requirement.values
    return (value is not None) == (requirement.operator is SelectorOperator.EXISTS)


class ProbationFact(Model):
    """A probation under way."""

    since: Timestamp | None = None
    """When it began, with microseconds; left out while it has yet to begin."""
    round: Annotated[int, schema.number(least=1)] = 1
    """Which attempt it is, counted from 1; each multiplies the duration by recovery.backoff."""
    start_at: Timestamp | None = None
    """When it is to begin, where many models were released together; left out where it begins at once."""


class Traffic(Model):
    """Where a Service sent its requests before they went to the fallback."""

    service: Name
    """The Service's name."""
    selector: Annotated[dict[str, Annotated[str, schema.text(63)]], schema.mapping(most=50)]
    """Its selector; it returns as it was."""


class RestoreEntry(Model):
    """How one workload was before the kill. While it is listed, the workload is held."""

    workload: Name
    """The Deployment's name."""
    model: LabelValue | None = None
    """The ModelDeployment that it belongs to; left out for a workload that was named directly."""
    replicas: Replicas | None = None
    """How many replicas it had."""
    autoscaler: HeldAutoscaler | None = None
    """Its autoscaler's state; left out where it had none."""
    traffic: Traffic | None = None
    """Where its requests came from; left out where the kill leaves traffic alone."""
    ceiling: Annotated[Replicas, schema.STABLE_DEFAULT] = 0
    """The most replicas that the API server admits: 0 while engaged, more in probation."""
    probation: ProbationFact | None = None
    """The probation under way; left out before and after."""


class KillSwitchSelection(Model):
    """What both kinds of switch have in common."""

    rules = (
        schema.Rule(
            rule="!(has(self.models) && has(self.selector))",
            message="give models or selector, not both; neither selects every model",
            path=".models",
            reason="FieldValueForbidden",
        ),
    )

    engaged: bool
    """True: kill what is selected now, and keep it off. False: released; each model comes back by its own
    recovery."""
    reason: Annotated[str, schema.text(1024)] = ""
    """Why, for those who come after."""
    requested_by: Annotated[str | None, schema.text(253)] = None
    """Who asked for it."""
    models: Annotated[tuple[LabelValue, ...] | None, schema.list_set(most=MOST_NAMED, least=1)] = None
    """The ModelDeployments to kill. With neither models nor selector: every one."""
    selector: Annotated[LabelSelector | None, schema.ATOMIC_MAP] = None
    """Kill the ModelDeployments with these labels."""
    workloads: Annotated[tuple[Name, ...] | None, schema.list_set(most=MOST_NAMED, least=1)] = None
    """Deployments named directly: the API server refuses to scale them up, even while the operator is
    down."""
    action: KillAction | None = None
    """ScaleToZero or Fallback. Default: what each model says."""


class KillSwitchSpec(KillSwitchSelection):
    """What is to be killed, and how to restore it."""

    restore: Annotated[tuple[RestoreEntry, ...], schema.list_map("workload", most=MOST_ENTRIES)] = ()
    """Written by the operator before it scales anything down; what is listed here is held."""


class ClusterKillSwitchSpec(KillSwitchSelection):
    """What is to be killed, and in which namespaces."""

    namespace_selector: Annotated[LabelSelector | None, schema.ATOMIC_MAP] = None
    """The namespaces, by their labels. Default: all."""


class KillTarget(Model):
    """One workload on its way to zero."""

    workload: Name
    """The Deployment's name."""
    model: LabelValue | None = None
    """The ModelDeployment that it belongs to."""
    pods_remaining: Annotated[int | None, schema.number(least=0)] = None
    """How many of its pods are left."""


class KillSwitchStatus(Model):
    """How far the kill is."""

    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    targets: Annotated[tuple[KillTarget, ...] | None, schema.list_map("workload", most=1000)] = None
    """The workloads that this switch holds."""
    conditions: Conditions | None = None
    """Engaged: it holds. Verified: no pod of its targets is left."""


class ClusterKillTarget(KillTarget):
    """One workload of some namespace on its way to zero."""

    namespace: Annotated[str, schema.text(63, shortest=1)]
    """The Deployment's namespace."""


class ClusterKillSwitchStatus(Model):
    """How far the kill is, over all namespaces."""

    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    targets: Annotated[
        tuple[ClusterKillTarget, ...] | None, schema.list_map("namespace", "workload", most=1000)
    ] = None
    """The first 1000 workloads that this switch holds through the KillSwitch cluster-<name> of each
    namespace."""
    conditions: Conditions | None = None
    """Engaged: it holds. Verified: no pod of its targets is left."""


class KillSwitch(Resource):
    """A durable latch over one, some or all models of a namespace."""

    spec: KillSwitchSpec
    """What is to be killed, and how to restore it."""
    status: Annotated[KillSwitchStatus | None, LENIENT] = None
    """How far the kill is."""


class ClusterKillSwitch(Resource):
    """A durable latch over models of many namespaces, chosen by label, or of all."""

    rules = (
        schema.Rule(
            rule=f"self.metadata.name.size() <= {LONGEST_NAME}",
            message=f"metadata.name must not exceed {LONGEST_NAME} characters: "
            "the KillSwitch of each namespace is called cluster-<name>",
            path=".metadata.name",
        ),
    )

    spec: ClusterKillSwitchSpec
    """What is to be killed, and in which namespaces."""
    status: Annotated[ClusterKillSwitchStatus | None, LENIENT] = None
    """How far the kill is."""
