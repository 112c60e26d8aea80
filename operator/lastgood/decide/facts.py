"""The durable facts a decision rests on: checkpoints with their verdicts and activations, and kill switches.

They live in the `spec` of our own resources (rule F1). Status is a report and appears nowhere here.
"""

import enum
import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lastgood.api import names
from lastgood.api.killswitch import MOST_ENTRIES, LabelSelector
from lastgood.api.modelcheckpoint import VersionVerdict
from lastgood.api.rollback import KillAction
from lastgood.decide import activation, asking, held

Template = Mapping[str, Any]
"""A whole pod template, as the API server returned it."""

Worth = VersionVerdict
"""The lasting verdict on a version: Good, Bad or Unproven."""
Why = activation.Why
why = activation.why
Activation = activation.Activation
Bounds = held.Bounds
Autoscaler = held.Autoscaler
Route = held.Route
Probation = held.Probation
Entry = held.Entry


class Cause(enum.StrEnum):
    """Who engages a switch: the value of its label `lastgood.dev/cause`."""

    PERSON = ""
    MANUAL = names.CAUSE_MANUAL
    AUTOMATIC = names.CAUSE_AUTOMATIC
    DRILL = names.CAUSE_DRILL
    CLUSTER = names.CAUSE_CLUSTER


OPERATOR = "lastgood"
"""The name that the operator gives as author of a verdict."""


@dataclass(frozen=True)
class Base:
    """The model container's own fields, before a version was laid over them."""

    container: str
    image: str | None = None
    args: tuple[str, ...] | None = None
    env: tuple[Mapping[str, Any], ...] = ()
    text = functools.cached_property(repr)  # all that it says


@dataclass(frozen=True, slots=True)
class VerdictFact:
    """What is held of a version, since when, why, and on whose word."""

    worth: Worth
    reason: str
    since: datetime
    by: str = OPERATOR
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What the ConfigMaps of a version held when they were seen last (rule O7)."""

    hashes: Mapping[str, str]
    """By name; empty for one that was not there."""
    changed_at: datetime | None = None
    """When it was first seen to be other than before."""


@dataclass(frozen=True)
class Checkpoint:
    """One saved version."""

    name: str
    version: str
    digest: str
    template: Template
    base: Base | None
    verdict: VerdictFact
    activations: tuple[Activation, ...]
    created_at: datetime
    content: Content | None = None
    """What its ConfigMaps held; None when it has none, or they were never seen."""
    resource_version: str = ""
    intact: bool = True
    """Whether the saved template still has the digest that was recorded with it (rule B4)."""
    asked: asking.Asked | None = None
    """The verdict that somebody asks for by annotation (rule P3)."""
    answers: tuple[asking.Answer, ...] = ()
    """What people asked for while it was the newest, the latest of each kind by hand and by manifest."""
    owners: tuple[Mapping[str, Any], ...] = ()
    """Its owner references: with one of the model's it is deleted with the model (rule P2)."""
    workload: str = ""
    """The Deployment whose template it is; empty where an earlier release did not say."""

    @functools.cached_property
    def last_activation(self) -> Activation | None:
        """The newest activation, or None when the version never ran by our doing."""
        return max(self.activations, key=lambda activation: activation.at, default=None)

    def fits(self, workload: str) -> bool:
        """Whether a Deployment has had its template, or may have: that of another one would be no version of it."""
        known = {self.workload, *(each.workload for each in self.activations)} - {""}
        return not known or workload in ("", *known)

    @property
    def served(self) -> bool:
        """Whether its pods were once all available, and it was never seen in breach before it was Good."""
        return self.verdict.worth is Worth.GOOD or self.verdict.reason in (SERVED, BAKED)


ACTIVATED_AT = operator.attrgetter("last_activation.at")
CREATED = "Created"
SERVED = "Served"
BREACHED = "Breached"
BAKED = "Baked"
"""Reasons of `Unproven` and `Good`: recorded, once fully available, seen in breach since, and OK for a whole bake."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One kill switch of the model's namespace."""

    name: str
    engaged: bool
    cause: Cause
    reason: str = ""
    requested_by: str = ""
    models: tuple[str, ...] = ()
    selector: LabelSelector | None = None
    workloads: tuple[str, ...] = ()
    action: KillAction | None = None
    """What it does with traffic; None for what each model says."""
    entries: tuple[Entry, ...] = ()
    model_uid: str = ""
    """For cause `manual`: the ModelDeployment whose field it mirrors."""
    bad_digest: str = ""
    """For cause `automatic`: the digest of the version that was killed."""
    engaged_at: datetime | None = None
    engaged_by_others_at: datetime | None = None
    """When somebody but the operator engaged it, or, for the API server tells no closer, changed it since."""
    released_by: str = ""
    """For cause `manual`: on whose word the mirrored field released it; empty until then. One that is engaged all the
    same was engaged again on the switch itself, by a person, who has to release it there."""
    resource_version: str = ""
    unread: str = ""
    """What of it does not parse, as a path and a sentence; empty when all does. The rest counts as it is read."""
    selection_unread: bool = False
    """Whether it may be about more than what could be read of it names."""
    _held: Mapping[str, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Every rule asks for one entry of hundreds; of two of one workload the first counts.
        object.__setattr__(self, "_held", {entry.workload: entry for entry in reversed(self.entries)})

    @property
    def whole(self) -> bool:
        """Whether all of it was read, so that all of it can be written again."""
        return not self.unread

    def entry(self, workload: str) -> Entry | None:
        """Return what this switch holds of a workload, if it does."""
        return self._held.get(workload)

    @property
    def full(self) -> bool:
        """Whether it can hold no further workload on record; it kills what it selects all the same."""
        return len(self.entries) >= MOST_ENTRIES

    def entries_with(self, workload: str, entry: Entry | None) -> tuple[Entry, ...]:
        """Return what this switch would hold with `entry` for a workload, or with nothing of it.

        All others keep their places: of a list that only grows at its end the interlock sees that it loses nothing.
        """
        if entry is not None and self.entry(workload) is None:
            return (*self.entries, entry)
        changed = (entry if held.workload == workload else held for held in self.entries)
        return tuple(held for held in changed if held is not None)

    def selects(self, model: str, labels: Mapping[str, str]) -> bool:
        """Whether the model is among those that the switch names."""
        if self.models:
            return model in self.models
        if self.selection_unread:
            return False
        if self.selector is not None:
            return self.selector.matches(dict(labels))
        return not self.workloads

    def concerns(self, model: str, labels: Mapping[str, str], workload: str) -> bool:
        """Whether it is about a model: it selects it, or names or holds its workload."""
        return workload in self.workloads or workload in self._held or self.selects(model, labels)


@dataclass(frozen=True)
class Facts:
    """Everything recorded about one model."""

    checkpoints: tuple[Checkpoint, ...] = ()
    switches: tuple[Switch, ...] = ()
    workload: str = ""
    """The Deployment that the model names now; empty makes no difference between Deployments."""

    @functools.cached_property
    def own(self) -> tuple[Checkpoint, ...]:
        """The checkpoints whose templates are the Deployment's, which the model may have named another before."""
        return tuple(c for c in self.checkpoints if c.fits(self.workload))

    @functools.cached_property
    def by_digest(self) -> Mapping[str, Checkpoint]:
        """By digest (rule F6): of several records of one template the Bad one counts."""
        whole = (checkpoint for checkpoint in self.checkpoints if checkpoint.intact)
        return {c.digest: c for c in sorted(whole, key=lambda c: c.verdict.worth is Worth.BAD)}

    @functools.cached_property
    def newest(self) -> Checkpoint | None:
        """The version that was switched to last, on whichever Deployment."""
        return max(
            (c for c in self.checkpoints if c.intact and c.activations), key=ACTIVATED_AT, default=None
        )

    @functools.cached_property
    def current(self) -> Checkpoint | None:
        """The version that was switched to last: what the workload is meant to run; None before its adoption (O5)."""
        return self.newest if self._is_here(self.newest) else None

    @functools.cached_property
    def broken(self) -> Checkpoint | None:
        """The version that was switched to last, if what was saved of it has been changed since (rule B4)."""
        newest = max((c for c in self.checkpoints if c.activations), key=ACTIVATED_AT, default=None)
        return newest if newest is not None and not newest.intact and self._is_here(newest) else None

    @property
    def left(self) -> str:
        """The Deployment that the model was about before it named one that is not adopted yet; empty for none."""
        last = None if self.newest is None or self.current is not None else self.newest.last_activation
        return "" if last is None else last.workload

    def _is_here(self, checkpoint: Checkpoint | None) -> bool:
        last = None if checkpoint is None else checkpoint.last_activation
        return last is not None and last.was_on(self.workload)

    @property
    def last_activation(self) -> Activation | None:
        """The activation of the current version."""
        return None if self.current is None else self.current.last_activation

    @property
    def page(self) -> Checkpoint | None:
        """Where an answer is written down: with the version switched to last, else with the newest saved one."""
        return self.current or max(self.checkpoints, key=lambda c: c.created_at, default=None)

    def answer(self, request: str, *, by_hand: bool) -> asking.Answer | None:
        """Return the latest answer to a kind of request that was asked by hand, or by manifest."""
        found = (a for c in self.checkpoints for a in c.answers)
        alike = (a for a in found if a.request == request and a.asked.by_hand is by_hand)
        return max(alike, key=lambda a: a.at, default=None)
