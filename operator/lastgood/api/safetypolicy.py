"""SafetyPolicy and ClusterSafetyPolicy: named thresholds that many models use."""

from typing import Annotated

from lastgood.api import schema
from lastgood.api.base import LENIENT, Conditions, Model, Resource
from lastgood.api.thresholds import PolicyThreshold


class SafetyPolicySpec(Model):
    """Thresholds for others to use."""

    thresholds: Annotated[tuple[PolicyThreshold, ...], schema.list_map("name", most=50, least=1)]
    """The thresholds; a ModelDeployment takes one by thresholds[].from: {policy, threshold}."""

    def threshold(self, name: str) -> PolicyThreshold | None:
        """Find the threshold of that name, if there is one."""
        return next((threshold for threshold in self.thresholds if threshold.name == name), None)


class SafetyPolicyStatus(Model):
    """What is observed of a policy."""

    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    models: Annotated[int | None, schema.number(least=0)] = None
    """How many ModelDeployments use it."""
    conditions: Conditions | None = None
    """Ready: every query of the policy can be parsed."""


class SafetyPolicy(Resource):
    """Named thresholds for the models of its namespace."""

    spec: SafetyPolicySpec
    """Thresholds for others to use."""
    status: Annotated[SafetyPolicyStatus | None, LENIENT] = None
    """What is observed of the policy."""


class ClusterSafetyPolicy(Resource):
    """Named thresholds for the models of every namespace; a SafetyPolicy of the same name goes before."""

    spec: SafetyPolicySpec
    """Thresholds for others to use."""
    status: Annotated[SafetyPolicyStatus | None, LENIENT] = None
    """What is observed of the policy."""
