"""What must hold of the KillSwitches of a ClusterKillSwitch: they are engaged and released with it (K2, K9)."""

import asyncio
from collections.abc import Callable
from typing import Final

from lastgood.api import names
from lastgood.kube import resources
from tests.simulation.apiserver import Write
from tests.simulation.around import GITOPS
from tests.simulation.grounds import JUST_NOW, Grounds, Violated, Writer
from tests.simulation.objects import Object, value_at

LISTS: Final = ("models", "workloads")


class Overall:
    """Checks what is written for a ClusterKillSwitch."""

    def __init__(self, grounds: Grounds) -> None:
        self._server = grounds.server

    def engage(self, write: Write, process: Writer) -> None:
        """A child is engaged for a ClusterKillSwitch that is engaged, where it selects, and never narrowed (K2)."""
        assert write.new is not None
        old, new = write.old, write.new
        self._holds(
            write, process, "K2: a child of none that is engaged", lambda parent, _: _is_engaged(parent)
        )
        if old is None or not old["spec"]["engaged"]:
            self._holds(write, process, "K2: a namespace that it does not select", _selects)
            return
        if _of_a_person(old):
            raise Violated(f"K9: a person's own kill is changed ({process.identity}): {write.body}")
        before, after = old["spec"], new["spec"]
        lost = {name for name in LISTS if not set(before.get(name) or ()) <= set(after.get(name) or ())}
        other = bool(before.get("selector")) and before["selector"] != after.get("selector")
        if "workloads" in lost or (not _all(after) and (_all(before) or lost or other)):
            raise Violated(f"K2: an engaged switch is narrowed ({process.identity}): {write.body}")

    def release(self, write: Write, process: Writer) -> None:
        """A child is released when a person, or who had engaged it, releases what it was engaged for (K8, K9)."""
        assert write.old is not None
        notes = write.old["metadata"]["annotations"]
        if _of_a_person(write.old):
            raise Violated(f"K9: a person's own kill is released ({process.identity}): {write.body}")

        def is_released(parent: Object | None, _: Object | None) -> bool:
            if parent is None or parent["spec"]["engaged"]:
                return False
            if parent["metadata"]["uid"] != notes[names.ANNOTATION_CLUSTER_SWITCH_UID]:
                return False
            by = _writer(parent)
            return by != "" and (by != GITOPS or by == notes[names.ANNOTATION_ENGAGED_BY])

        self._holds(write, process, "K9: released by somebody who may not", is_released)

    def _holds(
        self, write: Write, process: Writer, what: str, test: Callable[[Object | None, Object | None], bool]
    ) -> None:
        """Require something of a ClusterKillSwitch and a namespace, as they are or as was just read."""
        raw = write.new or write.old or {}
        key = "", raw["metadata"]["annotations"][names.ANNOTATION_CLUSTER_SWITCH]
        where = "", raw["metadata"]["namespace"]
        readings, lately = process.connection.readings, asyncio.get_running_loop().time() - JUST_NOW
        # One that is deleted and created again meanwhile does not unmake what was decided before.
        read = [*readings.all(), readings.before_anew(since=lately)]
        parents = [self._server.find(resources.CLUSTER_KILL_SWITCHES, key)]
        parents += [each.get(("clusterkillswitches", key)) for each in read]
        namespaces = [self._server.find(resources.NAMESPACES, where)]
        namespaces += [each.get(("namespaces", where)) for each in read]
        if not any(test(parent, namespace) for parent in parents for namespace in namespaces):
            raise Violated(f"{what} ({where[1]}, {process.identity}): {write.body}")


def _is_engaged(parent: Object | None) -> bool:
    return parent is not None and bool(parent["spec"]["engaged"])


def _selects(parent: Object | None, namespace: Object | None) -> bool:
    if parent is None or namespace is None:
        return False
    wanted = value_at(parent, "spec", "namespaceSelector", "matchLabels") or {}
    return bool(wanted.items() <= (namespace["metadata"].get("labels") or {}).items())


def _all(spec: Object) -> bool:
    return not any(spec.get(name) for name in (*LISTS, "selector"))


def _of_a_person(child: Object) -> bool:
    """Whether somebody else than the operator has engaged it on itself."""
    return _writer(child) != names.FIELD_MANAGER


def _writer(raw: Object) -> str:
    owners = raw["metadata"].get("managedFields") or ()
    path = ("f:spec", "f:engaged")
    return next(
        (str(each["manager"]) for each in owners if value_at(each["fieldsV1"], *path) is not None), ""
    )
