"""What a ModelDeployment reports.

Everything is optional: status may be lost at any time, and no decision reads it.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lastgood.api import schema
from lastgood.api.base import Conditions, LabelValue, Message, Model, Name, Reason, ShortName
from lastgood.api.durations import Duration
from lastgood.api.modelcheckpoint import RequestOutcome, VersionVerdict
from lastgood.api.quantities import Sample
from lastgood.api.thresholds import Verdict
from lastgood.api.timestamps import Timestamp


class State(StrEnum):
    """One derived word for people. No logic reads it."""

    SERVING = "Serving"
    BAKING = "Baking"
    ROLLING_OUT = "RollingOut"
    ROLLED_BACK = "RolledBack"
    HELD = "Held"
    KILLED = "Killed"
    STOPPING = "Stopping"
    PROBATION = "Probation"
    IDLE = "Idle"
    INVALID = "Invalid"


class VersionStatus(Model):
    """What is known about one version."""

    name: LabelValue
    """The version's name."""
    verdict: VersionVerdict | None = None
    """Good, Bad or Unproven."""
    reason: Reason | None = None
    """Why, in one word: a threshold's name, BakeCompleted, SameAs/<name>."""
    since: Timestamp | None = None
    """When the verdict was reached."""
    checkpoint: Name | None = None
    """The ModelCheckpoint that holds it."""


class ThresholdStatus(Model):
    """The verdict of one threshold on one running version."""

    name: ShortName
    """The threshold's name."""
    version: LabelValue
    """The version judged."""
    verdict: Verdict | None = None
    """OK, Pending, Breach, Insufficient, Blind or Invalid. Only Breach acts."""
    reason: Reason | None = None
    """Why, in one word, where the verdict alone does not say: WarmingUp, TooFewSamples, AboveMax, Unreachable, ..."""
    value: Sample | None = None
    """The value when the verdict last changed, as Prometheus prints it; live values are metrics."""
    since: Timestamp | None = None
    """When the verdict last changed."""
    message: Message | None = None
    """The verdict in a sentence."""


class RolloutStatus(Model):
    """Where a rollout stands."""

    version: LabelValue | None = None
    """The version that comes in."""
    step: Annotated[int | None, schema.number(least=0, most=100)] = None
    """The step it is at, counted from 0."""
    weight: Annotated[int | None, schema.number(least=0, most=100)] = None
    """Its share in percent."""
    since: Timestamp | None = None
    """When it came to this step."""


class KillSwitchStatus(Model):
    """Whether the model is killed, by what, and how far."""

    engaged: bool | None = None
    """Whether any switch holds the model."""
    by: Annotated[str | None, schema.text(253)] = None
    """Who engaged it: a person, a threshold or a drill."""
    reason: Message | None = None
    """Why."""
    since: Timestamp | None = None
    """Since when."""
    switches: Annotated[tuple[Name, ...] | None, schema.list_set(most=100)] = None
    """The KillSwitches that hold the model; all of them must be released."""
    replicas_before: Annotated[int | None, schema.number(least=0)] = None
    """How many replicas there were before."""
    pods_remaining: Annotated[int | None, schema.number(least=0)] = None
    """How many pods are left."""
    served_by: Name | None = None
    """The fallback that has the model's traffic; left out while it has none."""
    time_to_zero: Duration | None = None
    """How long it took until no pod was left."""


class RequestStatus(Model):
    """What somebody asked for by an annotation, and what came of it."""

    request: Annotated[str, schema.text(63, shortest=1)]
    """The annotation, without its prefix: resume, rollback-to, abort, checkpoint, promote or verdict."""
    value: Annotated[str | None, schema.text(253)] = None
    """What it said."""
    by: Annotated[str | None, schema.text(253)] = None
    """The field manager that wrote it, like kubectl-annotate; the API server's audit log has the person."""
    at: Timestamp | None = None
    """When it was answered."""
    outcome: RequestOutcome | None = None
    """Done or Refused."""
    message: Message | None = None
    """What was done, or why it was not, in a sentence."""


class RollbackStatus(Model):
    """The latest rollback."""

    from_: LabelValue | None = Field(None, alias="from")
    """The version left."""
    to: LabelValue | None = None
    """The version returned to."""
    reason: Message | None = None
    """Why: the threshold and what it saw."""
    at: Timestamp | None = None
    """When it was decided."""
    duration_seconds: Annotated[float | None, schema.number(least=0)] = None
    """Seconds until the version returned to was available."""


class ModelDeploymentStatus(Model):
    """What is observed of one model."""

    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    state: Annotated[State | None, schema.OPEN_ENUM] = None
    """One derived word for people: Serving, Baking, RollingOut, RolledBack, Held, Killed, Stopping,
    Probation, Idle or Invalid."""
    state_since: Timestamp | None = None
    """When the state last changed."""
    active_version: LabelValue | None = None
    """What the workload runs."""
    desired_version: LabelValue | None = None
    """What the spec asks for."""
    last_good_version: LabelValue | None = None
    """The newest version that is Good: where a rollback would go."""
    versions: Annotated[tuple[VersionStatus, ...] | None, schema.list_map("name", most=200)] = None
    """What is known about each version."""
    thresholds: Annotated[
        tuple[ThresholdStatus, ...] | None, schema.list_map("name", "version", most=200)
    ] = None
    """The verdict of each threshold on each running version."""
    rollout: RolloutStatus | None = None
    """Where a rollout stands; left out when none is under way."""
    kill_switch: KillSwitchStatus | None = None
    """Whether the model is killed."""
    last_rollback: RollbackStatus | None = None
    """The latest rollback."""
    requests: Annotated[tuple[RequestStatus, ...] | None, schema.list_map("request", most=10)] = None
    """What people asked for by annotation: the latest of each kind, and what came of it."""
    conditions: Conditions | None = None
    """Ready, Monitored, Progressing, RolledBack, KillSwitchEngaged, Degraded, Recovering, Suspended,
    Contested and DrillPassed."""
