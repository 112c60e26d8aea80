"""The one input of every rule: a model's spec, its facts, its observed world, its verdicts, and the time.

What several rules ask of it is derived once: neither a view nor anything in it is ever changed, only replaced.
"""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lastgood.api import modeldeployment, thresholds
from lastgood.api.thresholds import Verdict
from lastgood.decide import blast, config, unbuilt, world
from lastgood.decide.asking import Asked
from lastgood.decide.facts import Checkpoint, Facts, Switch
from lastgood.judge.verdict import Judgement, Reason


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator's own settings add to a decision."""

    gitops_managers: frozenset[str] = frozenset()
    """Field managers that apply manifests from Git: none of them releases a switch that a person engaged."""
    restart_spacing: timedelta = timedelta(seconds=1)
    """How far apart models that are released together start again (rule K10)."""
    automatic_kills: int = 5
    automatic_kills_percent: int = 20
    """How many models, or how many of a hundred, automatic kills may stop in ten minutes: the larger (rule J9)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A threshold with the newest judgement of it."""

    threshold: thresholds.ResolvedThreshold
    judgement: Judgement

    @property
    def acting(self) -> bool:
        """Whether a breach of it may have consequences: rollback, kill, or the end of a bake (rule J11)."""
        return not self.threshold.dry_run and self.threshold.on_breach != "Alert"

    @property
    def breached(self) -> bool:
        """Whether it is in breach now, and not only waiting to be clear for long enough."""
        return self.judgement.verdict is Verdict.BREACH and self.judgement.reason is not Reason.NOT_CLEAR_YET


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the operator takes no automatic action on a model: a condition's reason and one sentence."""

    reason: str
    message: str


@dataclass(frozen=True)
class Model:
    """A ModelDeployment: who it is and what it asks for."""

    namespace: str
    name: str
    uid: str
    spec: modeldeployment.ModelDeploymentSpec
    generation: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    engaged_written_by: str = ""
    """The field manager that owns `spec.killSwitch.engaged`; empty when nobody does."""
    spec_written_at: datetime | None = None
    """When any part of the spec was written last, to the second; None when that is not known."""
    asked: Mapping[str, Asked] = field(default_factory=dict)
    """By annotation: what people ask for (rule P3)."""
    engaged_owners: frozenset[str] = frozenset()
    """All field managers that own `spec.killSwitch.engaged`: those that said the same."""
    resource_version: str = ""
    unread: str = ""
    """What of it does not parse, as a path and a sentence; empty when all does. The rest counts as it is read."""

    @functools.cached_property
    def workload_name(self) -> str:
        """The Deployment that runs the model."""
        reference = self.spec.workload_ref
        return self.name if reference is None else reference.name

    @functools.cached_property
    def resolved(self) -> tuple[thresholds.ResolvedThreshold, ...]:
        """Its thresholds as they are now: every look and every drive asks for them."""
        warmup = self.spec.rollback.warmup
        return tuple(_resolved(each, warmup) for each in self.spec.thresholds if each.query is not None)

    @functools.cached_property
    def resolved_at_once(self) -> tuple[thresholds.ResolvedThreshold, ...]:
        """The same without `for`, as they act in probation (rule K9)."""
        return tuple(dataclasses.replace(each, for_=timedelta(0)) for each in self.resolved)

    @functools.cached_property
    def unbuilt(self) -> str | None:
        """A sentence about a field that this release does not act on; None when it acts on all."""
        return unbuilt.first_unbuilt(self.spec)

    @property
    def container_name(self) -> str | None:
        """The container that a version sets; None for the first."""
        reference = self.spec.workload_ref
        return None if reference is None else reference.container

    @property
    def kill_asked(self) -> bool | None:
        """What `spec.killSwitch.engaged` says; None when it says nothing."""
        asked = self.spec.kill_switch
        return asked.engaged if "engaged" in asked.model_fields_set else None


@functools.lru_cache(maxsize=20_000)
def _resolved(threshold: thresholds.Threshold, warmup: timedelta) -> thresholds.ResolvedThreshold:
    # Resolving is validating, and a model is read anew with each of its status that was written.
    return thresholds.resolve(threshold, None, warmup=warmup)


@dataclass(frozen=True)
class View:
    """Everything one decision is made from."""

    model: Model
    now: datetime
    facts: Facts = field(default_factory=Facts)
    workload: world.Workload | None = None
    orphans: tuple[world.Pod, ...] = ()
    """Where there is no workload: the pods that one of that name has left."""
    autoscaler: world.Autoscaler | None = None
    traffic: world.Traffic = field(default_factory=world.Traffic)
    traffic_refused: str = ""
    """What the API server said when the model's Service was to be switched and could not be."""
    judged: tuple[Judged, ...] = ()
    """For the version that runs now; empty while none is judged."""
    good_for: timedelta = timedelta(0)
    """For how long all acting thresholds were OK since the last switch or start."""
    blinded: bool = False
    """Whether most models on the same Prometheus are blind (rule J8)."""
    trouble: Trouble | None = None
    contents: config.Hashes = field(default_factory=dict)
    """What the ConfigMaps of the namespace hold that models use, as far as they were looked at."""
    settings: Settings = field(default_factory=Settings)
    returning: int = 1
    """How many models wait to be started again, this one among them (rule K10)."""
    room: blast.Room = field(default_factory=blast.Room)
    """Whether one more automatic kill stays within the blast radius (rule J9)."""

    @functools.cached_property
    def breaches(self) -> tuple[Judged, ...]:
        """The acting thresholds in breach (rule J11); none on the word of a Prometheus that most are blind on (J8)."""
        return () if self.blinded else tuple(j for j in self.judged if j.breached and j.acting)

    @functools.cached_property
    def engaged(self) -> tuple[Switch, ...]:
        """The engaged switches that select the model or hold its workload (rule K2)."""
        return tuple(switch for switch in self.facts.switches if switch.engaged and self.concerns(switch))

    @functools.cached_property
    def holding(self) -> tuple[Switch, ...]:
        """The switches, engaged or released, that still hold an entry for the workload."""
        name = self.model.workload_name
        return tuple(switch for switch in self.facts.switches if switch.entry(name) is not None)

    def concerns(self, switch: Switch) -> bool:
        """Whether a switch is about this model: it selects it, or holds an entry for its workload."""
        return switch.concerns(self.model.name, self.model.labels, self.model.workload_name)

    @property
    def pods(self) -> tuple[world.Pod, ...]:
        """All pods that are there of the model's workload, whether that is there or gone."""
        return self.orphans if self.workload is None else self.workload.pods

    @functools.cached_property
    def active(self) -> Checkpoint | None:
        """The version that the workload runs, if it is a known one."""
        return None if self.workload is None else self.facts.by_digest.get(self.workload.digest)
