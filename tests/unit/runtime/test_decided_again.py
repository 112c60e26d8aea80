"""F4: what the watches say only makes the operator look; it acts on what it has just read."""

from typing import Any

from lastgood.api import names
from lastgood.kube import client, resources
from tests.unit.runtime.killed_model import HELD, PODS, Looking, Server, metadata


async def test_what_the_watches_have_not_told_of_is_seen_before_anything_is_done() -> None:
    server = Server(restore=[HELD], replicas=3)
    leader = Looking(server, leads=True)
    metadata = {**server.deployment["metadata"], "resourceVersion": "2"}
    server.deployment = {"metadata": metadata, "spec": {"replicas": 0, "template": PODS}}
    await leader.drive()
    assert server.writes == [], "somebody else has scaled it down already"


async def test_what_the_api_server_confirms_is_done() -> None:
    server = Server(restore=[HELD], replicas=3)
    await Looking(server, leads=True).drive()
    assert server.writes == [("Deployment", {"replicas": 0})]


async def test_a_kill_reads_no_saved_version_for_it_rests_on_none() -> None:
    """F4, K6."""
    server = Server(restore=[HELD], replicas=3)
    await Looking(server, leads=True).drive()
    assert server.lists_before_writing == [resources.KILL_SWITCHES]
    assert server.writes == [("Deployment", {"replicas": 0})]


async def test_what_follows_a_kill_is_decided_on_saved_versions_read_afresh() -> None:
    """F4, K4: its deployment is at zero, and that no pod is left is said of what was just read."""
    server = Server(restore=[HELD], replicas=0)
    await Looking(server, leads=True).drive()
    assert resources.MODEL_CHECKPOINTS in server.lists
    assert server.writes == []


class Released(Server):
    """A model whose own field releases its switch; as that is written down, a person engages another."""

    def __init__(self) -> None:
        super().__init__(restore=[HELD], replicas=0)
        said = {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:killSwitch": {"f:engaged": {}}}}}
        self.model["metadata"] |= {"managedFields": [said]}
        self.model["spec"] |= {"killSwitch": {"engaged": False}}
        self.switch["metadata"] |= {
            "name": "fraud-spec",
            "labels": {names.LABEL_CAUSE: names.CAUSE_MANUAL},
            "annotations": {names.ANNOTATION_MODEL_UID: "model-1"},
        }
        self.switch["spec"] |= {"models": ["fraud"], "requestedBy": "kubectl"}
        self.leak = {"metadata": metadata("leak", "switch-of-a-person"), "spec": {"engaged": False}}

    async def list(
        self, resource: resources.Resource, namespace: str | None, **_: Any
    ) -> list[client.Object]:
        switches = [{**each, "kind": "KillSwitch"} for each in (self.switch, self.leak)]
        return switches if resource is resources.KILL_SWITCHES else []

    async def patch(
        self, resource: resources.Resource, namespace: str | None, name: str, body: Any, **_: Any
    ) -> client.Object:
        self.writes.append((name, body["spec"]))
        switch = self.leak if name == "leak" else self.switch
        self._change(switch, body["spec"])
        if name != "leak":
            self._change(self.leak, {"engaged": True})
        return {**switch, "kind": "KillSwitch"}

    def _change(self, switch: dict[str, Any], spec: dict[str, Any]) -> None:
        version = str(int(switch["metadata"]["resourceVersion"]) + 1)
        switch["metadata"] = {**switch["metadata"], "resourceVersion": version}
        switch["spec"] = {**switch["spec"], **spec}


async def test_a_switch_that_is_engaged_as_another_is_released_keeps_the_model_at_zero() -> None:
    """K2."""
    server = Released()
    await Looking(server, leads=True, records=True).drive()
    assert [name for name, _ in server.writes] == ["fraud-spec", "leak"]
    assert server.leak["spec"]["restore"] == [HELD]
