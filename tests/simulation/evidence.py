"""What speaks for an act: what Prometheus said and what pods did, as it truly was."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation import prometheus as metrics
from tests.simulation import scene as scenes
from tests.simulation.apiserver import ApiServer, Write
from tests.simulation.controllers import fingerprint
from tests.simulation.objects import Object, value_at
from tests.simulation.prometheus import Look, Prometheus, Signal
from tests.simulation.scene import Scene, Threshold
from tests.simulation.sight import Sight, moment, worth
from tests.simulation.warming import Warming

STALE: Final = 3 * scenes.INTERVAL + 25.0
"""Seconds after which a look is too old to decide on: three intervals, and a slow request."""
LONG_AGO: Final = 180.0
"""Seconds after which a crash of a pod is no reason any more: the longest gap in a watch, and a round."""


class Evidence:
    """Remembers what was seen of each model since its last start."""

    def __init__(self, scene: Scene, prometheus: Prometheus, server: ApiServer) -> None:
        self._scene = scene
        self._prometheus = prometheus
        self._server = server
        self._warming = Warming(scene, server, prometheus.injector)
        self._switches: dict[str, list[float]] = defaultdict(lambda: [0.0])
        self._starts: dict[str, list[float]] = defaultdict(lambda: [0.0])
        """Since when what is said of a model counts: its last switch, and the last start of its Deployment."""
        self._crashing: dict[str, tuple[str, str]] = {}
        """By the uid of a pod that crashes: its model, and what it runs."""
        self._crashed: dict[tuple[str, str], float] = {}
        """By model and what ran: when the last pod of it ended that had crashed."""

    def note(self, write: Write) -> None:
        """Take note of a change of the world."""
        raw = write.new or write.old or {}
        self._warming.note(write)
        if write.resource is resources.PODS:
            self._note_pod(raw, crashes=write.new is not None and crashes(write.new))
        elif write.resource is resources.DEPLOYMENTS:
            if _starts_anew(write):
                self._start(write)
        elif write.resource is resources.MODEL_CHECKPOINTS:
            old = value_at(write.old, "spec", "activations") or []
            if len(raw["spec"].get("activations") or []) > len(old):
                model = raw["metadata"]["labels"][names.LABEL_MODEL]
                self._switches[model].append(asyncio.get_running_loop().time())

    def _start(self, write: Write) -> None:
        starts = self._starts[write.key[1]]
        stopped = write.old is not None and write.old["spec"]["replicas"] == 0
        if write.new is not None and stopped and pods_of(self._server, write.key[1]) and len(starts) > 1:
            starts.pop()  # somebody had it at zero for so short a time that its pods never knew
        else:
            starts.append(asyncio.get_running_loop().time())

    def _note_pod(self, pod: Object, *, crashes: bool) -> None:
        uid = pod["metadata"]["uid"]
        if crashes:
            self._crashing[uid] = pod["metadata"]["labels"]["app"], fingerprint(pod)
        elif uid in self._crashing:
            self._crashed[self._crashing.pop(uid)] = asyncio.get_running_loop().time()

    def _since(self, model: str) -> float:
        """Return the start that a write can know of: one made between the decision and the write is not its fault.

        What is recorded of a version has no precondition on its Deployment: whoever deletes that and creates it again
        while the record is on its way is met by a decision on the one of before, as if it had been made in time.
        """
        read, known = self._read(model), self._read_versions(model)
        return max(
            *(at for at in self._switches[model] if at <= known),
            *(at for at in self._starts[model] if at <= read),
        )

    def _read_versions(self, model: str) -> float:
        """Return when the writer had read the model's checkpoints last: another may switch it while this is written."""
        decided = max(self._server.decided, 0.0)
        read = (
            at
            for (kind, (_, name)), at in self._server.looked.items()
            if kind == resources.MODEL_CHECKPOINTS.plural and name.startswith(f"{model}-")
        )
        return min(decided, max(read, default=decided))

    def _read(self, model: str) -> float:
        """Return when the writer had read the Deployment last."""
        decided = max(self._server.decided, 0.0)
        return min(decided, self._server.looked.get(("deployments", (scenes.NAMESPACE, model)), decided))

    def looks(self, asker: metrics.Asker) -> list[Look]:
        """Return what a process was told of a version since its start."""
        _, (model, _, _) = asker
        found = self._prometheus.looks[asker]
        return [
            look for look in found if look.asked >= self._since(model) and look.told <= self._server.decided
        ]

    def breached(self, model: str, version: str, threshold: Threshold, *, by: str, for_: timedelta) -> bool:
        """Whether a threshold was breached for long enough, when a process looked at it last before it decided.

        A kill asks between decision and record how many there were lately (rule J9): what is seen meanwhile is no
        part of it. When it was decided is not known, but that it was after the Deployment was read.
        """
        asker = by, (model, version, threshold.name)
        warm, read = self._warming.begins(model, then=self._server.decided), self._read(model)
        looks = [each for each in self.looks(asker) if each.asked >= warm]
        known = sum(look.told <= read for look in looks)
        return any(
            self._breached(asker, threshold, looks[:end], for_=for_) for end in range(known, len(looks) + 1)
        )

    def _breached(
        self, asker: metrics.Asker, threshold: Threshold, looks: list[Look], *, for_: timedelta
    ) -> bool:
        if not looks or self._server.decided - looks[-1].asked > STALE:
            return False

        def is_breach(signal: Signal) -> bool:
            missing = threshold.on_no_data == "Breach" and signal in metrics.MISSING
            return signal in metrics.BREACHING or missing

        gap = timedelta(seconds=2 * scenes.INTERVAL)
        at, past = self._prometheus.recalled.get(asker, (0.0, []))
        # What an operator has asked for of the past counts as if it had looked (rule J6).
        begins = max(self._since(asker[1][0]), self._warming.begins(asker[1][0], then=self._server.decided))
        recalled = [look for look in past if look.asked >= begins]
        # It is asked for with a look: that one and those after it follow it, not what was not answered before.
        newest = max((look.told for look in looks if look.told <= at), default=at)
        recalled += [look for look in looks if look.told >= newest and past and look.at > past[-1].at]
        return any(
            metrics.breached(each, for_=for_, longest_gap=gap, is_breach=is_breach)
            for each in (looks, recalled if past else looks)
        )

    def fine(self, model: str, version: str, threshold: Threshold, *, by: str) -> bool:
        """Whether a threshold was OK when a process looked last, or says nothing that its owner wants to hear of."""
        looks = self.looks((by, (model, version, threshold.name)))
        if not looks or self._server.decided - looks[-1].asked > STALE:
            return False
        ignored = threshold.on_no_data == "Ignore" and looks[-1].said not in (
            *metrics.BREACHING,
            Signal.SEVERAL,
            Signal.REFUSED,
        )
        return looks[-1].said is Signal.FINE or ignored

    def told(self, model: str, version: str, *, by: str) -> str:
        """Return what a process was told of a version, for people."""
        return "; ".join(
            f"{each.name} since {self._since(model):.1f}: "
            + ", ".join(
                f"{look.asked:.1f} {look.said}" for look in self.looks((by, (model, version, each.name)))[-6:]
            )
            for each in self._scene.thresholds
        )

    def against(self, model: str, version: str, process: Any, seen: Sight) -> bool:
        """Whether anything speaks for a rollback from a version (rules J1, R6)."""
        for each in self._scene.thresholds:
            if each.on_breach != "Rollback":
                continue
            if self.breached(model, version, each, by=process.identity, for_=each.for_):
                return True
        return self.failed_to_start(model, version, process, seen)

    def failed_to_start(self, model: str, version: str, process: Any, seen: Sight) -> bool:
        """Whether pods of a version crash, or are not there after the progress deadline (rule R6)."""
        now = asyncio.get_running_loop().time()
        for saved in seen.checkpoints:
            if saved["spec"]["saved"]["version"] == version:
                own = model, fingerprint(saved["spec"]["saved"]["podTemplate"])
                if own in self._crashing.values() or now - self._crashed.get(own, -LONG_AGO) < LONG_AGO:
                    return True
        condition = (value_at(seen.deployment, "status", "conditions") or [{}])[0]
        since = [condition.get("lastUpdateTime")] if condition else []
        current = seen.current
        since += [] if current is None else [current["spec"]["activations"][-1]["at"]]
        return all(process.clock() - moment(at) >= scenes.DEADLINE for at in since if at)

    def kills(self, model: str, process: Any, seen: Sight) -> bool:
        """Whether anything speaks for an automatic kill (rules K7, K9, R1)."""
        current = seen.current
        if seen.asks.get("suspend") or current is None:
            return False
        version = current["spec"]["saved"]["version"]
        probation = any("since" in (entry.get("probation") or {}) for _, entry in seen.entries)
        for each in self._scene.thresholds:
            acts = ("Kill", "Rollback") if probation else ("Kill",)
            for_ = timedelta(0) if probation else each.for_
            if each.on_breach in acts and self.breached(model, version, each, by=process.identity, for_=for_):
                return True
        if probation:
            return self.failed_to_start(model, version, process, seen)
        kill = kills_without_a_version(seen)
        return bool(kill and worth(current) == "Bad" and not _targets(seen, current))


def _targets(seen: Sight, current: Object) -> list[Object]:
    """Return the versions that are proven beyond doubt, and could be gone back to."""
    return [
        each
        for each in seen.checkpoints
        if each["metadata"]["name"] != current["metadata"]["name"]
        and worth(each) == "Good"
        and each["spec"].get("activations")
    ]


def _starts_anew(write: Write) -> bool:
    """Whether a Deployment stops, or starts from nothing.

    Another template that somebody else puts on it for a moment takes nothing from what was seen before.
    """
    if write.old is None or write.new is None:
        return True
    return bool((write.old["spec"]["replicas"] == 0) != (write.new["spec"]["replicas"] == 0))


def crashes(pod: Object) -> bool:
    """Whether a pod's container does not start."""
    statuses = value_at(pod, "status", "containerStatuses") or [{}]
    return bool(value_at(statuses[0], "state", "waiting"))


def kills_without_a_version(seen: Sight) -> bool:
    """Whether a model without a version to go back to is to be killed, or its fallback to stand in for it."""
    last = "Fallback" if seen.asks.get("fallback") else "Hold"
    return (value_at(seen.asks, "rollback", "onNoGoodVersion") or last) != "Hold"


def activations(seen: Sight) -> list[tuple[str, str]]:
    """Return when and why versions were switched to, the oldest first."""
    return sorted(
        (activation["at"], activation["reason"])
        for each in seen.checkpoints
        for activation in each["spec"].get("activations") or ()
    )


def may_roll_back(seen: Sight, new: Object, now: datetime) -> bool:
    """R5: whether cooldown, budget and ping-pong allow an automatic rollback; a person's Bad is never limited."""
    current = seen.current
    if current is None:
        return True
    if worth(current) == "Bad" and current["spec"]["verdict"].get("by") != names.FIELD_MANAGER:
        return True
    times = [moment(at) for at, reason in activations(seen) if reason == "Rollback"]
    if not times:
        return True
    last = max(current["spec"]["activations"], key=lambda each: moment(each["at"]))
    if last["reason"] == "Rollback" and last.get("from") == new["spec"]["saved"]["version"]:
        return False
    first = min(moment(each["at"]) for each in current["spec"]["activations"])
    recent = [at for at in times if at > now - scenes.BUDGET_PER]
    budget = value_at(seen.asks, "rollback", "budget", "max")
    if budget is None:
        return False  # the model is gone, and says nothing of it
    return (now >= times[-1] + scenes.COOLDOWN or first > times[-1]) and len(recent) < budget


def was_ordered(seen: Sight) -> bool:
    """P3: whether the version that is left is Bad, and a person says so or asks to leave it."""
    current = seen.current
    verdict = {} if current is None else current["spec"]["verdict"]
    asked = value_at(seen.model, "metadata", "annotations") or {}
    ordered = names.ANNOTATION_ROLLBACK_TO in asked or names.ANNOTATION_ABORT in asked
    return bool(verdict.get("value") == "Bad" and (ordered or verdict.get("by") != names.FIELD_MANAGER))


def may_release(seen: Sight, switch: Object, *, gitops: str) -> bool:
    """K8, K9: whether the model's own field says so, on the word of somebody who may."""
    cause = switch["metadata"].get("labels", {}).get(names.LABEL_CAUSE)
    if cause != names.CAUSE_MANUAL or value_at(seen.asks, "killSwitch", "engaged") is not False:
        return False
    owners = (seen.model or {}).get("metadata", {}).get("managedFields") or ()
    path = ("f:spec", "f:killSwitch", "f:engaged")
    writer = next((each["manager"] for each in owners if value_at(each["fieldsV1"], *path) is not None), "")
    return writer != "" and (writer != gitops or writer == switch["spec"].get("requestedBy"))


def pods_of(server: ApiServer, name: str) -> list[str]:
    """Return the names of all pods of a Deployment, those that are ending and those of one before it too."""
    return [
        raw["metadata"]["name"]
        for raw in server.of(resources.PODS).values()
        if raw["metadata"]["labels"]["app"] == name
    ]


def born(server: ApiServer, pod: str) -> float:
    """Return when a pod was created, in the loop's seconds, cut to whole ones."""
    raw = server.get(resources.PODS, scenes.NAMESPACE, pod)
    return metrics.true_seconds(moment(raw["metadata"]["creationTimestamp"]))


def created_since(raw: Object, decided: float) -> bool:
    """Whether an object was not there yet when something was decided; times are cut to whole seconds."""
    created = moment(raw["metadata"]["creationTimestamp"])
    return metrics.true_seconds(created) + 1.0 > decided
