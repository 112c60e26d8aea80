"""What a write of the operator rests on: the world as it is, or as its process has just read it."""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation import sight
from tests.simulation.apiserver import ApiServer, Write, precondition
from tests.simulation.connection import Connection
from tests.simulation.objects import Object, by_workload
from tests.simulation.readings import Reading
from tests.simulation.scene import NAMESPACE
from tests.simulation.sight import Sight

JUST_NOW: Final = 60.0
"""Seconds since a read on which a write may rest: up to ten slow requests, one after the other."""
AT_ONCE: Final = 20.0
"""Seconds before the newest reading of a model in which all else was read on which the same decision rests."""
PRECONDITION: Final = frozenset(
    {
        "deployments",
        "horizontalpodautoscalers",
        "scaledobjects",
        "services",
        "modelcheckpoints",
        "killswitches",
    }
)


RECORDS: Final = (resources.MODEL_CHECKPOINTS, resources.KILL_SWITCHES)
"""Kinds in which facts are recorded; a decision records or acts, and never both (rule F2)."""


class Violated(AssertionError):  # noqa: N818  (named after what it says of an invariant)
    """An invariant does not hold."""


class Writer(Protocol):
    """What is asked of the process that writes."""

    identity: str
    connection: Connection
    led_since: float
    """Since when it holds the lease, or held it last."""
    alone: bool
    """Whether it is the only one of its world, and needs no lease."""

    def clock(self) -> datetime:
        """Return what it takes for the time of day."""
        ...

    def may_act(self) -> bool:
        """Whether it holds the lease."""
        ...


class Grounds:
    """Holds a write against the world as it is, and as its process has just read it."""

    def __init__(self, server: ApiServer, processes: Sequence[Writer]) -> None:
        self.server = server
        self.processes = processes

    def was_read(self, write: Write, process: Writer, site: str) -> None:
        """Require a precondition, and a reading just before (rules F3, F4). Raises Violated."""
        if (
            write.old is not None
            and write.resource.plural in PRECONDITION
            and precondition(write.body) is None
        ):
            raise Violated(f"F3: {site} carries no precondition: {write.body}")
        if site == "act.deployment.label_pod":
            return
        for name in models_of(write):
            if not self.fresh(process, name):
                raise Violated(f"F4: {site} on {name} rests on nothing that was read just before")

    def fresh(self, process: Writer, name: str) -> bool:
        """Whether a process has just read a model, or its Deployment where there is no model."""
        connection = process.connection
        at = connection.read_at.get((NAMESPACE, name))
        if at is None:
            return False
        awake = max(float(at), min(connection.stopped_until, asyncio.get_running_loop().time()))
        return bool(asyncio.get_running_loop().time() - awake <= JUST_NOW)

    def holds(
        self,
        write: Write,
        process: Writer,
        name: str,
        what: str,
        test: Callable[[Sight], bool],
        *,
        survives: bool = False,
    ) -> None:
        """Require something of the world as it is, or as the process has just read it.

        What `survives` may be on its way while somebody deletes what it rests on, and creates that again.

        Where a write carries a precondition it rests on what it is written over, and on no earlier reading of that.
        """
        if test(sight.now(self.server, name)):
            return
        acts_on = "" if write.resource in RECORDS else name
        since = (
            min(self.server.decided, process.connection.read_at.get((NAMESPACE, name), math.inf)) - AT_ONCE
        )
        readings = list(process.connection.readings.all(since=since, after_the_record_of=acts_on))
        # What is there of an autoscaler, or after a write of ours, may have come by a watch.
        read = [each for each in readings if _knows(each, write, name)] or readings
        if survives:
            read.append(process.connection.readings.before_anew(since=since))
        if self.fresh(process, name) and any(test(sight.as_read(each, name)) for each in read):
            return
        raise Violated(f"{what} ({name}, {process.identity}): {write.body}")


def _knows(seen: Reading, write: Write, name: str) -> bool:
    """Whether a reading has an object as a write changes it, where that carries a precondition.

    What a switch holds of one workload is written over any version of the switch that says the same of that workload.
    """
    wanted = None if write.old is None else precondition(write.body)
    if wanted is None:
        return True
    read = seen.get((write.resource.plural, write.key))
    if read is None:
        return False
    return bool(read["metadata"]["resourceVersion"] == wanted) or (
        write.resource is resources.KILL_SWITCHES and _says_the_same(read, write, name)
    )


def _says_the_same(read: Object, write: Write, name: str) -> bool:
    """Whether a switch was read as it is, for what a write to its entries changes of a workload."""
    old, new = write.old, write.new
    if old is None or new is None or {**old["spec"], "restore": None} != {**new["spec"], "restore": None}:
        return False  # more is written than what it holds
    return all(
        (
            read["metadata"]["uid"] == old["metadata"]["uid"],
            read["spec"]["engaged"] == old["spec"]["engaged"],
            by_workload(read).get(name) == by_workload(old).get(name),
        )
    )


def models_of(write: Write) -> list[str]:
    """Return the models that a write is about."""
    raw = write.new or write.old or {}
    if write.resource is resources.MODEL_CHECKPOINTS:
        return [raw["metadata"]["labels"][names.LABEL_MODEL]]
    if write.resource is resources.REPLICA_SETS:
        return [raw["metadata"]["ownerReferences"][0]["name"]]
    if write.resource in (resources.HPAS, resources.SCALED_OBJECTS):
        return [raw["spec"]["scaleTargetRef"]["name"]]
    if write.resource is resources.KILL_SWITCHES:
        before = {} if write.old is None else by_workload(write.old)
        after = by_workload(raw)
        return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return [write.key[1]]
