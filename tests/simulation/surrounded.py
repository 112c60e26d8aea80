"""What must hold of autoscalers and Services that are held for a kill, and given back: exactly as people want them."""

import asyncio
import math
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any, Final

from lastgood.kube import resources
from tests.simulation import around, sight
from tests.simulation.apiserver import Key, Write
from tests.simulation.around import NAMESPACE
from tests.simulation.autoscalers import PAUSED
from tests.simulation.grounds import JUST_NOW, Grounds, Violated, Writer
from tests.simulation.objects import Object, value_at
from tests.simulation.sight import Sight

TRIED: Final = 90.0
"""Seconds after which a refused write is tried again at the latest (rule K5)."""
SCALERS: Final = (resources.HPAS, resources.SCALED_OBJECTS)
KEPT: Final = 60
"""Changes of an autoscaler that are kept: of more time than any write is on its way."""
_FIELDS: Final = ("minReplicas", "maxReplicas", "pausedReplicas")
Bounds = dict[str, Any]
"""What an autoscaler is set to, of what the operator ever changes; what is absent is left out."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """What an autoscaler was since some time, and what people had set it to."""

    at: float
    raw: Object | None
    wish: Bounds


class Surrounded:
    """Checks what is done around a Deployment, and that it was done before the Deployment was scaled to zero."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._server = grounds.server
        self._wishes: dict[tuple[str, Key], Bounds] = {}
        """What people have set each autoscaler to; what the operator sets to hold it is nobody's wish."""
        self._past: dict[tuple[str, Key], deque[_Moment]] = defaultdict(lambda: deque(maxlen=KEPT))
        """What each autoscaler was, and was wished to be, since when: a write rests on what was read before it."""

    def note(self, write: Write) -> None:
        """Take note of what an autoscaler is set to, and of what people want it to be."""
        if write.resource not in SCALERS:
            return
        place = write.resource.plural, write.key
        if not any(each.identity == write.by for each in self._grounds.processes):
            self._note_wish(place, write)
        self._past[place].append(
            _Moment(asyncio.get_running_loop().time(), write.new, self._wishes.get(place, {}))
        )

    def _note_wish(self, place: tuple[str, Key], write: Write) -> None:
        if write.new is None:
            self._wishes.pop(place, None)
            return
        before, after = bounds({} if write.old is None else write.old), bounds(write.new)
        wish = dict(self._wishes.get(place, {}))
        for name in {*before, *after}:
            if before.get(name) != after.get(name):
                wish[name] = after.get(name)
        self._wishes[place] = {name: value for name, value in wish.items() if value is not None}

    def set_autoscaler(self, write: Write, process: Writer) -> None:
        """An autoscaler is held as is on record, at zero while its model is killed, and given back (K2, K3)."""
        assert write.new is not None
        if write.new["metadata"].get("ownerReferences"):
            raise Violated(f"K3: {write.key[1]} is KEDA's own")
        name, new = write.new["spec"]["scaleTargetRef"]["name"], bounds(write.new)
        kind, own = write.resource.kind, write.key[1]
        self._grounds.holds(
            write,
            process,
            name,
            "K3: an autoscaler that nothing was recorded of",
            lambda seen: bool(_records(seen, kind, own)),
        )
        self._grounds.holds(
            write,
            process,
            name,
            "K2: let go while killed",
            lambda seen: not seen.engaged or stands_still(new),
        )
        wish = self._wishes.get((write.resource.plural, write.key), {})
        self._grounds.holds(
            write,
            process,
            name,
            f"K3: neither held as recorded, nor as it was: {wish}",
            lambda seen: _same(new, wish) or any(_is_held(new, each) for each in _records(seen, kind, own)),
        )

    def switch_traffic(self, write: Write, process: Writer) -> None:
        """Traffic goes to the fallback of a killed model, and back to pods that are available (K1, K2, K9)."""
        assert write.new is not None
        name, selector = write.key[1], write.new["spec"]["selector"]
        self._grounds.holds(
            write,
            process,
            name,
            "F2: traffic that nothing was recorded of",
            lambda seen: bool(_routes(seen)),
        )
        if selector == {"app": around.stand_in(name)}:
            self._grounds.holds(
                write,
                process,
                name,
                "K1: traffic is taken from a model that is not held",
                # While the Deployment is gone, the switch that kills has no entry; another has the traffic on record.
                lambda seen: any(
                    switch["spec"]["engaged"]
                    or entry["ceiling"] == 0
                    or (seen.engaged and "traffic" in entry)
                    for switch, entry in seen.entries
                ),
            )
            return
        self._grounds.holds(
            write,
            process,
            name,
            "K9: traffic goes where it was not before",
            lambda seen: any(route["selector"] == selector for route in _routes(seen)),
        )
        self._grounds.holds(
            write, process, name, "K2: traffic returns to a killed model", lambda seen: not seen.engaged
        )
        self._grounds.holds(write, process, name, "K9: traffic returns to no pods", _may_serve)

    def before_zero(self, write: Write, process: Writer) -> None:
        """K1: before a Deployment is scaled to zero its traffic and its autoscaler have had their turn."""
        name, connection = write.key[1], process.connection
        seen = sight.now(self._server, name)
        if seen.model is None or not seen.engaged:
            return
        if not process.may_act() or self._server.decided < process.led_since:
            return  # a standby scales to zero and does nothing else, also if it leads when that arrives (rule F5)
        if self._was_released(process, name):
            return
        service = self._server.find(resources.SERVICES, (NAMESPACE, name))
        read = sight.as_read(connection.readings.newest, name)
        standing = self._server.find(resources.DEPLOYMENTS, (NAMESPACE, around.stand_in(name)))
        came = None in (
            *self._as_read(process, "deployments", around.stand_in(name)),
            *self._as_read(process, "services", name),
        )  # one of them was not there yet
        routed = any(r["service"] == name for r in _routes(read))
        if service is not None and standing is not None and not came and routed:
            taken = any(
                value_at(each, "spec", "selector") == {"app": around.stand_in(name)}
                for each in (service, *self._as_read(process, "services", name))
            )
            if not taken and not self._tried(process, "act.service.switch_traffic", name):
                raise Violated(f"K1: {name} is scaled to zero before its traffic was taken to the fallback")
        if self._tried(process, "act.keda.pause", name):
            return
        looked = self._server.looked.get(("scaledobjects", (NAMESPACE, name)), -JUST_NOW)
        lately = asyncio.get_running_loop().time() - JUST_NOW
        if looked <= lately or connection.unanswered.get(("scaledobjects", name), -JUST_NOW) > lately:
            return  # a kill does not wait for it: it is taken for what a watch has told, perhaps long ago
        if all(_is_unpaused(each, read, name) for each in self._scaled_objects(name, looked)):
            raise Violated(f"K1: {name} is scaled to zero before its ScaledObject was paused")

    def _was_released(self, process: Writer, name: str) -> bool:
        """Whether a model was released and still held when this was decided: that is no kill, which comes after it.

        Its traffic and its autoscaler had their turn with the kill before, and have it again with the one since.
        """
        looked = self._server.looked.get(("deployments", (NAMESPACE, name)), math.inf)
        seen = (sight.as_read(each, name) for each in process.connection.readings.all(since=looked))
        return any(
            not each.engaged and any(entry["ceiling"] == 0 for _, entry in each.entries) for each in seen
        )

    def _as_read(self, process: Writer, plural: str, name: str) -> list[Object | None]:
        """Return what an object was when this was decided: somebody may have changed it while that was on its way."""
        place = plural, (NAMESPACE, name)
        looked = self._server.looked.get(place, math.inf)
        return [each.get(place) for each in process.connection.readings.all(since=looked)]

    def _scaled_objects(self, name: str, then: float) -> list["_Moment"]:
        """Return what the ScaledObject of a model is, and what it was since it was read: a watch may tell of that."""
        place = "scaledobjects", (NAMESPACE, name)
        past = list(self._past[place])
        ends = [each.at for each in past[1:]] + [math.inf]
        since = [each for each, end in zip(past, ends, strict=True) if then <= end]
        current = self._server.find(resources.SCALED_OBJECTS, (NAMESPACE, name))
        return [*since, _Moment(then, current, since[0].wish if since else {})]

    def _tried(self, process: Writer, site: str, name: str) -> bool:
        at = process.connection.tried.get((site, name), -TRIED)
        return bool(asyncio.get_running_loop().time() - at < TRIED)

    def returns_to(self, entry: Object) -> int:
        """Return the replicas that come back: those of before, or as many as its autoscaler lets there be by now."""
        most = [int(entry["replicas"])]
        for resource in SCALERS:
            wish = self._wishes.get((resource.plural, (NAMESPACE, entry["workload"])), {})
            most += [wish[name] for name in ("maxReplicas", "pausedReplicas") if name in wish]
        return min(most)

    def astray(self, name: str) -> str:
        """Return which autoscaler of a model is not set to what people want; empty for none (rule K3)."""
        for resource in SCALERS:
            raw = self._server.find(resource, (NAMESPACE, name))
            wish = self._wishes.get((resource.plural, (NAMESPACE, name)), {})
            if raw is not None and not _same(bounds(raw), wish):
                return f"{resource.kind} {name} is set to {bounds(raw)}, not to {wish}"
        return ""


def bounds(raw: Object) -> Bounds:
    """Return what an autoscaler is set to, of what the operator ever changes."""
    spec = raw.get("spec") or {}
    paused = (value_at(raw, "metadata", "annotations") or {}).get(PAUSED)
    found = {
        "minReplicas": spec.get("minReplicas", spec.get("minReplicaCount")),
        "maxReplicas": spec.get("maxReplicas", spec.get("maxReplicaCount")),
        "scaleUp": value_at(spec, "behavior", "scaleUp", "selectPolicy"),
        "pausedReplicas": None if paused is None else int(paused),
    }
    return {name: value for name, value in found.items() if value is not None}


def stands_still(new: Bounds) -> bool:
    """Whether an autoscaler that is set like this starts nothing that is at zero."""
    return new.get("pausedReplicas") == 0 or new.get("scaleUp") == "Disabled"


def _is_unpaused(moment: _Moment, read: Sight, name: str) -> bool:
    """Whether a ScaledObject is not paused at zero though that is on record, with what comes back.

    What people set it to since is put on record first, in each switch that holds it, and that waits for the zero.
    """
    if moment.raw is None or bounds(moment.raw).get("pausedReplicas") == 0:
        return False
    uid, on_record = moment.raw["metadata"]["uid"], _records(read, "ScaledObject", name)
    return bool(on_record) and all(
        each.get("uid") == uid and all(each.get(field) == moment.wish.get(field) for field in _FIELDS)
        for each in on_record
    )


def _same(new: Bounds, wish: Bounds) -> bool:
    return {**new, "scaleUp": new.get("scaleUp", "Max")} == {**wish, "scaleUp": wish.get("scaleUp", "Max")}


def _records(seen: Sight, kind: str, name: str) -> list[Object]:
    """Return what switches have on record of an autoscaler."""
    found = (entry["autoscaler"] for _, entry in seen.entries if "autoscaler" in entry)
    return [each for each in found if (each["kind"], each["name"]) == (kind, name)]


def _is_held(new: Bounds, record: Object) -> bool:
    return any(
        all(new.get(name) == value for name, value in held.items()) for held in record.get("held") or ()
    )


def _routes(seen: Sight) -> list[Object]:
    return [entry["traffic"] for _, entry in seen.entries if "traffic" in entry]


def _may_serve(seen: Sight) -> bool:
    """Whether pods of a model are available, or nothing ran before its kill."""
    if any(entry["replicas"] == 0 for _, entry in seen.entries):
        return True
    status = value_at(seen.deployment, "status") or {}
    return seen.replicas > 0 and int(status.get("availableReplicas") or 0) >= seen.replicas
