"""What a change of a kill switch is about, read from the switch as the API server has it."""

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]


def held_by(switch: Object) -> set[str]:
    """Return the Deployments that a switch holds or names."""
    spec = switch.get("spec") or {}
    return {*entries(switch), *(str(name) for name in _list(spec, "workloads"))}


def named_by(spec: Mapping[str, Any]) -> set[str] | None:
    """Return the models that a switch names; None when it may select any, or does not say so that it can be read."""
    models, everything = spec.get("models"), not spec.get("workloads")
    if models or everything:
        return {str(name) for name in models} if models and isinstance(models, list) else None
    return None if spec.get("selector") else set()


def entries_changed(earlier: Object, later: Object) -> set[str] | None:
    """Return the workloads of which a switch holds something else now; None when more of it has changed than that."""
    if _beside_entries(earlier) != _beside_entries(later):
        return None
    before, after = (entries(each) for each in (earlier, later))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _beside_entries(switch: Object) -> Mapping[str, Any]:
    """Return what of a switch decisions rest on, but for its entries: neither its status nor who wrote it when."""
    spec, metadata = switch.get("spec") or {}, switch["metadata"]
    rest = {key: value for key, value in spec.items() if key != "restore"}
    return rest | {key: metadata.get(key) for key in ("uid", "labels", "annotations")}


def entries(switch: Object) -> dict[str, Any]:
    """Return what a switch holds, by workload."""
    listed = _list(switch.get("spec") or {}, "restore")
    return {str(each.get("workload") or ""): each for each in listed if isinstance(each, dict)}


def _list(spec: Mapping[str, Any], field: str) -> list[Any]:
    value = spec.get(field)
    return value if isinstance(value, list) else []
