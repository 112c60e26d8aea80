"""A simulated API server: objects, versions, preconditions, subresources, who owns a field, and watch events.

What of a real one the operator's code relies on was measured on the embedded cluster; tests/cluster keeps this honest.
Objects are replaced, never changed, so that reading one costs nothing.
"""

import copy
import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from lastgood.api import names
from lastgood.kube import errors, resources
from tests.simulation import virtual_time
from tests.simulation.objects import Object, merged, nested, patched, plain, value_at

Key = tuple[str, str]
"""Namespace and name."""

OWNED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "modeldeployments": (("spec",), ("spec", "killSwitch", "engaged")),
    "killswitches": (("spec", "engaged"),),
    "clusterkillswitches": (("spec", "engaged"),),
    "deployments": (("spec", "replicas"), ("spec", "template")),
    "horizontalpodautoscalers": (("spec", "behavior"),),
    "services": (("spec", "selector"),),
}
"""The fields of which anybody asks who wrote them."""
WITH_STATUS: Final = frozenset(
    {
        "modeldeployments",
        "modelcheckpoints",
        "killswitches",
        "clusterkillswitches",
        "safetydrills",
        "deployments",
    }
)
UNKEPT: Final = frozenset({"events"})


def key_of(raw: Object) -> Key:
    """Return namespace and name of an object; the namespace is empty for one that is in none."""
    metadata = raw["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


@dataclass(frozen=True, slots=True)
class Write:
    """One change on its way into the store: `old` is None for a creation, `new` for a deletion."""

    resource: resources.Resource
    old: Object | None
    new: Object | None
    by: str
    """The process of ours that writes, or the field manager of anybody else."""
    subresource: str | None = None
    body: Any = None

    @property
    def key(self) -> Key:
        return key_of(self.new or self.old or {})


class Watches(Protocol):
    """Somebody who is told of each change."""

    def push(self, resource: resources.Resource, kind: str, raw: Object) -> None:
        """Take note of one change: ADDED, MODIFIED or DELETED."""
        ...


@dataclass
class ApiServer:
    """The objects of one cluster."""

    objects: dict[str, dict[Key, Object]] = field(default_factory=lambda: defaultdict(dict))
    watchers: list[Watches] = field(default_factory=list)
    checks: list[Callable[[Write], None]] = field(default_factory=list)
    """Asked before a change is made: admission, and the invariants."""
    log: list[str] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    """What people were told."""
    writes: int = 0
    """Changes of anything but Leases and events."""
    version: int = 0
    decided: float = 0.0
    """When the write that is made now was sent: what was seen since cannot have been its reason."""
    looked: Mapping[tuple[str, Key], float] = field(default_factory=dict)
    """When its writer had read each object last."""
    _uids: Any = field(default_factory=lambda: itertools.count(1))
    _owners: dict[str, dict[tuple[str, ...], tuple[str, str]]] = field(default_factory=dict)

    def take_over(self, other: "ApiServer") -> None:
        """Hold all that another holds now."""
        self.objects.update({plural: dict(kept) for plural, kept in other.objects.items()})
        self.version, self._uids = other.version, copy.copy(other._uids)
        self._owners = {uid: dict(owned) for uid, owned in other._owners.items()}

    def of(self, resource: resources.Resource) -> dict[Key, Object]:
        """Return all objects of a kind."""
        return self.objects[resource.plural]

    def find(self, resource: resources.Resource, key: Key) -> Object | None:
        """Return an object, or None."""
        return self.of(resource).get(key)

    def get(self, resource: resources.Resource, namespace: str, name: str) -> Object:
        """Return an object. Raises NotFound."""
        found = self.of(resource).get((namespace, name))
        if found is None:
            raise errors.NotFound(f"{resource.plural} {namespace}/{name} not found")
        return found

    def listed(
        self, resource: resources.Resource, namespace: str | None, labels: Mapping[str, str] | None = None
    ) -> list[Object]:
        """Return the objects of a namespace, or of all, that carry the labels."""
        found = []
        for (where, _), raw in self.of(resource).items():
            if namespace is not None and where != namespace:
                continue
            own = raw["metadata"].get("labels") or {}
            if labels and any(own.get(key) != value for key, value in labels.items()):
                continue
            found.append(raw)
        return found

    def create(self, resource: resources.Resource, namespace: str, body: Object, *, by: str) -> Object:
        """Create an object. Raises AlreadyExists."""
        body = plain(body)
        metadata = body["metadata"]
        if resource.plural in UNKEPT:
            self.events.append(body)
            return body
        key = namespace, metadata["name"]
        if key in self.of(resource):
            raise errors.AlreadyExists(f"{resource.plural} {namespace}/{metadata['name']} already exists")
        made: Object = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        where = {"namespace": namespace} if resource.namespaced else {}
        made["metadata"] = {
            **metadata,
            **where,
            "uid": f"uid-{next(self._uids)}",
            "generation": 1,
            "creationTimestamp": virtual_time.stamp(virtual_time.true_time()),
        }
        return self._commit(Write(resource, None, made, by, body=body))

    def patch(
        self,
        resource: resources.Resource,
        namespace: str,
        name: str,
        body: Object | list[Object],
        *,
        by: str,
        subresource: str | None = None,
    ) -> Object:
        """Change an object by a merge patch, or by a JSON patch. Raises NotFound, Conflict and Forbidden."""
        old = self.get(resource, namespace, name)
        body = plain(body)
        _check_precondition(old, body)
        new = patched(old, body) if isinstance(body, list) else merged(old, body)
        kept = ("uid", "name", "namespace", "resourceVersion")
        new["metadata"] = {
            **new["metadata"],
            **{key: old["metadata"][key] for key in kept if key in old["metadata"]},
        }
        if subresource == "status":
            new = {**old, "status": new.get("status") or {}}
        elif subresource == "scale":
            new = {**old, "spec": {**old["spec"], "replicas": new["spec"]["replicas"]}}
        elif resource.plural in WITH_STATUS and new.get("status") != old.get("status"):
            new["status"] = old.get("status") or {}
        if new == old:
            return old
        if new.get("spec") != old.get("spec"):
            generation = old["metadata"].get("generation", 1) + 1
            new["metadata"] = {**new["metadata"], "generation": generation}
        return self._commit(Write(resource, old, new, by, subresource, body))

    def delete(self, resource: resources.Resource, key: Key, *, by: str) -> None:
        """Delete an object, if it is there."""
        old = self.find(resource, key)
        if old is not None:
            self._commit(Write(resource, old, None, by))

    def _commit(self, write: Write) -> Object:
        for check in self.checks:
            check(write)
        self.version += 1
        if write.resource is not resources.LEASES:
            self.writes += 1
        kept = self.of(write.resource)
        if write.new is None:
            raw = kept.pop(write.key)
            raw = {**raw, "metadata": {**raw["metadata"], "resourceVersion": str(self.version)}}
            self._owners.pop(raw["metadata"]["uid"], None)
            self._tell(write.resource, "DELETED", raw)
            return raw
        raw = dict(write.new)
        raw["metadata"] = {**raw["metadata"], "resourceVersion": str(self.version)}
        self._own(write, raw)
        kept[write.key] = raw
        self._tell(write.resource, "ADDED" if write.old is None else "MODIFIED", raw)
        return raw

    def _tell(self, resource: resources.Resource, kind: str, raw: Object) -> None:
        for watcher in self.watchers:
            watcher.push(resource, kind, raw)

    def _own(self, write: Write, raw: Object) -> None:
        """Note who has changed the fields of which anybody asks; the scale subresource notes nobody (measured)."""
        paths = list(OWNED.get(write.resource.plural, ()))
        annotations = raw["metadata"].get("annotations") or {}
        paths += [("metadata", "annotations", key) for key in annotations if key.startswith(names.GROUP)]
        if not paths:
            return
        owners = self._owners.setdefault(raw["metadata"]["uid"], {})
        now = virtual_time.stamp(virtual_time.true_time())
        manager = names.FIELD_MANAGER if write.by.startswith(names.FIELD_MANAGER) else write.by
        for path in paths:
            value = value_at(raw, *path)
            if value is None:
                owners.pop(path, None)
            elif write.old is None or value_at(write.old, *path) != value:
                if write.subresource == "scale":
                    owners.pop(path, None)
                else:
                    owners[path] = manager, now
        raw["metadata"]["managedFields"] = [
            {"manager": who, "operation": "Update", "time": when, "fieldsV1": nested(path)}
            for path, (who, when) in owners.items()
            if value_at(raw, *path) is not None
        ]


def _check_precondition(old: Object, body: Object | list[Object]) -> None:
    for name in ("resourceVersion", "uid"):
        wanted = precondition(body, name)
        if wanted is not None and wanted != old["metadata"][name]:
            raise errors.Conflict(
                f"{old['metadata']['name']}: {name} is {old['metadata'][name]}, not {wanted}"
            )


def precondition(body: Object | list[Object], name: str = "resourceVersion") -> str | None:
    """Return what a patch says that an object's version or uid must be; None when it says nothing."""
    if isinstance(body, list):
        path = f"/metadata/{name}"
        return next((each["value"] for each in body if each["path"] == path), None)
    found = value_at(body, "metadata", name)
    return None if found is None else str(found)
