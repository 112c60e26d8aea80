"""A switch may be created long before it is engaged, and engaged again long after: its kill begins then (rule K4)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lastgood.api import names
from lastgood.decide import facts
from lastgood.observe import written

CREATED, ENGAGED, TOUCHED = "2026-01-01T09:00:00Z", "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"
ENGAGED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def wrote(manager: str, at: str, *fields: str, **more: str) -> dict[str, Any]:
    """One of `managedFields`."""
    owned: dict[str, Any] = {"f:spec": {f"f:{field}": {} for field in fields}}
    return {"manager": manager, "operation": "Update", "time": at, "fieldsV1": owned, **more}


def a_switch(*managed: dict[str, Any], engaged: bool = True, noted: str = "") -> facts.Switch:
    metadata = {
        "name": "stop",
        "namespace": "ml",
        "creationTimestamp": CREATED,
        "annotations": {names.ANNOTATION_ENGAGED_AT: noted},
        "managedFields": list(managed),
    }
    read = written.switch({"metadata": metadata, "spec": {"engaged": engaged, "reason": "leak"}})
    assert read is not None
    return read


@pytest.mark.parametrize("manager", ["kubectl-patch", "argocd-controller"])
def test_one_that_somebody_engages_is_engaged_from_then_on_whenever_it_was_created(manager: str) -> None:
    """K4."""
    made = wrote("kubectl-create", CREATED, "reason")
    assert a_switch(made, wrote(manager, ENGAGED, "engaged")).engaged_by_others_at == ENGAGED_AT


def test_what_others_wrote_of_it_and_the_operator_s_own_writes_say_nothing_of_that() -> None:
    """K4: the operator notes itself when it engages a switch; its later writes are entries."""
    own = wrote(names.FIELD_MANAGER, TOUCHED, "engaged", "restore")
    reason, status = (
        wrote("kubectl-edit", TOUCHED, "reason"),
        wrote("x", TOUCHED, "engaged", subresource="status"),
    )

    assert a_switch(own, reason, status).engaged_by_others_at is None
    assert a_switch(own, wrote("kubectl-patch", ENGAGED, "engaged")).engaged_by_others_at == ENGAGED_AT


def test_when_it_was_released_is_not_when_it_was_engaged() -> None:
    assert a_switch(wrote("kubectl-patch", ENGAGED, "engaged"), engaged=False).engaged_by_others_at is None


def test_what_an_automatic_switch_says_of_the_version_is_as_old_as_its_own_kill() -> None:
    """K7: who engages it again by hand makes no word of a person older than it is."""
    assert a_switch(wrote("kubectl-patch", TOUCHED, "engaged"), noted=ENGAGED).engaged_at == ENGAGED_AT
