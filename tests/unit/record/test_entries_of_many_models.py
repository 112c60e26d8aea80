"""What one switch holds of hundreds of models is written in few writes, and never over what a decision did not know."""

import asyncio
import copy
import dataclasses
from typing import Any, cast

import pytest

from lastgood.api import names
from lastgood.decide import facts, records
from lastgood.kube import client, errors, resources
from lastgood.record import switch as writing
from lastgood.record.entries import Entries


class Api:
    """An API server with one switch; each answer takes a turn of the loop, so that others arrive meanwhile."""

    def __init__(self, *restore: dict[str, Any]) -> None:
        self.version = 1
        self.spec: dict[str, Any] = {"engaged": True, "restore": list(restore)}
        self.annotations: dict[str, str] = {}
        self.patches = 0
        self.fault: errors.ClusterError | None = None

    def raw(self) -> client.Object:
        metadata = {"name": "stop", "namespace": "ml", "uid": "s", "resourceVersion": str(self.version)}
        return {"kind": "KillSwitch", "metadata": metadata, "spec": copy.deepcopy(self.spec)}

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        await asyncio.sleep(0)
        return self.raw()

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: client.Object
    ) -> client.Object:
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        if body["metadata"]["resourceVersion"] != str(self.version):
            raise errors.Conflict("the switch has changed")
        self.version, self.patches = self.version + 1, self.patches + 1
        self.spec |= body["spec"]
        self.annotations |= body["metadata"].get("annotations") or {}
        return self.raw()

    def held(self) -> dict[str, int]:
        return {entry["workload"]: entry["ceiling"] for entry in self.spec["restore"]}


def entries_of(api: Api, *, may_act: bool = True) -> Entries:
    return Entries(cast("Any", api), may_act=lambda: may_act)


def a_switch(*held: facts.Entry, engaged: bool = True, version: int = 1, unread: str = "") -> facts.Switch:
    return facts.Switch(
        name="stop",
        engaged=engaged,
        cause=facts.Cause.PERSON,
        entries=held,
        resource_version=str(version),
        unread=unread,
    )


def an_entry(workload: str, *, ceiling: int = 0, replicas: int = 3) -> facts.Entry:
    return facts.Entry(workload=workload, model=workload, replicas=replicas, ceiling=ceiling)


def entering(switch: facts.Switch, entry: facts.Entry) -> records.SetEntries:
    return records.SetEntries(switch, switch.entries_with(entry.workload, entry))


async def test_hundreds_of_models_enter_one_switch_in_two_writes() -> None:
    """K2: the entries of all models that one switch stops."""
    api = Api()
    entries = entries_of(api)
    workloads = [f"model-{number}" for number in range(500)]

    written = await asyncio.gather(
        *(entries.write("ml", entering(a_switch(), an_entry(name))) for name in workloads)
    )

    assert sorted(api.held()) == sorted(workloads)
    assert api.patches == 2
    assert all(
        any(e["workload"] == name for e in raw["spec"]["restore"])
        for name, raw in zip(workloads, written, strict=True)
    )


async def test_an_entry_that_somebody_else_wrote_meanwhile_is_not_written_over() -> None:
    """F3: the decision did not know it."""
    api = Api({"workload": "fraud", "model": "fraud", "replicas": 9, "ceiling": 0})
    api.version = 7

    with pytest.raises(errors.Conflict):
        await entries_of(api).write("ml", entering(a_switch(), an_entry("fraud")))

    assert api.spec["restore"][0]["replicas"] == 9


async def test_nothing_is_entered_in_a_switch_that_was_released_meanwhile() -> None:
    api = Api()
    api.version, api.spec["engaged"] = 7, False

    with pytest.raises(errors.Conflict):
        await entries_of(api).write("ml", entering(a_switch(), an_entry("fraud")))

    assert api.held() == {}


async def test_an_entry_is_written_though_others_of_the_same_switch_have_changed() -> None:
    other = {"workload": "other", "model": "other", "replicas": 1, "ceiling": 0}
    api = Api(other)
    api.version = 7

    await entries_of(api).write("ml", entering(a_switch(), an_entry("fraud")))

    assert api.held() == {"other": 0, "fraud": 0}


async def test_what_does_not_parse_of_a_switch_is_still_there_after_a_write() -> None:
    """B1: a newer release knows fields that this one does not."""
    odd = {"workload": "odd", "replicas": 2, "ceiling": 0, "autoscaler": {"kind": "Newer", "name": "x"}}
    api = Api(odd)
    known = a_switch(facts.Entry("odd", "", 2, 0), unread="spec.restore.0.autoscaler.kind: is not known")

    await entries_of(api).write("ml", entering(known, an_entry("fraud")))
    raised = a_switch(
        facts.Entry("odd", "", 2, 0), version=2, unread="spec.restore.0.autoscaler.kind: not known"
    )
    await entries_of(api).write("ml", entering(raised, facts.Entry("odd", "", 2, 1)))

    assert api.spec["restore"][0] == odd | {"ceiling": 1}
    assert api.held() == {"odd": 1, "fraud": 0}


async def test_one_refusal_reaches_all_who_wait_for_the_same_write() -> None:
    api = Api()
    api.fault = errors.Unavailable("no answer")
    entries = entries_of(api)

    outcomes = await asyncio.gather(
        *(entries.write("ml", entering(a_switch(), an_entry(f"m-{n}"))) for n in range(5)),
        return_exceptions=True,
    )

    assert [type(each) for each in outcomes] == [errors.Unavailable] * 5


async def test_nothing_is_written_once_the_lease_is_another_s() -> None:
    """F5."""
    api = Api()

    with pytest.raises(errors.Unavailable):
        await entries_of(api, may_act=False).write("ml", entering(a_switch(), an_entry("fraud")))

    assert api.patches == 0


async def test_who_waits_is_told_when_the_write_before_is_given_up() -> None:
    api = Api()
    entries = entries_of(api)
    first = asyncio.create_task(entries.write("ml", entering(a_switch(), an_entry("a"))))
    second = asyncio.create_task(entries.write("ml", entering(a_switch(), an_entry("b"))))
    await asyncio.sleep(0)
    first.cancel()

    await second

    assert "b" in api.held()


async def test_a_full_switch_takes_as_many_as_it_can_and_refuses_the_rest() -> None:
    """K2: those observe again, and find that they are killed without an entry."""
    api = Api(*({"workload": f"old-{n}", "model": "", "replicas": 1, "ceiling": 0} for n in range(995)))
    entries = entries_of(api)
    held = tuple(facts.Entry(f"old-{n}", "", 1, 0) for n in range(995))

    outcomes = await asyncio.gather(
        *(entries.write("ml", entering(a_switch(*held), an_entry(f"m-{n}"))) for n in range(10)),
        return_exceptions=True,
    )

    assert len(api.held()) == 1000
    assert sum(isinstance(each, errors.Conflict) for each in outcomes) == 5


async def test_the_version_that_was_killed_is_forgotten_in_the_write_that_lets_go_of_the_last_workload() -> (
    None
):
    """K7: it is Bad by now; whoever engages the switch again says nothing of it, whatever it was found to be since."""
    left, last = an_entry("old"), an_entry("fraud")
    api = Api(writing.wire(left), writing.wire(last))
    api.spec["engaged"] = False
    api.annotations = {
        names.ANNOTATION_BAD_DIGEST: "4f2a",
        names.ANNOTATION_ENGAGED_AT: "2026-11-22T12:00:00Z",
    }
    switch = dataclasses.replace(a_switch(left, last, engaged=False), bad_digest="4f2a")
    letting_go = [records.SetEntries(switch, switch.entries_with(name, None)) for name in ("old", "fraud")]
    first, second = letting_go
    entries = entries_of(api)

    await entries.write("ml", first)
    assert api.annotations[names.ANNOTATION_BAD_DIGEST] == "4f2a", "it holds another still"
    await entries.write("ml", second)
    assert api.held() == {}
    assert api.annotations == {
        names.ANNOTATION_BAD_DIGEST: "",
        names.ANNOTATION_ENGAGED_AT: "2026-11-22T12:00:00Z",
    }
