"""A Prometheus that most models are Blind on is told of once, not by an event for each of them (rule J8)."""

import dataclasses
import itertools
from datetime import timedelta
from typing import Any, cast

from lastgood.api.thresholds import Verdict
from lastgood.judge.blindness import Glance, Sight
from lastgood.judge.verdict import Reason
from lastgood.kube import client, resources
from lastgood.observe.server import Secret, Server
from lastgood.report.metrics import Metrics
from lastgood.report.outages import Outages
from lastgood.report.transitions import transitions
from lastgood.runtime.sights import Sights
from tests.unit.report import building
from tests.unit.report.building import NOON, report

UNREACHABLE = "Prometheus at http://prometheus:9090 refuses connections"


def reasons(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [notice.reason for notice in transitions(before, after)]


def degraded(status: dict[str, Any]) -> tuple[str, str]:
    found = next(each for each in status["conditions"] if each["type"] == "Degraded")
    return found["status"], found["reason"]


def test_each_model_says_so_and_none_by_an_event_of_its_own() -> None:
    blind = building.judged(Verdict.BLIND, Reason.UNREACHABLE, UNREACHABLE)
    seen = building.judged(Verdict.OK, Reason.NONE, "")
    serving = dataclasses.replace(building.baking(), judged=(seen,))
    out = dataclasses.replace(serving, judged=(blind,), blinded=True)
    back = dataclasses.replace(serving, blinded=True)  # the interval that has to be clean

    statuses = [report(serving)]
    for view in (out, back, serving):
        statuses.append(report(view, statuses[-1]))
    assert [degraded(each) for each in statuses] == [
        ("False", "NotDegraded"),
        ("True", "MassBlindness"),
        ("True", "MassBlindness"),
        ("False", "NotDegraded"),
    ]
    assert [reasons(*pair) for pair in itertools.pairwise(statuses)] == [[], [], []]


def test_a_model_that_is_left_blind_when_the_others_are_seen_again_says_so() -> None:
    blind = building.judged(Verdict.BLIND, Reason.UNREACHABLE, UNREACHABLE)
    out = dataclasses.replace(building.baking(), judged=(blind,), blinded=True)
    during = report(out)

    assert reasons(during, report(dataclasses.replace(out, blinded=False), during)) == ["NotMonitored"]


def test_a_killed_model_does_not_complain_of_prometheus() -> None:
    assert degraded(report(dataclasses.replace(building.killed(left=0), blinded=True)))[1] != "MassBlindness"


class Told:
    def __init__(self) -> None:
        self.events: list[client.Object] = []

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        assert resource is resources.EVENTS
        self.events.append(body)
        return body


def blinded_series(metrics: Metrics) -> list[str]:
    text = metrics.exposition()[0].decode()
    return [line for line in text.splitlines() if line.startswith("lastgood_prometheus_mass_blindness")]


async def test_one_event_on_the_lease_and_one_metric_tell_when_it_begins_and_ends_and_no_secret() -> None:
    told, metrics = Told(), Metrics()
    outages = Outages(
        cluster=cast("Any", told),
        metrics=metrics,
        may_act=lambda: True,
        lease=("lastgood", "lastgood-operator"),
        instance="pod-1",
    )
    sights = Sights(outages.tell)
    server = Server(
        "http://ana:t0ken-of-ana@prometheus:9090/prom?key=t0ken-of-ana",
        token=Secret("t0ken-of-ana"),
        headers=(("X-Key", Secret("t0ken-of-ana")),),
    )
    interval = timedelta(seconds=15)
    for step, blind in enumerate((False, True, True, True, False, False, False)):
        now = NOON + step * interval
        watched = sights.of(dataclasses.replace(server, timeout=5.0 + step))
        await sights.looked(watched, {n: Glance(now, blind, interval) for n in range(4)}, now=now)
        if step == 2:
            assert blinded_series(metrics)[0].endswith(" 1.0")
    assert [each["reason"] for each in told.events] == ["MassBlindness", "MassBlindnessEnded"]
    assert told.events[0]["regarding"]["kind"] == "Lease"
    assert told.events[0]["metadata"]["namespace"] == "lastgood"
    assert told.events[0]["note"].startswith(
        "4 of the 4 models on Prometheus at http://prometheus:9090/prom are"
    )
    assert blinded_series(metrics) == [
        'lastgood_prometheus_mass_blindness{server="http://prometheus:9090/prom"} 0.0'
    ]
    assert "t0ken" not in f"{told.events} {metrics.exposition()}"


async def test_an_operator_without_the_lease_tells_nobody() -> None:
    told = Told()
    outages = Outages(
        cluster=cast("Any", told),
        metrics=Metrics(),
        may_act=lambda: False,
        lease=("lastgood", "lastgood-operator"),
        instance="pod-2",
    )
    await outages.tell("http://prometheus:9090", Sight(blinded=True), NOON)
    assert told.events == []
