"""A released switch lets go of a Deployment that is gone, and of nothing that may come back (semantics.md, K2, K9).

What is held of a Deployment that nobody creates again would be held for ever: the API server would refuse to create it
with a replica, and the switch could not be deleted.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from lastgood.kube import errors, resources
from lastgood.observe.store import Store
from lastgood.runtime.holding import Holder
from tests.unit.runtime.scaling_server import NAMESPACE, Server, scaled_object

KEY = (NAMESPACE, "fraud")
NOTED = {
    "kind": "ScaledObject",
    "name": "fraud",
    "uid": "so-fraud",
    "pausedReplicas": 4,
    "held": [{"pausedReplicas": 0}],
}
"""What is on record of a ScaledObject that was set to 4 before the kill."""


def released(*scalers: Any) -> Server:
    """Return a server on which a Deployment of three replicas was deleted after its kill, and the switch released."""
    server = Server(*scalers, engaged=False)
    del server.objects["Deployment", "fraud"]
    entry = {"workload": "fraud", "model": "fraud", "replicas": 3, "ceiling": 0}
    server.objects["KillSwitch", "stop"]["spec"]["restore"] = [entry]
    return server


def held(server: Server) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = server.objects["KillSwitch", "stop"]["spec"]["restore"]
    return entries


async def look(server: Server, store: Store | None = None, *, again: bool = False) -> None:
    cluster: Any = server
    holder = Holder(
        cluster=cluster,
        store=server.store() if store is None else store,
        may_act=lambda: True,
        clock=lambda: datetime.now(UTC),
    )
    assert (await holder.hold(KEY) is not None) is again


async def test_a_deployment_that_is_gone_and_that_no_model_names_is_let_go_of_and_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """K2, K9."""
    server = released()
    await look(server)

    assert held(server) == []
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [
        (
            "Deployment ml/fraud is gone, and no ModelDeployment speaks for it, so that no switch holds it any longer: "
            "create it with as many replicas as you think right, of 3 before the kill"
        )
    ]


async def test_what_an_engaged_switch_holds_of_a_deployment_that_is_gone_stays_held() -> None:
    """K2: held is held until release."""
    server = released()
    server.objects["KillSwitch", "stop"]["spec"]["engaged"] = True
    await look(server)

    assert (len(held(server)), server.writes) == (1, [])


async def test_a_model_that_names_a_deployment_that_is_gone_keeps_what_it_comes_back_to() -> None:
    """K2, K9: whether a watch has told of the model or not."""
    server = released()
    unseen = server.store()
    await look(server.with_model())
    await look(server, unseen)

    assert (len(held(server)), server.writes) == (1, [])


async def test_a_deployment_that_only_a_watch_takes_for_gone_is_not_told_of_as_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """F4: created again, and no watch has told of that yet."""
    server = released()
    unseen = server.store()
    server.objects["Deployment", "fraud"] = Server().objects["Deployment", "fraud"]
    server.objects["Deployment", "fraud"]["spec"]["replicas"] = 1
    await look(server, unseen)

    assert (held(server), server.replicas) == ([], 1)
    assert "is left at 1 of 3 replicas" in caplog.text


async def test_the_autoscaler_of_a_deployment_that_is_gone_is_given_back_first() -> None:
    """K3: it scales the Deployment that is created next."""
    server = released((resources.SCALED_OBJECTS, scaled_object("0")))
    held(server)[0]["autoscaler"] = NOTED
    await look(server)

    assert (server.paused, held(server)) == ("4", [])
    assert server.writes == ["ScaledObject", "KillSwitch"]


@pytest.mark.parametrize("there", [True, False])
async def test_an_autoscaler_on_record_that_no_watch_has_brought_is_given_back_first(there: bool) -> None:
    """K3: a process that has just started may not know of it yet; whether the Deployment is there or gone."""
    server = released((resources.SCALED_OBJECTS, scaled_object("0")))
    if there:
        server.objects["Deployment", "fraud"] = Server().objects["Deployment", "fraud"]
    held(server)[0]["autoscaler"] = NOTED
    store = server.store()
    store.remove(resources.SCALED_OBJECTS, server.objects["ScaledObject", "fraud"])
    await look(server, store)

    assert (server.paused, held(server)) == ("4", [])
    assert server.writes == ["ScaledObject", "KillSwitch"]


async def test_an_autoscaler_on_record_that_cannot_be_read_keeps_its_entry_until_it_can() -> None:
    """K3: what it has to be given back is nowhere else."""
    server = released((resources.SCALED_OBJECTS, scaled_object("0")))
    held(server)[0]["autoscaler"] = NOTED
    store = server.store()
    store.remove(resources.SCALED_OBJECTS, server.objects["ScaledObject", "fraud"])
    server.unread["ScaledObject"] = errors.Unavailable("503 of a conversion webhook")
    await look(server, store, again=True)

    assert (len(held(server)), server.writes) == (1, [])
