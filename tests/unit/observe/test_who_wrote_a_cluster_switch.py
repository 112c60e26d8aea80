"""Who engages and releases ClusterKillSwitches and their children is read from what the API server keeps (K8, K9)."""

from typing import Any

from lastgood.api import names
from lastgood.observe import cluster_switches, written

EARLY, LATE = "2026-03-01T12:00:00Z", "2026-03-01T12:05:00Z"


def field_of(manager: str, *, at: str = EARLY, field: str = "f:engaged") -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "time": at, "fieldsV1": {"f:spec": {field: {}}}}


def child_of(*managed: dict[str, Any]) -> dict[str, Any]:
    metadata = {
        "name": "cluster-pii",
        "namespace": "ml",
        "labels": {names.LABEL_CAUSE: names.CAUSE_CLUSTER},
        "annotations": {names.ANNOTATION_CLUSTER_SWITCH: "pii"},
        "managedFields": list(managed),
    }
    return {"metadata": metadata, "spec": {"engaged": True}}


def by_hand(*managed: dict[str, Any]) -> bool:
    raw = child_of(*managed)
    return cluster_switches.child(raw, written.switch(raw)).by_hand


def test_everybody_who_says_so_is_known_the_latest_first() -> None:
    """K8."""
    managed = [field_of("ana"), field_of("argocd-controller", at=LATE), field_of("ben", field="f:reason")]
    raw = {
        "metadata": {"name": "pii", "uid": "u", "managedFields": managed},
        "spec": {"engaged": False},
    }
    assert cluster_switches.read(raw).owners == ("argocd-controller", "ana")


def test_a_switch_that_the_operator_has_engaged_is_nobodys_own() -> None:
    """K9: where nobody keeps who wrote what, the operator's notes on it count."""
    assert not by_hand(field_of(names.FIELD_MANAGER), field_of("kubectl-edit", field="f:models"))
    assert not by_hand()


def test_one_that_somebody_else_has_engaged_or_applies_too_is_that_persons() -> None:
    """K9."""
    assert by_hand(field_of("kubectl-patch"))
    assert by_hand(field_of(names.FIELD_MANAGER), field_of("kubectl", at=LATE))
