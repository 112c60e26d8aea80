"""A raise refused by an interlock that has not seen yet what allows it is tried again soon, without alarm (F2)."""

import logging
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from lastgood.decide.view import Settings
from lastgood.kube import client, errors
from lastgood.observe.store import Key, Store
from lastgood.runtime.driving import Driver, Outcome
from lastgood.runtime.memory import Memory
from lastgood.runtime.refusals import LASTING

REFUSAL = (
    '{"message": "deployments.apps \\"fraud\\" is forbidden: ValidatingAdmissionPolicy \'lastgood-hold\' with binding '
    "'lastgood-hold' denied request: held by KillSwitch fraud-spec: fraud cannot be raised from 0 to 1 replicas\"}"
)


class Refused(Driver):
    """A driver whose every write meets the interlock."""

    async def _rounds(self, key: Key, memory: Memory) -> Outcome:
        raise client._refusal("PATCH", "/scale", 403, REFUSAL)


def test_a_refusal_of_the_interlock_is_told_from_a_right_that_is_missing() -> None:
    assert type(client._refusal("PATCH", "/scale", 403, REFUSAL)) is errors.Held
    assert type(client._refusal("PATCH", "/scale", 403, '{"message": "cannot patch"}')) is errors.Forbidden


async def test_a_raise_refused_for_lag_is_tried_again_soon_and_alarms_only_if_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nobody = cast("Any", None)
    driver = Refused(
        cluster=nobody,
        store=Store(),
        actor=nobody,
        reports=nobody,
        settings=Settings(),
        clock=lambda: datetime.now(UTC),
    )
    memory = Memory()
    with caplog.at_level(logging.INFO, logger="lastgood"):
        waits = [await driver.drive(("ml", "fraud"), memory) for _ in range(LASTING)]
    levels = [record.levelname for record in caplog.records]
    assert levels == ["INFO"] * (LASTING - 1) + ["WARNING"]
    first = waits[0].again_in
    assert first is not None
    assert first.total_seconds() <= 0.2
    assert "held by KillSwitch fraud-spec" in caplog.text
