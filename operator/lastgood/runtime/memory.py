"""What one process remembers of a model between two looks: nothing that a decision could not do without (rule F2).

Lost memory costs no decision, and mostly no time: Prometheus is asked what it kept of the past (`recalling`).
"""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from lastgood.api import thresholds
from lastgood.decide import blast
from lastgood.decide.decision import Decision
from lastgood.decide.view import Judged, Settings, View
from lastgood.judge import steady, verdict, warmup
from lastgood.kube import errors
from lastgood.observe.snapshot import Snapshot
from lastgood.runtime.refusals import Refusal
from lastgood.runtime.sights import Watched

ROOM: Final = blast.Room()


@dataclass(slots=True)
class Undone:
    """A step that was taken, and again each time that somebody had undone it."""

    what: str = ""
    by: str = ""
    """The field manager that had undone it last."""
    times: int = 0
    at: datetime | None = None
    pause: timedelta = timedelta(0)
    """How long it would wait to be undone once more; nobody is quiet before that."""
    seen: tuple[str, datetime | None] = ("", None)
    """Who owned the replicas when the step was taken, and since when."""
    decided_at: datetime | None = None
    """When what it carried out was decided, if it carried out a switch."""
    refused: int = 0
    """Times in a row that the API server did not let it be done."""


@dataclass(slots=True, eq=False)
class Memory:
    """One model's memory; `lock` keeps its drives apart, whatever lane they come from."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    settling: warmup.Settling | None = None
    tracks: Mapping[str, verdict.Track] = field(default_factory=dict)
    """By threshold name, for `start`."""
    judged: tuple[Judged, ...] = ()
    judged_at: datetime | None = None
    """When the answers were there: a slow Prometheus must not make every verdict too old to act on."""
    start: steady.Start | None = None
    """What `tracks` and `judged` belong to."""
    recalled: steady.Start | None = None
    """The start whose past was asked for already (rule J6)."""
    unanswered: tuple[steady.Start | None, datetime] | None = None
    """The start whose past cannot be asked for, and since when: its Prometheus has not answered a look at it yet."""
    fine: steady.Steady | None = None
    watched: Watched | None = None
    """The Prometheus that was asked last, as all models on it see it."""
    undone: dict[str, Undone] = field(default_factory=dict)
    """By what is changed: the workload, or where its traffic goes."""
    traffic_refused: str = ""
    """What the API server said when the Service could not be switched."""
    to_report: tuple[Snapshot, View, Decision] | None = None
    """What the newest drive came to."""
    looks_every: timedelta | None = None
    """The interval by which Prometheus is asked next."""
    proved: object = None
    """The kill of which it was read, and not only watched, that no pod of the model is left (rule K4)."""
    needed_since: datetime | None = None
    """While another process leads: since when a kill has been waiting for its scale-down (rule F5)."""
    scaler_refused: Refusal | None = None
    """The autoscaler that the API server did not let be set last."""
    failures: int = 0
    """Drives in a row that the API server refused or did not answer."""
    moved_on: errors.ClusterError | None = None
    """What the last round found changed when it was about to write."""
    said: str = ""
    """What it said to the last of them, in the words that people were told of the first like it."""
    under_way: tuple[Snapshot, View, Decision] | None = None
    """What the leading process is about to record or to do, for when the API server does not let it."""

    def prove(self, killed: View | None, *, read: bool) -> None:
        """Note that a model is decided to be off, if it is, and whether its pods were read just before."""
        kill = None if killed is None else _kill_of(killed)
        self.proved = kill if read or self.proved == kill else None

    def release(self) -> None:
        """Forget what is known of a kill that another process has ended: the next one is another."""
        self.needed_since = self.proved = None
        self.undone.clear()

    @property
    def blinded(self) -> bool:
        """Whether most models on the same Prometheus are blind, so that nothing is done on its word (rule J8)."""
        return self.watched is not None and self.watched.sight.blinded

    def note_unanswered(self, start: steady.Start | None, now: datetime) -> None:
        """Note that a look at a start got no answer from its Prometheus."""
        if self.unanswered_since(start) is None:
            self.unanswered = start, now

    def unanswered_since(self, start: steady.Start | None) -> datetime | None:
        """Return when the first look at a start was, if none has got an answer before its past was asked for."""
        return self.unanswered[1] if self.unanswered is not None and self.unanswered[0] == start else None

    def settle(self, snapshot: Snapshot, now: datetime) -> warmup.Settling:
        """Note what is seen of the pods, and return how far they have come; what was judged of others is dropped."""
        before, self.settling = (
            self.settling,
            warmup.settle(
                self.settling,
                workload=snapshot.workload,
                current=snapshot.facts.current,
                probation_since=snapshot.probation_since,
                now=now,
            ),
        )
        if warmup.has_begun_anew(before, self.settling):
            self.tracks, self.judged = {}, ()
        return self.settling

    def view(
        self,
        snapshot: Snapshot,
        now: datetime,
        *,
        settings: Settings,
        fresh_for: timedelta,
        room: blast.Room = ROOM,
    ) -> View:
        """Return the input of a decision.

        Verdicts count only for what runs now, only while they are fresh, and only on thresholds as they are asked for
        now: who has just raised a limit is not rolled back by the old one.
        """
        start = start_of(snapshot)
        same = start is not None and start == self.start
        recent = self.judged_at is not None and now - self.judged_at <= fresh_for
        asked = resolved_thresholds(snapshot) if same and recent else []
        lasted = timedelta(0)
        if self.fine is not None and self.fine.start == bake_start_of(snapshot):
            lasted = self.fine.lasted
        return View(
            model=snapshot.model,
            now=now,
            facts=snapshot.facts,
            workload=snapshot.workload,
            orphans=snapshot.orphans,
            autoscaler=snapshot.autoscaler,
            traffic=snapshot.traffic,
            traffic_refused=self.traffic_refused,
            judged=tuple(judged for judged in self.judged if judged.threshold in asked),
            good_for=lasted,
            blinded=self.blinded,
            trouble=snapshot.trouble,
            contents=snapshot.contents,
            settings=settings,
            room=room,
        )


def start_of(snapshot: Snapshot) -> steady.Start | None:
    """Return what verdicts belong to: the version that runs, since its last switch or its last start."""
    current, workload = snapshot.facts.current, snapshot.workload
    if current is None or workload is None or workload.digest != current.digest:
        return None
    last = current.last_activation
    return steady.Start(
        digest=current.digest,
        activated_at=None if last is None else last.at,
        probation_since=snapshot.probation_since,
        workload_uid=workload.uid,
    )


def bake_start_of(snapshot: Snapshot) -> steady.Start | None:
    """Return what the time belongs to that everything was OK: other content of its ConfigMaps starts a bake again."""
    start, current = start_of(snapshot), snapshot.facts.current
    if start is None or current is None or current.content is None:
        return start
    return dataclasses.replace(start, content_changed_at=current.content.changed_at)


def resolved_thresholds(snapshot: Snapshot) -> Sequence[thresholds.ResolvedThreshold]:
    """Return the model's thresholds as they are now; in probation they act without `for` (rule K9)."""
    model = snapshot.model
    return model.resolved if snapshot.probation_since is None else model.resolved_at_once


def _kill_of(view: View) -> object:
    """Return what tells one kill of one Deployment from every other."""
    switches = tuple((switch.name, switch.engaged_at) for switch in view.engaged)
    return view.model.workload_name, view.workload and view.workload.uid, switches
