"""Statuses and events against a real API server: what is written, what is not written again, and what is refused."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devcluster import Cluster
from lastgood.kube import client, resources
from lastgood.report.counted import CountedCluster
from lastgood.report.events import Events
from lastgood.report.metrics import Metrics
from lastgood.report.status import Statuses
from lastgood.report.transitions import transitions
from tests.unit.report import building

pytestmark = pytest.mark.cluster
MODELS = resources.MODEL_DEPLOYMENTS


@pytest.fixture
async def api(cluster: Cluster) -> AsyncIterator[client.ApiServer]:
    connected = await client.connect(kubeconfig=str(cluster.kubeconfig))
    yield connected
    await connected.aclose()


@pytest.fixture
async def model(api: client.ApiServer, namespace: str) -> client.Object:
    return await api.create(MODELS, namespace, {"metadata": {"name": "fraud"}, "spec": dict(building.SPEC)})


def requests(metrics: Metrics, verb: str, outcome: str = "ok") -> float:
    labels = {"verb": verb, "outcome": outcome}
    return metrics.registry.get_sample_value("lastgood_api_requests_total", labels) or 0.0


def place(model: client.Object) -> dict[str, Any]:
    found = model["metadata"]
    return {"namespace": found["namespace"], "name": found["name"], "uid": found["uid"]}


async def test_every_scene_is_a_status_that_the_api_server_keeps_whole(
    api: client.ApiServer, model: client.Object
) -> None:
    statuses, where = Statuses(api), place(model)
    seen: dict[str, Any] = {}
    for scene in (
        building.baking(),
        building.rolling_back(arrived=False),
        building.rolling_back(arrived=True),
        building.killed(left=2),
        building.killed(left=0),
        building.recovering(),
        building.view(),
    ):
        wanted = building.report(scene, seen)
        assert await statuses.write(MODELS, **where, seen=seen, wanted=wanted)
        read = await api.get(MODELS, where["namespace"], "fraud")
        seen = read["status"]
        assert seen == wanted


async def test_a_status_that_says_the_same_is_not_written(
    api: client.ApiServer, model: client.Object
) -> None:
    metrics = Metrics()
    statuses, where = Statuses(CountedCluster(api, metrics)), place(model)
    wanted = building.report(building.baking())
    assert await statuses.write(MODELS, **where, seen={}, wanted=wanted)
    assert not await statuses.write(MODELS, **where, seen=wanted, wanted=wanted)
    restarted = Statuses(CountedCluster(api, metrics))
    assert not await restarted.write(MODELS, **where, seen=wanted, wanted=wanted)
    assert requests(metrics, "patch") == 1


async def test_an_older_copy_from_the_watch_is_neither_taken_for_news_nor_written_over(
    api: client.ApiServer, model: client.Object
) -> None:
    metrics = Metrics()
    statuses, where = Statuses(CountedCluster(api, metrics)), place(model)
    first = building.report(building.baking())
    second = building.report(building.rolling_back(arrived=False), first)
    for wanted in (first, second):
        await statuses.write(MODELS, **where, seen={}, wanted=wanted)
    for late in ({}, first, second):
        assert statuses.latest(where["uid"], late) == second
        assert not await statuses.write(MODELS, **where, seen=late, wanted=second)
    assert requests(metrics, "patch") == 2


async def test_a_status_that_somebody_has_wiped_is_written_again(
    api: client.ApiServer, model: client.Object
) -> None:
    statuses, where = Statuses(api), place(model)
    wanted = building.report(building.baking())
    await statuses.write(MODELS, **where, seen={}, wanted=wanted)
    await statuses.write(MODELS, **where, seen=wanted, wanted=wanted)  # the watch has brought it
    await api.patch(MODELS, where["namespace"], "fraud", {"status": None}, subresource="status")
    assert statuses.latest(where["uid"], {}) == {}
    again = building.report(building.later(building.baking(), 60))
    assert await statuses.write(MODELS, **where, seen={}, wanted=again)
    assert (await api.get(MODELS, where["namespace"], "fraud"))["status"] == again


async def test_a_status_of_a_model_that_is_gone_is_dropped_in_silence(
    api: client.ApiServer, namespace: str
) -> None:
    statuses = Statuses(api)
    wanted = building.report(building.baking())
    assert not await statuses.write(MODELS, namespace=namespace, name="gone", uid="u", seen={}, wanted=wanted)


async def test_a_refused_status_is_logged_once_and_raises_nothing(
    api: client.ApiServer, model: client.Object, caplog: pytest.LogCaptureFixture
) -> None:
    statuses, where = Statuses(api), place(model)
    refused = {"state": 7}
    for _ in range(3):
        assert not await statuses.write(MODELS, **where, seen={}, wanted=refused)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "status.state" in warnings[0].getMessage()


async def test_kubectl_shows_the_columns_the_conditions_and_the_events(
    cluster: Cluster, api: client.ApiServer, model: client.Object
) -> None:
    where = place(model)
    namespace = where["namespace"]
    before = building.report(building.baking())
    after = building.report(building.rolling_back(arrived=False), before)
    await Statuses(api).write(MODELS, **where, seen={}, wanted=after)
    events = Events(api, instance="lastgood-0")
    await events.write(MODELS, **where, notices=transitions(before, after), now=building.NOON)
    shown = cluster.kubectl("get", "mdep", "fraud", "-n", namespace, "--no-headers")
    assert shown.stdout.split()[:5] == ["fraud", "1.4.0", "1.5.0", "1.4.0", "RolledBack"]
    cluster.kubectl(
        "wait", "mdep/fraud", "-n", namespace, "--for=condition=RolledBack=Unknown", "--timeout=5s"
    )
    found = cluster.kubectl("get", "events.events.k8s.io", "-n", namespace, "-o", "json").stdout
    listed = json.loads(found)["items"]
    assert {item["reason"] for item in listed} == {"RollingBack", "VersionBad"}
    assert all(item["regarding"]["uid"] == where["uid"] for item in listed)
    described = cluster.kubectl("describe", "mdep", "fraud", "-n", namespace)
    assert "from 1.5.0 to 1.4.0: threshold error-ratio: 0.5 is above the maximum 0.02" in described.stdout


async def test_events_that_cannot_be_written_stop_nothing(
    api: client.ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    notices = transitions({}, building.report(building.baking()))
    events = Events(api, instance="lastgood-0")
    for _ in range(2):
        await events.write(
            MODELS, namespace="no-such-namespace", name="fraud", uid="u", notices=notices, now=building.NOON
        )
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
