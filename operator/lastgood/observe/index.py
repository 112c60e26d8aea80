"""Objects by what they belong to, so that looking at one model does not mean looking through all objects there are.

A kill of hundreds of models looks at each of them several times; each look that scans a namespace makes that quadratic.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from lastgood.api import names
from lastgood.kube import resources
from lastgood.observe import concern

Key = tuple[str, str]
"""Namespace and name."""
Object = Mapping[str, Any]
GroupT = TypeVar("GroupT", bound=Hashable)


class Index(Generic[GroupT]):
    """The objects of one kind, by each of the groups that they belong to."""

    def __init__(self, groups_of: Callable[[Object], Iterable[GroupT]]) -> None:
        self._groups_of = groups_of
        self._members: dict[GroupT, dict[Key, Object]] = defaultdict(dict)
        self._groups: dict[Key, frozenset[GroupT]] = {}

    def put(self, key: Key, raw: Object) -> None:
        """Take in an object, new or changed; one that cannot be read raises, and is not known."""
        self.remove(key)
        groups = frozenset(self._groups_of(raw))
        self._groups[key] = groups
        for group in groups:
            self._members[group][key] = raw

    def remove(self, key: Key) -> None:
        """Forget an object; one that is not known is forgotten already."""
        for group in self._groups.pop(key, ()):
            members = self._members[group]
            del members[key]
            if not members:
                del self._members[group]

    def of(self, group: GroupT) -> list[Object]:
        """Return the objects of a group, in no order."""
        return list(self._members.get(group, {}).values())

    def keys_of(self, group: GroupT) -> set[Key]:
        """Return the namespaces and names of a group's objects."""
        return set(self._members.get(group, ()))


def _by_namespace(raw: Object) -> list[str]:
    return [raw["metadata"]["namespace"]]


def _by_held(raw: Object) -> list[Key]:
    return [(raw["metadata"]["namespace"], name) for name in concern.held_by(raw)]


def _by_model(raw: Object) -> list[Key]:
    labels = raw["metadata"].get("labels") or {}
    return [(raw["metadata"]["namespace"], labels.get(names.LABEL_MODEL, ""))]


def _by_parent(raw: Object) -> list[str]:
    """Return the ClusterKillSwitch that a switch belongs to."""
    labels, notes = (raw["metadata"].get(field) or {} for field in ("labels", "annotations"))
    if labels.get(names.LABEL_CAUSE) != names.CAUSE_CLUSTER:
        return []
    return [notes.get(names.ANNOTATION_CLUSTER_SWITCH, "")]


@dataclass(slots=True)
class Indexes:
    """What is looked up of the objects that watches have brought."""

    models_in: Index[str] = field(default_factory=lambda: Index(_by_namespace))
    switches_in: Index[str] = field(default_factory=lambda: Index(_by_namespace))
    switches_on: Index[Key] = field(default_factory=lambda: Index(_by_held))
    """By the Deployments that a switch holds or names."""
    children_of: Index[str] = field(default_factory=lambda: Index(_by_parent))
    """By the ClusterKillSwitch that a switch belongs to."""
    entries: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    """What each switch holds, by workload."""
    checkpoints_of: Index[Key] = field(default_factory=lambda: Index(_by_model))

    def change(self, resource: resources.Resource, key: Key, raw: Object | None) -> None:
        """Take in an object, or forget it with None."""
        kinds: dict[resources.Resource, tuple[Index[Any], ...]] = {
            resources.MODEL_DEPLOYMENTS: (self.models_in,),
            resources.MODEL_CHECKPOINTS: (self.checkpoints_of,),
            resources.KILL_SWITCHES: (self.switches_in, self.switches_on, self.children_of),
        }
        if resource is resources.KILL_SWITCHES:
            self.entries.pop(key, None)
            if raw is not None:
                self.entries[key] = concern.entries(raw)
        for index in kinds.get(resource, ()):
            if raw is None:
                index.remove(key)
            else:
                index.put(key, raw)
