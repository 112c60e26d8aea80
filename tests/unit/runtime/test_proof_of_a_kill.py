"""That no pod is left is said of one kill, by pods that were read after all that was done for it (semantics.md, K4)."""

import copy
from datetime import timedelta
from typing import Any

from lastgood.decide.decision import Decision
from lastgood.kube import client, errors, resources
from tests.unit.runtime.scaling_server import PODS, Server, metadata
from tests.unit.runtime.test_refused_autoscalers import Looking


def owned(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"kind": kind, "name": name, "uid": f"{kind.lower()}-{name}", "controller": True}]


class Cluster(Server):
    """A model that is killed, whose watch of pods lags: what is there of them is only read."""

    def __init__(self) -> None:
        super().__init__()
        self.with_model()
        self.raised_when_read = self.pod_when_scaled = False
        self.lists_of_pods = 0
        meta = metadata("fraud-1", "replicaset", ownerReferences=owned("Deployment", "fraud"))
        self._keep(resources.REPLICA_SETS, {"metadata": meta, "spec": {"replicas": 3, "template": PODS}})

    def scale(self, replicas: int) -> None:
        known = copy.deepcopy(self.objects["Deployment", "fraud"])
        known["spec"]["replicas"] = replicas
        known["metadata"]["resourceVersion"] += "0"
        self.objects["Deployment", "fraud"] = known

    def engage(self, *, engaged: bool) -> None:
        self.objects["KillSwitch", "stop"]["spec"]["engaged"] = engaged

    def start_a_pod(self) -> None:
        meta = metadata("fraud-1-a", "pod", ownerReferences=owned("ReplicaSet", "fraud-1"))
        self._keep(resources.PODS, {"metadata": meta, "spec": {}, "status": {}})

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        if self.raised_when_read and resource is resources.DEPLOYMENTS:
            self.raised_when_read = False
            self.scale(3)
        return await super().get(resource, namespace, name)

    async def list(self, resource: resources.Resource, *args: Any, **how: Any) -> list[client.Object]:
        self.lists_of_pods += resource is resources.PODS
        return await super().list(resource, *args, **how)

    async def patch(self, resource: resources.Resource, *args: Any, **how: Any) -> client.Object:
        changed = await super().patch(resource, *args, **how)
        if self.pod_when_scaled and resource is resources.DEPLOYMENTS:
            self.start_a_pod()
        return changed


async def told(looking: Looking) -> Decision:
    _, decision = await looking.drive()
    assert decision is not None
    return decision


async def test_a_kill_is_not_proved_by_pods_that_were_read_before_it_was_scaled_down_again() -> None:
    """Somebody has scaled it up meanwhile, and its pods came after they had been listed."""
    cluster = Cluster()
    looking = Looking(cluster)
    cluster.unread["Pod"] = errors.Unavailable("not now")
    await looking.drive()
    cluster.unread.clear()
    cluster.raised_when_read = cluster.pod_when_scaled = True

    decision = await told(looking)

    assert cluster.replicas == 0
    assert decision.phase == "Stopping"


async def test_who_leads_again_reads_the_pods_of_a_kill_that_another_made_meanwhile() -> None:
    cluster = Cluster()
    looking = Looking(cluster)
    assert (await told(looking)).phase == "Killed"
    looking.actor.leads = False
    cluster.engage(engaged=False)
    cluster.scale(3)
    await looking.drive()
    cluster.engage(engaged=True)
    cluster.scale(0)
    cluster.start_a_pod()
    await looking.drive()
    looking.actor.leads = True
    cluster.lists_of_pods = 0

    assert (await told(looking)).phase == "Stopping"
    assert cluster.lists_of_pods == 1


async def test_a_kill_that_is_proved_is_not_read_again_while_it_stands() -> None:
    """A killed model costs no request, and another switch that joins is a kill to be proved."""
    cluster = Cluster()
    looking = Looking(cluster)
    await told(looking)
    cluster.lists_of_pods = 0

    assert [(await told(looking)).phase for _ in range(3)] == ["Killed"] * 3
    assert cluster.lists_of_pods == 0


async def test_a_second_kill_is_no_contest_though_another_process_ended_the_first() -> None:
    """K5."""
    cluster = Cluster()
    looking = Looking(cluster)
    await told(looking)
    looking.actor.leads = False
    cluster.engage(engaged=False)
    cluster.scale(3)
    looking.now += timedelta(days=1)
    await looking.drive()
    cluster.engage(engaged=True)
    looking.actor.leads = True
    looking.now += timedelta(days=1)

    assert (await told(looking)).contested == ""
    assert cluster.replicas == 0


async def test_a_clock_that_is_set_back_makes_nobody_contest_for_longer_than_the_quiet() -> None:
    """K5, K4: who leads is told of as if the clock had always been as it is."""
    cluster = Cluster()
    looking = Looking(cluster)
    await told(looking)
    for _ in range(3):
        cluster.scale(3)
        await looking.drive()
    assert (await told(looking)).contested
    looking.now -= timedelta(hours=2)

    decision = await told(looking)

    assert (decision.phase, decision.contested) == ("Killed", "")


async def test_a_clock_that_is_set_back_keeps_no_standby_from_helping() -> None:
    """F5: the leader hangs."""
    cluster = Cluster()
    entry = {"workload": "fraud", "model": "fraud", "replicas": 3, "ceiling": 0}
    cluster.objects["KillSwitch", "stop"]["spec"]["restore"] = [entry]
    looking = Looking(cluster)
    looking.actor.leads = False
    await looking.drive()
    looking.now -= timedelta(hours=1)
    await looking.drive()
    looking.now += timedelta(seconds=2)
    await looking.drive()

    assert cluster.replicas == 0
