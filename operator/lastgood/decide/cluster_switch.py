"""What a ClusterKillSwitch does in each namespace: it engages one KillSwitch there, which does the rest (rule K2).

Such a child is told by its cause `cluster` and by the name of the ClusterKillSwitch that it carries; its own name is
`cluster-<name>` where nobody else has taken that. It is a switch like any other from then on.

- *Selection only adds.* A namespace that comes to be selected gets its child, one that is selected no longer keeps it.
  An engaged child is widened and never narrowed. What cannot be added to one that is engaged goes into a further one
  beside it, `cluster-<name>-2` and so on, and both hold: a switch has a list of models or one selector, it says every
  model by naming nothing at all, and a list of names has an end.
- *Only people release* (K9). Releasing the ClusterKillSwitch releases the children that were engaged for it, unless its
  field was set by a GitOps manager while another had engaged it (as in K8). One that was deleted says nothing: its
  children stay, and one of the same name that is created engaged takes them over, with who had engaged them. One that
  is created released says nothing about the kill of the one before it.
- A child that is released while the ClusterKillSwitch is engaged is engaged again: release the ClusterKillSwitch. One
  that somebody engages on itself is that person's kill, and is released where it was engaged: nothing is added to it,
  as that would go with it, and a further child says what the ClusterKillSwitch asks for.
- Every namespace that is selected gets a child, whether a model is in it or not: one that comes later finds itself
  killed. Kubernetes' own namespaces get one with their first ModelDeployment.
"""

import dataclasses
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from lastgood.api import names
from lastgood.api.killswitch import MOST_NAMED, LabelSelector
from lastgood.api.rollback import KillAction

SYSTEM: Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""The namespaces of Kubernetes itself."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a switch kills in one namespace, and what it says about that."""

    models: tuple[str, ...] = ()
    selector: LabelSelector | None = None
    workloads: tuple[str, ...] = ()
    action: KillAction | None = None
    reason: str = ""
    requested_by: str = ""

    @property
    def everything(self) -> bool:
        """Whether it selects every model."""
        return not self.models and self.selector is None and not self.workloads


@dataclass(frozen=True, slots=True)
class ClusterSwitch:
    """One ClusterKillSwitch."""

    name: str
    uid: str
    engaged: bool
    selection: Selection
    namespaces: LabelSelector | None = None
    """None for all."""
    owners: tuple[str, ...] = ()
    """The field managers that say what `spec.engaged` says, the one that wrote last first."""

    @property
    def written_by(self) -> str:
        """The field manager that wrote `spec.engaged` last; empty for nobody."""
        return next(iter(self.owners), "")


@dataclass(frozen=True, slots=True)
class Namespace:
    """One namespace that this operator looks after."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ending: bool = False
    has_models: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """The KillSwitch of a ClusterKillSwitch in one namespace."""

    namespace: str
    name: str
    engaged: bool
    selection: Selection
    parent: str
    parent_uid: str
    engaged_by: str = ""
    """The field manager that had engaged the ClusterKillSwitch."""
    released_by: str = ""
    """On whose word it was released; empty until then, and for one that a person has released directly."""
    by_hand: bool = False
    """Whether somebody else than the operator has written its `spec.engaged`, or applies it too."""
    readable: bool = True
    """Whether it is known what it selects: where it is not, nothing of it is written anew but its release."""
    resource_version: str = ""
    """Empty for one that does not exist yet."""

    @property
    def of_a_person(self) -> bool:
        """Whether it is the kill of somebody who has engaged it on itself, and who has to release it there."""
        return self.engaged and (self.by_hand or bool(self.released_by))


class Share(Enum):
    """How much of a ClusterKillSwitch an operator sees, which may look after some namespaces only."""

    ALL = auto()
    SOME = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Engage:
    """Create a child, or engage it again, or widen it, or take it over."""

    child: Child


@dataclass(frozen=True, slots=True)
class Release:
    """Release a child; what it holds stays listed until it is back."""

    child: Child
    by: str


Write = Engage | Release


def decide(
    switch: ClusterSwitch,
    *,
    namespaces: Iterable[Namespace],
    children: Iterable[Child],
    taken: Collection[tuple[str, str]] = (),
    gitops_managers: Collection[str] = (),
) -> tuple[Write, ...]:
    """Return what has to be written, the namespaces with models first.

    `children` are those of this ClusterKillSwitch; `taken` are namespace and name of all other KillSwitches.
    """
    if not switch.engaged:
        by = ((child, _releasers(switch, child, gitops_managers)) for child in children)
        return tuple(Release(child, by=min(releasers)) for child, releasers in by if releasers)
    known: dict[str, list[Child]] = {}
    for child in sorted(children, key=lambda each: each.name):
        known.setdefault(child.namespace, []).append(child)
    written: list[Write] = []
    for namespace in sorted(namespaces, key=lambda each: (not each.has_models, each.name)):
        own = known.get(namespace.name, [])
        wanted = _wanted(switch, namespace, own, taken, gitops_managers)
        written += (Engage(child) for child in wanted if child not in own)
    return tuple(written)


def selects(switch: ClusterSwitch, namespace: Namespace) -> bool:
    """Whether a namespace is to have a child."""
    if namespace.ending or (namespace.name in SYSTEM and not namespace.has_models):
        return False
    return switch.namespaces is None or switch.namespaces.matches(dict(namespace.labels))


def share(switch: ClusterSwitch, namespaces: Iterable[Namespace], only: Collection[str]) -> Share:
    """Return how much of a ClusterKillSwitch an operator sees that looks after `only` these namespaces; empty for all.

    `namespaces` are all that there are. What has models counts for nothing here: every operator has to come to the
    same, so that of those who share a cluster either one tells of the switch, or all tell the same.
    """
    alike = (dataclasses.replace(each, has_models=False) for each in namespaces)
    selected = {each.name for each in alike if selects(switch, each)}
    if not only or (selected and selected <= set(only)):
        return Share.ALL
    return Share.SOME if not selected or selected & set(only) else Share.NONE


def still_held(
    switch: ClusterSwitch, children: Iterable[Child], gitops_managers: Collection[str]
) -> tuple[Child, ...]:
    """Return the children that stay engaged although the ClusterKillSwitch is released."""
    if switch.engaged:
        return ()
    return tuple(
        child for child in children if child.engaged and not _releasers(switch, child, gitops_managers)
    )


def _releasers(switch: ClusterSwitch, child: Child, gitops_managers: Collection[str]) -> set[str]:
    """Return who says that a child is released, and may: of several one is enough, whoever applied it last (K8, K9)."""
    if not child.engaged or child.of_a_person or child.parent_uid != switch.uid:
        return set()
    said = {owner for owner in switch.owners if owner}
    return {owner for owner in said if owner == child.engaged_by or owner not in gitops_managers}


def _wanted(
    switch: ClusterSwitch,
    namespace: Namespace,
    own: Sequence[Child],
    taken: Collection[tuple[str, str]],
    gitops_managers: Collection[str],
) -> list[Child]:
    """Return the engaged children of one namespace as they are to be; one of them takes the selection in."""
    if namespace.ending:
        return []
    wanted, taken_in = [], False
    for child in (each for each in own if each.engaged and each.readable and not each.of_a_person):
        selection = None if taken_in else widened(child.selection, switch.selection)
        taken_in = taken_in or selection is not None
        wanted.append(_engaged(switch, child, selection or child.selection, gitops_managers))
    if not taken_in and selects(switch, namespace):
        released = next((child for child in own if child.readable and not child.engaged), None)
        child = released or _new(switch, namespace, own, taken)
        wanted.append(_engaged(switch, child, switch.selection, gitops_managers))
    return wanted


def _engaged(
    switch: ClusterSwitch, child: Child, selection: Selection, gitops_managers: Collection[str]
) -> Child:
    return dataclasses.replace(
        child,
        engaged=True,
        selection=selection,
        parent_uid=switch.uid,
        engaged_by=_engaged_by(switch, child, gitops_managers),
        released_by="",
        by_hand=False,
    )


def _engaged_by(switch: ClusterSwitch, child: Child, gitops_managers: Collection[str]) -> str:
    """Return who engages a child, or has: a person stays on record, whoever says the same since (rule K8)."""
    before = child.engaged_by if child.engaged else ""
    said = [each for each in (before, *switch.owners) if each]
    return next((each for each in said if each not in gitops_managers), next(iter(said), ""))


def _new(
    switch: ClusterSwitch, namespace: Namespace, own: Sequence[Child], taken: Collection[tuple[str, str]]
) -> Child:
    return Child(
        namespace=namespace.name,
        name=_free_name(switch, namespace, {*taken, *((child.namespace, child.name) for child in own)}),
        engaged=False,
        selection=switch.selection,
        parent=switch.name,
        parent_uid=switch.uid,
    )


def widened(now: Selection, wanted: Selection) -> Selection | None:
    """Return what an engaged child selects from now on: what is asked for, and nothing less than before.

    None where one switch cannot say both: two selectors, a selector and a list, every model and a Deployment by name,
    or more names than a list may hold.
    """
    models = tuple(dict.fromkeys((*now.models, *wanted.models)))
    workloads = tuple(dict.fromkeys((*now.workloads, *wanted.workloads)))
    if now.everything or wanted.everything:
        return None if workloads else dataclasses.replace(wanted, models=(), selector=None)
    selector = wanted.selector if now.selector is None else now.selector
    if wanted.selector not in (None, selector) or (models and selector is not None):
        return None
    if max(len(models), len(workloads)) > MOST_NAMED:
        return None
    return dataclasses.replace(wanted, models=models, selector=selector, workloads=workloads)


def _free_name(switch: ClusterSwitch, namespace: Namespace, taken: Collection[tuple[str, str]]) -> str:
    first = names.PREFIX_CLUSTER_SWITCH + switch.name
    further = (f"{first}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain((first,), further) if (namespace.name, name) not in taken)
