"""SafetyDrill: one rehearsal of rollback, kill or restore, with its measured result."""

import datetime
from enum import StrEnum
from typing import Annotated

from lastgood.api import durations, schema
from lastgood.api.base import LENIENT, Conditions, LabelValue, Message, Model, Resource, ShortName
from lastgood.api.durations import Duration
from lastgood.api.timestamps import Timestamp

_FIELD = r"[0-9A-Za-z*/,?-]+"
CRON = rf"^(@(hourly|daily|weekly|monthly)|{_FIELD}( {_FIELD}){{4}})$"


class DrillType(StrEnum):
    """What is rehearsed."""

    ROLLBACK = "Rollback"
    KILL = "Kill"
    RESTORE = "Restore"


class DrillPhase(StrEnum):
    """How far a drill is."""

    PENDING = "Pending"
    RUNNING = "Running"
    PASSED = "Passed"
    FAILED = "Failed"
    ABORTED = "Aborted"


class SafetyDrillSpec(Model):
    """What is rehearsed, when, and what ends it early."""

    model: LabelValue
    """The ModelDeployment to rehearse on."""
    type: DrillType
    """Rollback: back to the last good version and forth. Kill: to zero and back. Restore: a checkpoint beside
    the model."""
    schedule: Annotated[str | None, schema.text(100, pattern=CRON)] = None
    """When to repeat it: five cron fields (minute hour day month weekday, UTC), or @hourly, @daily, @weekly,
    @monthly. Default: once, now."""
    abort_on: Annotated[tuple[ShortName, ...], schema.list_set(most=50)] = ()
    """Thresholds of the model whose breach ends the drill and puts everything back."""
    limit: Annotated[Duration, durations.between("1s", "24h")] = datetime.timedelta(minutes=5)
    """The most time that the drill may take; past it everything is put back and the drill has failed."""
    allow_production: bool = False
    """True: also in a namespace that is marked as production."""


class DrillStep(Model):
    """One measured step."""

    name: ShortName
    """What was done."""
    seconds: Annotated[float | None, schema.number(least=0)] = None
    """How long it took, in seconds."""
    ok: bool | None = None
    """Whether it came out as it must."""
    message: Message | None = None
    """What was seen, if it did not."""


class SafetyDrillStatus(Model):
    """What the latest run measured."""

    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    phase: Annotated[DrillPhase | None, schema.OPEN_ENUM] = None
    """Pending, Running, Passed, Failed or Aborted."""
    started_at: Timestamp | None = None
    """When the latest run began."""
    finished_at: Timestamp | None = None
    """When the latest run ended."""
    last_passed_at: Timestamp | None = None
    """When a run last passed; rollout.requireDrill asks for it."""
    next_run_at: Timestamp | None = None
    """When the schedule is due next."""
    steps: Annotated[tuple[DrillStep, ...] | None, schema.list_map("name", most=50)] = None
    """What was done, in order."""
    time_to_rollback: Duration | None = None
    """From the decision until the last good version was available."""
    time_to_zero: Duration | None = None
    """From the decision until no pod was left."""
    time_to_restore: Duration | None = None
    """From the release until the replicas of before were available."""
    conditions: Conditions | None = None
    """DrillPassed: the latest run came out as it must."""


class SafetyDrill(Resource):
    """One rehearsal of rollback, kill or restore, with its measured result."""

    spec: SafetyDrillSpec
    """What is rehearsed."""
    status: Annotated[SafetyDrillStatus | None, LENIENT] = None
    """What the latest run measured."""
