"""Two ModelDeployments on one Deployment: the oldest acts, and switches of either hold (semantics.md, O7)."""

from collections.abc import Sequence
from typing import Any

import pytest

from lastgood.decide import policy, records, steps, view
from lastgood.decide.decision import Decision, Phase
from lastgood.kube import resources
from lastgood.observe import snapshot
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_without_prometheus import BEGIN, INTERVAL, KEY, a_version_serves, labelled


class Two:
    """The model `fraud`, which runs, and `other` on the same Deployment."""

    def __init__(self, *, older: str) -> None:
        self.store = a_version_serves(on_breach="Rollback", on_no_data="Hold")
        raw = dict(self.store.models[KEY])
        for name in ("fraud", "other"):
            created = "2026-11-20T12:00:00Z" if name == older else "2026-11-21T12:00:00Z"
            metadata = labelled(name, f"m-{name}", creationTimestamp=created)
            self.store.put(resources.MODEL_DEPLOYMENTS, {"metadata": metadata, "spec": raw["spec"]})

    def decide(self, name: str) -> tuple[snapshot.Snapshot, Decision]:
        seen = snapshot.cached(self.store, ("ml", name))
        assert seen is not None
        viewed = Memory().view(seen, BEGIN, settings=view.Settings(), fresh_for=3 * INTERVAL)
        return seen, policy.decide(viewed)

    def switch(self, *, models: Sequence[str], engaged: bool = True, restore: Sequence[Any] = ()) -> None:
        spec = {"engaged": engaged, "models": list(models), "restore": list(restore)}
        version = str(len(restore) + 1)
        metadata = labelled("incident", "s", resourceVersion=version)
        self.store.put(resources.KILL_SWITCHES, {"metadata": metadata, "spec": spec})

    def at_zero(self) -> None:
        raw = self.store.deployments[KEY]
        metadata = {**raw["metadata"], "resourceVersion": "2"}
        spec = {**raw["spec"], "replicas": 0}
        self.store.put(resources.DEPLOYMENTS, {**raw, "metadata": metadata, "spec": spec})


@pytest.mark.parametrize(("older", "younger"), [("fraud", "other"), ("other", "fraud")])
def test_the_oldest_acts_and_the_other_says_so(older: str, younger: str) -> None:
    made = Two(older=older)
    seen, decision = made.decide(younger)

    assert seen.trouble is not None
    assert seen.trouble.reason == "WorkloadConflict"
    assert older in seen.trouble.message
    assert (decision.phase, decision.records, decision.steps) == (Phase.INVALID, (), ())
    assert made.decide(older)[0].trouble is None


def test_of_two_of_the_same_second_always_the_same_acts() -> None:
    made = Two(older="neither")

    assert made.decide("fraud")[0].trouble is None
    assert made.decide("other")[0].trouble is not None


@pytest.mark.parametrize("named", ["fraud", "other"])
def test_a_switch_of_either_holds_the_deployment(named: str) -> None:
    made = Two(older="fraud")
    made.switch(models=[named])
    _, decision = made.decide(named)
    (record,) = decision.records
    assert isinstance(record, records.SetEntries)
    (entry,) = record.entries
    assert (entry.workload, entry.model, entry.replicas) == ("fraud", named, 2)

    made.switch(models=[named], restore=[{"workload": "fraud", "model": named, "replicas": 2, "ceiling": 0}])
    for name in ("fraud", "other"):
        _, decision = made.decide(name)
        assert [step.replicas for step in decision.steps if isinstance(step, steps.Scale)] == [0]


def test_the_oldest_brings_back_what_the_other_has_stopped() -> None:
    made = Two(older="fraud")
    entry = {"workload": "fraud", "model": "other", "replicas": 2, "ceiling": 0}
    made.switch(models=["other"], engaged=False, restore=[entry])
    made.at_zero()

    assert made.decide("other")[1].records == ()
    assert made.decide("fraud")[1].records != ()


def test_when_the_oldest_is_deleted_the_next_is_looked_at_and_acts() -> None:
    made = Two(older="fraud")
    concerned = made.store.remove(resources.MODEL_DEPLOYMENTS, made.store.models[KEY])

    assert ("ml", "other") in concerned
    assert made.decide("other")[0].trouble is None
