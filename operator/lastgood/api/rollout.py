"""How a new version comes in, and when it counts as good."""

import datetime
from enum import StrEnum
from typing import Annotated

from lastgood.api import durations, schema
from lastgood.api.base import Model, Name
from lastgood.api.durations import Duration


class Strategy(StrEnum):
    """How a new version takes over."""

    DIRECT = "Direct"
    CANARY = "Canary"


class Step(Model):
    """One stop of a canary on its way up."""

    weight: Annotated[int, schema.number(least=1, most=99)]
    """The new version's share in percent, 1 to 99; after the last step it gets everything."""
    hold: Annotated[Duration, durations.between("0s", "720h")] = datetime.timedelta(minutes=5)
    """How long every acting threshold must be OK here before the next step."""


class HTTPRouteRef(Model):
    """A Gateway API HTTPRoute of the same namespace."""

    name: Name
    """The route's name."""


class Traffic(Model):
    """What carries the weights."""

    rules = (
        schema.Rule(
            rule="has(self.service) || has(self.httpRoute)",
            message="give service (weights by the number of replicas), httpRoute (exact weights) or both",
            reason="FieldValueRequired",
        ),
    )

    service: Name | None = None
    """The Service that stable and canary pods share; weights then follow the numbers of replicas."""
    http_route: HTTPRouteRef | None = None
    """An HTTPRoute whose weights are set, for exact shares."""


class Rollout(Model):
    """How a new version comes in."""

    rules = (
        schema.Rule(
            rule="!has(self.steps) || self.steps.size() == 0 "
            "|| (has(self.strategy) && self.strategy == 'Canary')",
            message="steps need strategy: Canary",
            path=".steps",
            reason="FieldValueForbidden",
        ),
        schema.Rule(
            rule="!has(self.strategy) || self.strategy != 'Canary' "
            "|| (has(self.steps) && self.steps.size() > 0)",
            message="strategy Canary needs steps, like [{weight: 10, hold: 5m}, {weight: 50, hold: 10m}]",
            path=".steps",
            reason="FieldValueRequired",
        ),
        schema.Rule(
            rule="!has(self.steps) || (self.steps.map(step, step.weight).isSorted() "
            "&& self.steps.all(step, self.steps.exists_one(other, other.weight == step.weight)))",
            message="weights must rise from step to step",
            path=".steps",
        ),
    )

    strategy: Annotated[Strategy, schema.STABLE_DEFAULT] = Strategy.DIRECT
    """Direct: the workload's own rolling update. Canary: a second Deployment takes a growing share first."""
    steps: Annotated[tuple[Step, ...], schema.list_atomic(most=20)] = ()
    """The canary's stops, in rising order; 100 % follows the last."""
    bake: Annotated[Duration, durations.between("0s", "720h")] = datetime.timedelta(minutes=30)
    """How long all acting thresholds must be OK at 100 % before the version is Good and its checkpoint is
    taken."""
    approval: bool = False
    """True: a person must promote each hold, by the annotation lastgood.dev/promote: <version>/<step>."""
    paused: bool = False
    """True: the rollout stays at its step; guarding goes on."""
    require_drill: Annotated[Duration | None, durations.between("1h", "8760h")] = None
    """No promotion when the last passed SafetyDrill is older than this."""
    progress_deadline: Annotated[Duration, durations.between("1s", "168h")] = datetime.timedelta(minutes=10)
    """A version whose pods are not available by then has failed."""
    traffic: Traffic | None = None
    """What carries the weights. Default: replicas behind whatever Service selects the pods."""
