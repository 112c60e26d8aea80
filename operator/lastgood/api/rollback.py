"""When a rollback may happen, how a killed model comes back, what is saved and what stands by."""

import datetime
from enum import StrEnum
from typing import Annotated, Any

from lastgood.api import durations, schema
from lastgood.api.base import Model, Name
from lastgood.api.durations import Duration
from lastgood.api.quantities import IntOrPercent
from lastgood.api.workloads import Replicas, WorkloadRef


class Budget(Model):
    """How many automatic rollbacks a model gets."""

    max: Annotated[int, schema.number(least=1, most=1000)] = 3
    """The most automatic rollbacks within `per`; past it lastgood Holds and says so."""
    per: Annotated[Duration, durations.between("1m", "8760h")] = datetime.timedelta(hours=24)
    """The period that `max` counts in."""


class OnNoGoodVersion(StrEnum):
    """What happens when there is no version to go back to."""

    KILL = "Kill"
    FALLBACK = "Fallback"
    HOLD = "Hold"


class Rollback(Model):
    """When an automatic rollback may happen. None of this gates a Kill threshold."""

    warmup: Annotated[Duration, durations.between("0s", "720h")] = datetime.timedelta(minutes=2)
    """After any switch is complete, nothing is judged for this long, and no earlier sample counts later."""
    cooldown: Annotated[Duration, durations.between("0s", "720h")] = datetime.timedelta(minutes=10)
    """The least time between two automatic rollbacks."""
    budget: Budget = Budget()
    """How many automatic rollbacks there may be."""
    on_no_good_version: OnNoGoodVersion | None = None
    """What a breach does when there is no good version to go back to: Kill, Fallback or Hold. Default:
    Fallback if a fallback is configured, else Hold."""


class KillAction(StrEnum):
    """What a kill does with traffic."""

    SCALE_TO_ZERO = "ScaleToZero"
    FALLBACK = "Fallback"


class Restart(StrEnum):
    """How a released model comes back."""

    PROBATION = "Probation"
    MANUAL = "Manual"


class Probation(Model):
    """The first time after a kill, with part of the replicas and no patience for breaches."""

    replicas: IntOrPercent = IntOrPercent(25, percent=True)
    """How many replicas start: a number, or a percentage of those before the kill; at least 1."""
    duration: Annotated[Duration, durations.between("1s", "720h")] = datetime.timedelta(minutes=10)
    """How long all acting thresholds must be OK before all replicas return."""


class Recovery(Model):
    """How a released model comes back."""

    restart: Restart = Restart.PROBATION
    """Probation: starts with some replicas. Manual: stays at zero until a person resumes it, then the
    same."""
    probation: Probation = Probation()
    """How careful the start is."""
    backoff: Annotated[float, schema.number(least=1, most=100)] = 2
    """A breach in probation kills again and multiplies the next probation's duration by this."""


class KillSwitchField(Model):
    """The kill switch inside a ModelDeployment.

    The schema writes no default below it: whoever is recorded as the writer of `engaged` decides who may
    release it.
    """

    engaged: bool = False
    """True: kill this model now and keep it off. False, written by the one who engaged it: release it.
    Default: false."""
    reason: Annotated[str, schema.text(1024)] = ""
    """Why, for those who come after."""
    action: KillAction = KillAction.SCALE_TO_ZERO
    """ScaleToZero stops every pod of the model; Fallback sends traffic to the fallback first."""
    recovery: Recovery = Recovery()
    """What happens after the release."""


class Fallback(Model):
    """A smaller, older or rule-based stand-in, kept warm."""

    workload_ref: WorkloadRef
    """The Deployment that stands in; never scaled down by a kill."""
    service: Name | None = None
    """The Service whose selector is switched to the stand-in. Default: rollout.traffic.service."""


class CheckpointJob(Model):
    """A Job that saves the state of a model that learns online."""

    template: Annotated[dict[str, Any], schema.FREE_FORM]
    """The pod template of the Job. Its termination message is the address of what was saved."""
    env: Annotated[str, schema.text(256, shortest=1, pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]
    """The environment variable by which the model container gets that address back."""


class Checkpoints(Model):
    """What is saved, and for how long."""

    keep: Annotated[int, schema.number(least=1, most=1000)] = 10
    """How many checkpoints stay; the last good, the active and pinned ones always do."""
    interval: Annotated[Duration, durations.between("1m", "8760h")] = datetime.timedelta(hours=6)
    """How often a changed running state is saved, and each Good checkpoint verified."""
    job: CheckpointJob | None = None
    """For a model that learns online: the Job that saves its state."""


class Probe(Model):
    """A request that the standby must answer."""

    path: Annotated[str, schema.text(2048, shortest=1, pattern="^/")]
    """The path of the request; with a body it is a POST."""
    port: Annotated[int | None, schema.number(least=1, most=65535)] = None
    """The container's port. Default: the first port that the model container lists."""
    body: Annotated[str | None, schema.text(65536)] = None
    """The body of the request."""
    expect: Annotated[str | None, schema.text(4096)] = None
    """Text that the answer must contain. Default: any answer of status 2xx."""


class Standby(Model):
    """The last good version, kept warm beside the active one."""

    replicas: Replicas = 0
    """How many pods; 0 for no standby."""
    probe: Probe | None = None
    """A request that shows that the standby really serves."""
