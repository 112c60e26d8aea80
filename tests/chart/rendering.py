"""The chart as Helm's own engine renders it, for tests here and on the cluster."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "lastgood"
RELEASE = "lastgood"
NAMESPACE = "lastgood-system"

Object = dict[str, Any]


def render(
    values: Mapping[str, Any] | None = None, *, release: str = RELEASE, namespace: str = NAMESPACE
) -> tuple[Object, ...]:
    """Return the objects of a release, hooks included. Raises `helm_python.HelmError` for values that are refused."""
    return tuple(
        document
        for path, text in _rendered(json.dumps(dict(values or {})), release, namespace).items()
        if not path.endswith("NOTES.txt")
        for document in yaml.safe_load_all(text)
        if document
    )


def notes(values: Mapping[str, Any] | None = None) -> str:
    """Return what `helm install` prints at its end."""
    rendered = _rendered(json.dumps(dict(values or {})), RELEASE, NAMESPACE)
    return next(text for path, text in rendered.items() if path.endswith("NOTES.txt"))


def of_kind(objects: tuple[Object, ...], *kinds: str) -> list[Object]:
    """Return those objects that are of these kinds, hooks left out."""
    return [each for each in objects if each["kind"] in kinds and not is_hook(each)]


def is_hook(each: Object) -> bool:
    """Whether Helm keeps an object for a moment of its own, such as before a deletion."""
    return "helm.sh/hook" in (each["metadata"].get("annotations") or {})


@functools.cache
def _rendered(values: str, release: str, namespace: str) -> dict[str, str]:
    chart = helm_python.Chart.load(CHART)
    try:
        return dict(chart.render(json.loads(values), name=release, namespace=namespace, is_install=True))
    finally:
        chart.close()
