"""What ConfigMaps a version reads, and what was in them (semantics.md, O7).

Content is known by its hash alone. A Secret's is never read: what is in it is nobody's business, ours included.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lastgood.decide import facts

Hashes = Mapping[str, str]
"""By the name of a ConfigMap, the hash of its content; empty for one that is not there."""


def names(template: facts.Template) -> frozenset[str]:
    """Return the ConfigMaps that a pod template refers to: by its variables, and by its volumes."""
    return frozenset(name for name in _named(template.get("spec") or {}) if name)


def _named(spec: Mapping[str, Any]) -> Iterator[str]:
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or []:
            for source in container.get("envFrom") or []:
                yield _name(source.get("configMapRef"))
            for variable in container.get("env") or []:
                yield _name((variable.get("valueFrom") or {}).get("configMapKeyRef"))
    for volume in spec.get("volumes") or []:
        yield _name(volume.get("configMap"))
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield _name(source.get("configMap"))


def _name(reference: Mapping[str, Any] | None) -> str:
    return str((reference or {}).get("name") or "")


def seen(known: Hashes, template: facts.Template) -> Hashes | None:
    """Return what a template's ConfigMaps hold; None when not all of them were looked at yet, or there are none."""
    needed = names(template)
    if not needed or not needed <= known.keys():
        return None
    return {name: known[name] for name in sorted(needed)}
