"""F4: what the watches say only makes the operator look; it acts on what it has just read."""

from lastgood.kube import resources
from tests.unit.runtime.killed_model import HELD, PODS, Looking, Server


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
