"""Every breach that lasts is acted on, or people are told why it is not; every kill that people ask for happens.

The other invariants say what must never be done: an operator that does nothing breaks none of them. This one asks
after each step, from the true state of the world, what was owed and since when. Time counts only while the operator is
able to see and to act: one process leads, its watches are fresh, its clock is right, nothing that it waits for is slow
(`hindrance`). What it answers in place of acting is believed only where it is true (`refusals`), and a truth that has
just ended starts the time anew.

A kill is asked for in two ways, by the model's own field and by a KillSwitch. Neither needs Prometheus, a right clock
or a valid threshold, and nothing is an excuse (rules K5, K6, F5).
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation import evidence, refusals, sight
from tests.simulation import prometheus as metrics
from tests.simulation import scene as scenes
from tests.simulation.apiserver import ApiServer, Write
from tests.simulation.controllers import fingerprint
from tests.simulation.faults import Injector
from tests.simulation.grounds import Violated
from tests.simulation.hindrance import Hindrance, Watched
from tests.simulation.objects import Object, value_at
from tests.simulation.prometheus import Prometheus, Signal
from tests.simulation.scene import Scene, Threshold
from tests.simulation.sight import Sight

GRACE: Final = 5.0
"""Seconds from the look that shows a breach to the fact that answers it."""
KILL_GRACE: Final = 3.0
"""Seconds from a kill that is asked for to a workload at zero; who scales it up again is undone each second."""
WINDOW: Final = 20.0
"""Seconds: the window of every threshold; no data counts as a breach only once it is full."""


_EXCUSES: Final[dict[str, refusals.Excuses | None]] = {
    "Kill": refusals.OF_KILLS,
    "Rollback": refusals.OF_ROLLBACKS,
    "Hold": None,
    "Alert": None,
}


class Liveness:
    """Asks after each step what was owed, and whether it was done or told."""

    def __init__(
        self,
        scene: Scene,
        server: ApiServer,
        prometheus: Prometheus,
        processes: Sequence[Watched],
        injector: Injector,
    ) -> None:
        self._scene = scene
        self._server = server
        self._prometheus = prometheus
        self._processes = processes
        self._hindrance = Hindrance(processes, injector)
        self._anew: dict[str, float] = defaultdict(float)
        """By model: when its workload, its version or its recovery last became another, which every breach ends."""
        self._available: dict[str, float] = {}
        """By model: since when only available pods of its version are seen; absent while that is not so."""
        self._raised: dict[str, float] = defaultdict(float)
        """By Deployment: when it last got replicas."""
        self._condemned: dict[str, float] = defaultdict(float)
        """By model: when a verdict on one of its versions was last given."""
        self._said_at = 0.0
        """When a model or a switch was last written."""
        self._asked: dict[str, float] = {}
        """By model: since when somebody asks that it be killed."""
        self._late: list[Violated] = []
        """Kills that came too late, though they came."""
        self._answered: dict[tuple[str, str], float] = {}
        """By model and what speaks against it: when the operator last told truly why it does nothing."""

    # What changes

    def note(self, write: Write) -> None:
        """Take note of a change of the world."""
        raw, now = write.new or write.old or {}, asyncio.get_running_loop().time()
        if write.resource is resources.DEPLOYMENTS:
            self._note_deployment(write, now)
        elif write.resource is resources.MODEL_CHECKPOINTS:
            name = raw["metadata"]["labels"][names.LABEL_MODEL]
            if value_at(write.old, "spec", "activations") != value_at(raw, "spec", "activations"):
                self._anew[name] = now
            if value_at(write.old, "spec", "verdict") != value_at(raw, "spec", "verdict"):
                self._condemned[name] = now
        elif write.resource is resources.MODEL_DEPLOYMENTS:
            self._said_at = now
            if write.old is None or write.new is None:
                self._anew[write.key[1]] = now
        elif write.resource is resources.KILL_SWITCHES:
            self._said_at = now
            for name in self._scene.models:
                if (write.old and sight.entry_of(write.old, name)) != sight.entry_of(raw, name):
                    self._anew[name] = now

    def _note_deployment(self, write: Write, now: float) -> None:
        name = write.key[1]
        if write.old is None or write.new is None:
            self._anew[name] = self._raised[name] = now
            return
        old, new = write.old["spec"], write.new["spec"]
        if old["template"] != new["template"] or (old["replicas"] == 0) != (new["replicas"] == 0):
            self._anew[name] = now
        if new["replicas"] > old["replicas"]:
            self._raised[name] = now
        if new["replicas"] == 0 < old["replicas"]:
            self._hindrance.look(now)
            try:
                self._look_at_kills(name, sight.now(self._server, name), now)
            except Violated as late:
                self._late.append(late)

    # What is owed

    def look(self) -> None:
        """Check what was owed until now. Raises Violated."""
        if self._late:
            raise self._late[0]
        now = asyncio.get_running_loop().time()
        self._hindrance.look(now)
        for name in self._scene.models:
            seen = sight.now(self._server, name)
            self._look_at_kills(name, seen, now)
            self._look_at_pods(name, seen, now)
            for threshold in self._scene.thresholds:
                self._look_at_breach(name, threshold, seen, now)
            self._look_at_what_runs(name, seen, now)

    def _look_at_kills(self, name: str, seen: Sight, now: float) -> None:
        """K2, K5, K6: a model that is killed has no replicas, whatever else is wrong."""
        asked = seen.engaged or value_at(seen.asks, "killSwitch", "engaged") is True
        if not asked or seen.deployment is None:
            self._asked.pop(name, None)
            return
        since = max(self._asked.setdefault(name, self._said_at), self._raised[name])
        late = self._hindrance.of_kills(since) + KILL_GRACE
        if seen.replicas > 0 and now > late:
            raise Violated(
                f"K6: {name} still has {seen.replicas} replicas, and a kill is asked for since {since:.1f}; "
                f"nothing has hindered it since {late - KILL_GRACE:.1f}"
            )

    def _look_at_pods(self, name: str, seen: Sight, now: float) -> None:
        if not _is_available(self._server, name, seen):
            self._available.pop(name, None)
        elif self._available.get(name, -1.0) < self._anew[name]:
            self._available[name] = now

    def _look_at_breach(self, name: str, threshold: Threshold, seen: Sight, now: float) -> None:
        """J1, J5, K7, K9, R1: what breaches for longer than it may is answered."""
        current, available = seen.current, self._available.get(name)
        if current is None or available is None:
            return
        metric = name, current["spec"]["saved"]["version"], threshold.name
        since, signal = (self._prometheus.history[metric] or [(0.0, Signal.FINE)])[-1]
        missing = threshold.on_no_data == "Breach" and signal in metrics.MISSING
        if signal not in metrics.BREACHING and not missing:
            return
        # It warms up from when its pods are seen to be available, which a watch that lags delays (rule J7).
        counts = (
            self._hindrance.of_sight(available) + scenes.WARMUP.total_seconds() + (WINDOW if missing else 0.0)
        )
        probation = any("since" in (entry.get("probation") or {}) for _, entry in seen.entries)
        for_ = timedelta(0) if probation else threshold.for_
        due = max(self._hindrance.of_breaches(since), counts) + for_.total_seconds() + scenes.INTERVAL
        self._owed(name, threshold.name, _EXCUSES[threshold.on_breach], seen=seen, due=due, now=now)

    def _look_at_what_runs(self, name: str, seen: Sight, now: float) -> None:
        """R1, R6, F2: what needs no Prometheus: a Bad version, pods that crash, a switch that is not carried out."""
        current, deployment = seen.current, seen.deployment
        if current is None or deployment is None or seen.model is None:
            return
        decided = fingerprint(current["spec"]["saved"]["podTemplate"])
        bad = sight.worth(current) == "Bad"
        since = self._anew[name]
        if decided != fingerprint(deployment["spec"]["template"]):
            if not bad and not self._said(name, seen).contested:
                # A Bad version is put nowhere, so a switch to one is owed from when it is called something better.
                due = self._hindrance.of_breaches(max(since, self._condemned[name]))
                self._owed(name, "a switch that was decided", refusals.OF_KILLS, seen=seen, due=due, now=now)
            return
        if bad:
            due = self._hindrance.of_breaches(max(since, self._condemned[name]))
            self._owed(name, "a Bad version", refusals.OF_ROLLBACKS, seen=seen, due=due, now=now)
        # A pod that is being deleted says nothing of its version: it may hang, and have crashed long ago.
        own = [pod for pod in _live_pods(self._server, deployment) if fingerprint(pod) == decided]
        crashing = [_since(pod) for pod in own if evidence.crashes(pod)]
        if crashing and sight.worth(current) == "Unproven":
            # What a person has just called Unproven was Good until then, and stayed in spite of a crash.
            known = max(min(crashing), since, self._condemned[name])
            due = self._hindrance.of_breaches(known) + scenes.INTERVAL
            self._owed(name, "a crash", refusals.OF_ROLLBACKS, seen=seen, due=due, now=now)

    def _owed(
        self, name: str, what: str, excuses: refusals.Excuses | None, *, seen: Sight, due: float, now: float
    ) -> None:
        """Require that what was due at a moment was done, or is refused for a reason that is true.

        Without excuses it is enough that the breach itself is told.
        """
        if seen.engaged or seen.replicas == 0:
            return  # it was killed
        said = self._said(name, seen)
        if excuses is None:
            told = what in said.breached
        else:
            told = refusals.hold(said, excuses, seen, ahead=self._hindrance.ahead)
        if told:
            self._answered[name, what] = now
            return
        since = max(due, self._answered.get((name, what), 0.0) + scenes.INTERVAL)
        if now > since + GRACE:
            raise Violated(
                f"liveness: {what} of {name} is not answered, though nothing hinders it since {since:.1f}; "
                f"told: {said.text or 'nothing'}"
            )

    def _said(self, name: str, seen: Sight) -> refusals.Said:
        """Return what people are told: on the model itself where the operator reports, else what it would say."""
        return refusals.by_status(seen.model) if self._scene.reports else self._hindrance.said(name)


def _is_available(server: ApiServer, name: str, seen: Sight) -> bool:
    """Whether the version that was switched to last is all that runs, and every pod of it is available."""
    if seen.deployment is None or seen.current is None or seen.replicas == 0 or seen.model is None:
        return False
    status = seen.deployment.get("status") or {}
    counts = [status.get(count) for count in ("replicas", "updatedReplicas", "availableReplicas")]
    if counts != [seen.replicas] * len(counts):
        return False
    wanted = fingerprint(seen.current["spec"]["saved"]["podTemplate"])
    pods = _pods(server, seen.deployment)
    return (
        fingerprint(seen.deployment["spec"]["template"]) == wanted
        and len(pods) == seen.replicas
        and all(fingerprint(pod) == wanted and "deletionTimestamp" not in pod["metadata"] for pod in pods)
        and not any(evidence.crashes(pod) for pod in pods)
    )


def _pods(server: ApiServer, deployment: Object) -> list[Object]:
    kept = server.of(resources.PODS)
    return [kept[scenes.NAMESPACE, name] for name in evidence.pods_of(server, deployment["metadata"]["name"])]


def _live_pods(server: ApiServer, deployment: Object) -> list[Object]:
    return [pod for pod in _pods(server, deployment) if "deletionTimestamp" not in pod["metadata"]]


def _since(pod: Object) -> float:
    """Return since when a pod crashes, at the latest, in the loop's seconds."""
    condition = value_at(pod, "status", "conditions")[0]
    return metrics.true_seconds(sight.moment(condition["lastTransitionTime"])) + 1.0
