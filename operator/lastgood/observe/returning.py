"""How many models wait to be started again after a release: many at once are started one after the other (rule K10)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from lastgood.observe import written
from lastgood.observe.store import Key, Object

LONG_AGO: Final = timedelta(minutes=10)
"""What was released earlier and still waits, waits for something else."""


def together(switches: Mapping[Key, Object], models: Mapping[Key, Object], *, now: datetime) -> int:
    """Return how many Deployments the released switches hold at zero until they are started; at least 1."""
    held: set[Key] = set()
    waiting: set[Key] = set()
    for (namespace, _), switch in switches.items():
        spec = switch.get("spec") or {}
        engaged = bool(spec.get("engaged"))
        if not engaged and _was_long_ago(switch, now):
            continue
        for entry in spec.get("restore") or []:
            workload = namespace, str(entry.get("workload") or "")
            if engaged:
                held.add(workload)
            elif (
                entry.get("replicas") and not entry.get("ceiling") and not _by_hand(models, namespace, entry)
            ):
                waiting.add(workload)
    return max(len(waiting - held), 1)


def _was_long_ago(switch: Object, now: datetime) -> bool:
    released = written.written_at(switch["metadata"], *written.RELEASED)
    return released is not None and now - released > LONG_AGO


def _by_hand(models: Mapping[Key, Object], namespace: str, entry: Mapping[str, Any]) -> bool:
    """Whether a person starts the model, so that it is not among those that start by themselves."""
    raw: Mapping[str, Any] = models.get((namespace, str(entry.get("model") or "")), {})
    asked = ((raw.get("spec") or {}).get("killSwitch") or {}).get("recovery") or {}
    return bool(asked.get("restart") == "Manual")
