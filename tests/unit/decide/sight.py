"""What `decide` sees of a model in its small world: replicas, a template, pods, an autoscaler, and thresholds."""

import functools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.api import modeldeployment, names, thresholds
from lastgood.api.thresholds import Verdict
from lastgood.decide import asking, blast, facts, records, steps, template, world
from lastgood.decide.view import Judged, Model, Settings, Trouble, View
from lastgood.judge import steady
from lastgood.judge.verdict import Judgement, Reason, Track

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GITOPS = frozenset({"argocd-controller"})


def pod_template(image: str, **container: Any) -> dict[str, Any]:
    fields = {"name": "model", "image": image, **container}
    return {"metadata": {"labels": {"app": "m"}}, "spec": {"containers": [fields]}}


@dataclass
class Sight:
    """One model, its facts and its workload, at one time, and what the rules see of them."""

    spec: dict[str, Any]
    now: datetime = START
    interval: timedelta = MINUTE
    name: str = "m"
    uid: str = "uid-1"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    asked_by: dict[str, str] = field(default_factory=dict)
    """By annotation: the field manager that wrote it, if it is not kubectl annotate."""
    asked_at: dict[str, datetime] = field(default_factory=dict)
    engaged_written_by: str = "ana"
    engaged_also_by: str = ""
    checkpoints: list[facts.Checkpoint] = field(default_factory=list)
    switches: list[facts.Switch] = field(default_factory=list)
    template: facts.Template = field(default_factory=lambda: pod_template("img:a"))
    pods_template: facts.Template | None = None
    replicas: int = 4
    paused: bool = False
    rolling: bool = False
    progressed_at: datetime | None = None
    present: bool = True
    pod_labels: dict[str, str] = field(default_factory=dict)
    pods_left: int = -1
    autoscaler: world.Autoscaler | None = None
    load: int | None = None
    """Replicas that the autoscaler would like; None while it is content with what there is."""
    breaches: set[tuple[str, str]] = field(default_factory=set)
    """(image, threshold) that breach now."""
    silent: set[tuple[str, str]] = field(default_factory=set)
    """(image, threshold) that have no data now."""
    crashing: set[str] = field(default_factory=set)
    """Images whose pods never become ready."""
    emptied: set[str] = field(default_factory=set)
    """Digests whose ReplicaSet was scaled to zero."""
    service: world.Service | None = None
    stand_in: world.StandIn | None = None
    unread: str = ""
    claimed_by: str = ""
    """The other model that the Service is switched for."""
    """Why the Service or the fallback cannot be read now."""
    refused: str = ""
    """What the API server says to every change of the Service."""
    trouble: Trouble | None = None
    returning: int = 1
    blinded: bool = False
    contents: dict[str, str] = field(default_factory=dict)
    """Hashes of the ConfigMaps that were looked at."""
    room: blast.Room = field(default_factory=blast.Room)
    fine: steady.Steady | None = None
    elsewhere: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: the Deployments that the model does not name now, as it left them (`moving`)."""
    log: list[records.Record | steps.Step] = field(default_factory=list)

    @property
    def known(self) -> facts.Facts:
        switches = tuple(sorted(self.switches, key=lambda s: s.name))
        return facts.Facts(tuple(self.checkpoints), switches, self.deployment)

    @property
    def deployment(self) -> str:
        """The Deployment that the model names."""
        reference = self.spec.get("workloadRef") or {}
        return str(reference.get("name", self.name))

    @property
    def digest(self) -> str:
        return template.digest(self.template)

    @property
    def workload(self) -> world.Workload | None:
        if not self.present:
            return None
        pods = self._pods()
        wanted = template.digest(self.template)
        available = sum(pod.ready and pod.digest == wanted for pod in pods)
        return world.Workload(
            name=self.deployment,
            uid="w",
            resource_version="1",
            replicas=self.replicas,
            template=self.template,
            digest=wanted,
            paused=self.paused,
            rolling=self.rolling,
            complete=available == self.replicas == len(pods),
            progressed_at=self.progressed_at,
            pods=pods,
        )

    def _pods(self) -> tuple[world.Pod, ...]:
        made_from = self.pods_template or self.template
        crashes = image_of(made_from) in self.crashing
        digest = template.digest(made_from)
        return tuple(
            world.Pod(
                name=f"pod-{digest[:4]}-{number}",
                uid=f"{number}",
                digest=digest,
                ready=not crashes,
                terminating=False,
                failure="CrashLoopBackOff" if crashes else "",
                failure_message="back-off restarting" if crashes else "",
                labels=self.pod_labels,
                replica_set="" if digest in self.emptied else f"m-{digest[:8]}",
            )
            for number in range(self.replicas if self.pods_left < 0 else self.pods_left)
        )

    @property
    def resolved(self) -> list[thresholds.ResolvedThreshold]:
        spec = self.parsed
        return [thresholds.resolve(t, None, warmup=timedelta(0)) for t in spec.thresholds]

    @property
    def parsed(self) -> modeldeployment.ModelDeploymentSpec:
        return _parsed(json.dumps({"workloadRef": {"name": self.name}, **self.spec}))

    @property
    def judged(self) -> tuple[Judged, ...]:
        workload, current = self.workload, self.known.current
        if workload is None or current is None or workload.digest != current.digest:
            return ()
        return tuple(Judged(each, self._judgement(each, workload)) for each in self.resolved)

    def _judgement(self, threshold: thresholds.ResolvedThreshold, workload: world.Workload) -> Judgement:
        key = (image_of(workload.template), threshold.name)
        if workload.replicas == 0 or not any(pod.ready for pod in workload.pods):
            return Judgement(Verdict.INSUFFICIENT, Reason.NOT_RUNNING, "nothing runs")
        if key in self.silent:
            return Judgement(Verdict.BLIND, Reason.NO_DATA, "the query gives no series")
        if key in self.breaches:
            track = Track(was_clear=True, began_at=self.now)
            return Judgement(Verdict.BREACH, Reason.ABOVE_MAX, "9 is above the maximum 1", 9.0, track)
        return Judgement(Verdict.OK, value=0.0)

    def start(self) -> steady.Start | None:
        workload, current = self.workload, self.known.current
        if workload is None or current is None or workload.digest != current.digest:
            return None
        last = current.last_activation
        since = [
            e.probation.since
            for e in (s.entry(self.deployment) for s in self.switches)
            if e and e.probation and e.probation.since
        ]
        changed = None if current.content is None else current.content.changed_at
        return steady.Start(current.digest, last.at if last else None, max(since, default=None), changed)

    def view(self) -> View:
        start = self.start()
        lasted = self.fine.lasted if self.fine is not None and self.fine.start == start else timedelta(0)
        model = Model(
            namespace="ns",
            name=self.name,
            uid=self.uid,
            spec=self.parsed,
            labels=self.labels,
            annotations=self.annotations,
            engaged_written_by=self.engaged_written_by,
            engaged_owners=frozenset({self.engaged_written_by, self.engaged_also_by}) - {""},
            asked={
                key: asking.Asked(
                    value,
                    by=self.asked_by.get(key, "kubectl-annotate"),
                    at=self.asked_at.setdefault(key, self.now),
                )
                for key, value in self.annotations.items()
                if key in names.REQUESTS
            },
        )
        return View(
            model=model,
            now=self.now,
            facts=self.known,
            workload=self.workload,
            autoscaler=self.autoscaler,
            traffic=world.Traffic(
                None if self.unread else self.service,
                None if self.unread else self.stand_in,
                self.unread,
                self.claimed_by,
            ),
            traffic_refused=self.refused,
            judged=self.judged,
            good_for=lasted,
            trouble=self.trouble,
            returning=self.returning,
            contents=self.contents,
            settings=Settings(gitops_managers=GITOPS),
            room=self.room,
            blinded=self.blinded,
        )


@functools.lru_cache(maxsize=1000)
def _parsed(spec: str) -> modeldeployment.ModelDeploymentSpec:
    return modeldeployment.ModelDeploymentSpec.model_validate_json(spec)


def image_of(pod_template_: facts.Template) -> str:
    return str(pod_template_["spec"]["containers"][0]["image"])
