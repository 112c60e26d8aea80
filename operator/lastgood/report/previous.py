"""What was reported before, read leniently: only to keep the times at which something began.

A status that is absent, edited by hand or written by another release must never make a report fail, so each part is
read by itself and what cannot be read counts as never reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

import pydantic

from lastgood.api import base, modeldeployment_status, timestamps

_M = TypeVar("_M", bound=pydantic.BaseModel)


class _StateSince(base.Model):
    state: str | None = None
    state_since: timestamps.Timestamp | None = None
    observed_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """The parts of an earlier report from which times are kept."""

    known: bool
    """Whether there was an earlier report at all."""
    state: str | None
    state_since: datetime | None
    generation: int | None
    conditions: Mapping[str, base.Condition]
    others: tuple[base.Condition, ...]
    """Every readable condition in its order, ours and those of other writers."""
    thresholds: Mapping[tuple[str, str], modeldeployment_status.ThresholdStatus]
    """By threshold name and version."""
    kill_switch: modeldeployment_status.KillSwitchStatus
    last_rollback: modeldeployment_status.RollbackStatus

    @classmethod
    def read(cls, status: Mapping[str, Any] | None) -> Self:
        """Read a status in wire form; never raises."""
        wire = status if isinstance(status, Mapping) else {}
        own = ("state", "stateSince", "observedGeneration")
        began = _one(_StateSince, {key: wire[key] for key in own if key in wire})
        conditions = tuple(_each(base.Condition, wire.get("conditions")))
        judged = _each(modeldeployment_status.ThresholdStatus, wire.get("thresholds"))
        return cls(
            known=bool(wire),
            state=began.state,
            state_since=began.state_since,
            generation=began.observed_generation,
            conditions={condition.type: condition for condition in conditions},
            others=conditions,
            thresholds={(item.name, item.version): item for item in judged},
            kill_switch=_one(modeldeployment_status.KillSwitchStatus, wire.get("killSwitch")),
            last_rollback=_one(modeldeployment_status.RollbackStatus, wire.get("lastRollback")),
        )


def conditions(status: Mapping[str, Any] | None) -> Mapping[str, base.Condition]:
    """Return the readable conditions of any status, by type; never raises."""
    wire = status if isinstance(status, Mapping) else {}
    return {condition.type: condition for condition in _each(base.Condition, wire.get("conditions"))}


def _one(model: type[_M], value: Any) -> _M:
    try:
        return model.model_validate(value)
    except ValueError:
        return model()


def _each(model: type[_M], values: Any) -> list[_M]:
    read = []
    for value in values if isinstance(values, list | tuple) else ():
        try:
            read.append(model.model_validate(value))
        except ValueError:
            continue
    return read
