"""Good objects of every kind, and a way to spoil one field of them."""

import copy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
API = "lastgood.dev/v1alpha1"
ABSENT = object()
NOW = "2026-11-22T18:54:03.000001Z"

Object = dict[str, Any]


def model(**spec: Any) -> Object:
    """A small ModelDeployment with these fields of spec put over it; `ABSENT` takes a field away."""
    base: Object = {
        "workloadRef": {"name": "fraud"},
        "version": "1.5.0",
        "versions": [{"name": "1.4.0", "image": "fraud:1.4.0"}, {"name": "1.5.0", "image": "fraud:1.5.0"}],
        "thresholds": [{"name": "errors", "query": "vector(1)", "max": 2}],
    }
    return _object("ModelDeployment", base | spec)


def threshold(**fields: Any) -> Object:
    """A ModelDeployment whose only threshold has these fields put over it."""
    return model(thresholds=[_without_absent({"name": "errors", "query": "vector(1)", "max": 2} | fields)])


def policy(**fields: Any) -> Object:
    """A SafetyPolicy whose only threshold has these fields put over it."""
    given = _without_absent({"name": "errors", "query": "vector(1)", "max": 2} | fields)
    return _object("SafetyPolicy", {"thresholds": [given]})


def cluster_policy(**fields: Any) -> Object:
    """A ClusterSafetyPolicy whose only threshold has these fields put over it."""
    return policy(**fields) | {"kind": "ClusterSafetyPolicy"}


def switch(**spec: Any) -> Object:
    """An engaged KillSwitch for one model, with these fields put over it."""
    return _object("KillSwitch", {"engaged": True, "models": ["fraud"]} | spec)


def cluster_switch(**spec: Any) -> Object:
    """An engaged ClusterKillSwitch, with these fields put over it."""
    return _object("ClusterKillSwitch", {"engaged": True} | spec)


def checkpoint(*, saved: Object | None = None, **spec: Any) -> Object:
    """A checkpoint with these fields put over `spec.saved` and `spec`."""
    base: Object = {
        "model": "fraud",
        "version": "1.4.0",
        "podTemplate": {"spec": {"containers": [{"name": "model", "image": "fraud:1.4.0"}]}},
        "digest": "sha256:0123456789abcdef",
        "createdAt": NOW,
    }
    return _object("ModelCheckpoint", {"saved": _without_absent(base | (saved or {}))} | spec)


def drill(**spec: Any) -> Object:
    """A SafetyDrill with these fields put over it."""
    return _object("SafetyDrill", {"model": "fraud", "type": "Rollback"} | spec)


def named(name: str, manifest: Object) -> Object:
    """The same object under another name."""
    return copy.deepcopy(manifest) | {"metadata": {"name": name}}


def example(name: str) -> Object:
    """One of the manifests under examples/."""
    parsed: Object = yaml.safe_load((ROOT / "examples" / name).read_text())
    return parsed


def _object(kind: str, spec: Object) -> Object:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": "fraud"}, "spec": _without_absent(spec)}


def _without_absent(fields: Object) -> Object:
    return {name: value for name, value in fields.items() if value is not ABSENT}
