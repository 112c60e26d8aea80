"""Which autoscaler counts for a Deployment, and what is read of it (semantics.md, K3)."""

from collections.abc import Sequence
from typing import Any

import pytest

from lastgood.decide import facts, world
from lastgood.kube import client, errors, resources
from lastgood.observe import autoscalers
from tests.unit.runtime.scaling_server import hpa, scaled_object

WORKLOAD = ("ml", "fraud")
HPA, SCALED_OBJECT = resources.HPAS, resources.SCALED_OBJECTS


def seen(*found: autoscalers.Found, switches: Sequence[facts.Switch] = ()) -> world.Autoscaler | None:
    known = autoscalers.Autoscalers()
    for each in found:
        known.put(*each)
    recorded = [
        (entry.autoscaler.kind, entry.autoscaler.name)
        for switch in switches
        for entry in switch.entries
        if entry.autoscaler
    ]
    return autoscalers.of("fraud", known.of(WORKLOAD, recorded=recorded), switches)


def holding(kind: str, name: str) -> list[facts.Switch]:
    entry = facts.Entry("fraud", "fraud", 2, 0, autoscaler=facts.Autoscaler(kind, name))
    return [facts.Switch("stop", engaged=True, cause=facts.Cause.PERSON, entries=(entry,))]


def test_an_hpa_that_a_scaled_object_owns_is_seen_by_nobody() -> None:
    """K3."""
    owner = {"kind": "ScaledObject", "name": "fraud", "uid": "so"}
    assert seen((HPA, hpa(ownerReferences=[owner]))) is None
    assert (
        seen((HPA, hpa(ownerReferences=[owner])), switches=holding("HorizontalPodAutoscaler", "fraud"))
        is None
    )


def test_a_scaled_object_goes_before_an_hpa() -> None:
    found = seen((HPA, hpa("a")), (SCALED_OBJECT, scaled_object()))
    assert found is not None
    assert found.kind == "ScaledObject"


def test_the_autoscaler_on_record_goes_before_any_other_while_it_is_there() -> None:
    """K3: what was held has to be given back."""
    recorded = holding("HorizontalPodAutoscaler", "b")
    found = seen((HPA, hpa("a")), (HPA, hpa("b")), switches=recorded)
    assert found is not None
    assert found.name == "b"
    found = seen((HPA, hpa("a")), switches=recorded)
    assert found is not None
    assert found.name == "a"


def test_an_autoscaler_on_record_that_scales_something_else_counts_until_it_is_given_back() -> None:
    """K3: it must not keep the other workload from being scaled."""
    moved = hpa("b", least=1)
    moved["spec"] |= {"maxReplicas": 1, "scaleTargetRef": {"kind": "Deployment", "name": "other"}}
    before, at_one = facts.Bounds(2, 6), facts.Bounds(1, 1)
    record = facts.Autoscaler("HorizontalPodAutoscaler", "b", before, "hpa-b", held=(at_one,))
    entry = facts.Entry("fraud", "fraud", 2, 0, autoscaler=record)
    held = [facts.Switch("stop", engaged=True, cause=facts.Cause.PERSON, entries=(entry,))]

    found = seen((HPA, hpa("a")), (HPA, moved), switches=held)
    assert found is not None
    assert (found.name, found.elsewhere) == ("b", True)
    moved["spec"] |= {"minReplicas": 2, "maxReplicas": 6}
    found = seen((HPA, hpa("a")), (HPA, moved), switches=held)
    assert found is not None
    assert (found.name, found.elsewhere) == ("a", False)


def test_a_scaled_object_reads_with_kedas_defaults() -> None:
    raw = {"metadata": scaled_object()["metadata"], "spec": {"scaleTargetRef": {"name": "fraud"}}}
    found = seen((SCALED_OBJECT, raw))
    assert found is not None
    assert found.bounds == facts.Bounds(0, 100)


@pytest.mark.parametrize(
    ("written", "read"), [(None, None), ("0", 0), ("5", 5), ("", None), ("-1", None), ("many", None)]
)
def test_the_number_at_which_keda_pauses_is_read_where_it_is_one(
    written: str | None, read: int | None
) -> None:
    found = seen((SCALED_OBJECT, scaled_object(written)))
    assert found is not None
    assert found.paused_replicas == read


def test_numbers_that_are_none_keep_no_workload_from_being_killed() -> None:
    """B2: a CRD of another release may admit anything."""
    raw = scaled_object()
    raw["spec"] |= {"minReplicaCount": "few", "maxReplicaCount": None}
    found = seen((SCALED_OBJECT, raw))
    assert found is not None
    assert found.bounds == facts.Bounds(0, 100)


@pytest.mark.parametrize(("manager", "others"), [("lastgood", False), ("kubectl", True)])
def test_whose_the_behavior_is_is_read_from_the_managed_fields(manager: str, others: bool) -> None:
    """K3: a behavior that only the operator has written goes with its hold."""
    owned = {"manager": manager, "fieldsV1": {"f:spec": {"f:behavior": {"f:scaleUp": {}}}}}
    found = seen((HPA, hpa(managedFields=[owned])))
    assert found is not None
    assert found.others_behavior is others


def test_a_new_metric_in_its_status_concerns_nobody_and_a_new_bound_its_workload() -> None:
    known = autoscalers.Autoscalers()
    assert known.put(HPA, hpa()) == {WORKLOAD}
    assert known.put(HPA, {**hpa(), "status": {"currentReplicas": 3}}) == set()
    assert known.put(HPA, hpa(least=1)) == {WORKLOAD}
    elsewhere = hpa(least=1)
    elsewhere["spec"]["scaleTargetRef"]["name"] = "other"
    assert known.put(HPA, elsewhere) == {WORKLOAD, ("ml", "other")}
    assert known.remove(HPA, elsewhere) == {("ml", "other")}


class Api:
    """An API server that gives one answer for every autoscaler."""

    def __init__(self, answer: client.Object | errors.ClusterError) -> None:
        self.answer = answer

    async def get(self, *_: Any) -> client.Object:
        if isinstance(self.answer, errors.ClusterError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (hpa(least=3), [3]),
        (errors.NotFound("gone"), []),
        (errors.Forbidden("no rights"), [0]),
        (errors.Unavailable("503"), [0]),
    ],
)
async def test_what_cannot_be_read_afresh_is_taken_as_the_watch_has_brought_it(
    answer: client.Object | errors.ClusterError, least: list[int]
) -> None:
    """K6: a kill waits for no autoscaler."""
    api: Any = Api(answer)
    found = await autoscalers.fresh(api, [(HPA, hpa())])
    assert [raw["spec"]["minReplicas"] for _, raw in found] == least
