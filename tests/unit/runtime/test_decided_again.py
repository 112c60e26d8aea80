"""F4: what the watches say only makes the operator look; it acts on what it has just read."""

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
