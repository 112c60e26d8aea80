"""Cases that went wrong elsewhere, in which the measurements have a part: replayed through judge and decide."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from lastgood.api.thresholds import Verdict
from lastgood.api.timestamps import written
from lastgood.decide import policy, records, view
from lastgood.decide.decision import Decision
from lastgood.judge import readings
from lastgood.kube import resources
from lastgood.observe import prometheus, snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Store
from lastgood.runtime.evaluation import Asks, Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.observe import answering
from tests.unit.runtime.test_without_prometheus import (
    BEGIN,
    INTERVAL,
    KEY,
    Outage,
    a_version_serves,
    labelled,
)

GOOD, BETWEEN, BAD = 0.0, 0.08, 0.9


class Guarded:
    """The model of which 1.5.0 runs after 1.4.0, looked at once an interval."""

    def __init__(
        self, *, asks: Asks | None = None, url: str = "http://127.0.0.1:1", **threshold: Any
    ) -> None:
        self.store: Store = a_version_serves(on_breach="Rollback", on_no_data="Hold")
        self.answers = Outage()
        self.memory = Memory()
        self.now = BEGIN
        self.evaluation = Evaluation(
            asks=asks or self.answers, default_server=Server(url=url), clock=lambda: self.now
        )
        raw = dict(self.store.models[KEY])
        given = {key.rstrip("_"): value for key, value in threshold.items()}
        limits = {**raw["spec"]["thresholds"][0], **given}
        self._put(raw, resources.MODEL_DEPLOYMENTS, {**raw["spec"], "thresholds": [limits]})

    def _put(self, raw: dict[str, Any], resource: resources.Resource, spec: Any, **others: Any) -> None:
        version = str(int(raw["metadata"]["resourceVersion"]) + 1)
        metadata = {**raw["metadata"], "resourceVersion": version}
        self.store.put(resource, {**raw, "metadata": metadata, "spec": spec, **others})

    async def look(self, answer: readings.Reading | float = GOOD) -> Decision:
        """Let an interval pass, and look."""
        self.answers.answer = readings.Values((answer,)) if isinstance(answer, float) else answer
        self.now += INTERVAL
        seen = snapshot.cached(self.store, KEY)
        assert seen is not None
        await self.evaluation.evaluate({KEY: (seen, self.memory)})
        viewed = self.memory.view(seen, self.now, settings=view.Settings(), fresh_for=3 * INTERVAL)
        return policy.decide(viewed)

    @property
    def verdict(self) -> str:
        return self.memory.judged[0].judgement.verdict.value

    def rolls(self, *, updated: int, at: datetime) -> None:
        """The Deployment controller tells how far its rollout is, in whole seconds, as Kubernetes does."""
        raw = dict(self.store.deployments["ml", "fraud"])
        ended = updated == 2
        reason = "NewReplicaSetAvailable" if ended else "ReplicaSetUpdated"
        progressing = {"type": "Progressing", "status": "True", "reason": reason}
        counts = {"replicas": 2 if ended else 3, "updatedReplicas": updated, "availableReplicas": 2}
        conditions = [{**progressing, "lastUpdateTime": written(at.replace(microsecond=0))}]
        status = {**counts, "observedGeneration": 1, "conditions": conditions}
        self._put(raw, resources.DEPLOYMENTS, raw["spec"], status=status)

    def switched(self, at: datetime) -> None:
        """The version that runs was switched to at a moment."""
        raw = dict(self.store.checkpoints["ml", "fraud-1.5.0"])
        activations = [{"at": written(at), "reason": "Rollout", "from": "1.4.0"}]
        self._put(raw, resources.MODEL_CHECKPOINTS, {**raw["spec"], "activations": activations})


def condemns(decision: Decision) -> bool:
    return any(isinstance(record, records.GiveVerdict) for record in decision.records)


async def test_a_bad_value_during_a_rollout_counts_once_the_new_version_is_alone_and_warm() -> None:
    """J7: before that it may be the old version's, or that of pods that come and go."""
    made = Guarded(warmup="1m")
    made.switched(made.now)
    made.rolls(updated=1, at=made.now)
    for _ in range(8):
        assert not condemns(await made.look(BAD))
        assert made.verdict == Verdict.INSUFFICIENT.value
    made.rolls(updated=2, at=made.now)
    looks = [await made.look(BAD) for _ in range(7)]

    assert [condemns(decision) for decision in looks].index(True) == 1 + timedelta(minutes=1) // INTERVAL


async def test_a_value_between_the_limits_neither_acts_nor_ends_what_it_follows() -> None:
    """J1: neither bound is met."""
    made = Guarded(max=0.1, clearMax=0.05, clearFor="1m")
    assert [condemns(await made.look(BETWEEN)) for _ in range(20)] == [False] * 20
    assert made.verdict == Verdict.OK.value
    assert condemns(await made.look(BAD))
    assert [condemns(await made.look(BETWEEN)) for _ in range(20)] == [False] * 20
    assert made.verdict == Verdict.BREACH.value


async def test_a_value_that_flaps_around_the_limit_never_acts_and_never_makes_a_version_good() -> None:
    """J1, O3: `for` asks for a breach that lasts."""
    made = Guarded(for_="1m")
    for _ in range(100):
        for value in (BAD, BAD, GOOD):
            assert not condemns(await made.look(value))
    assert made.memory.fine is not None
    assert made.memory.fine.lasted == timedelta(0)


async def test_a_value_that_flaps_slowly_acts_in_the_first_breach_that_lasts() -> None:
    """J1."""
    made = Guarded(for_="1m")
    for _ in range(3):
        for _ in range(3):
            assert not condemns(await made.look(BAD))
        assert not condemns(await made.look(GOOD))
    looks = [condemns(await made.look(BAD)) for _ in range(6)]
    assert looks.index(True) == timedelta(minutes=1) // INTERVAL


async def test_a_prometheus_that_restarted_without_its_samples_condemns_nothing_as_they_come_in() -> None:
    """J2, J3, J5: refused, then an empty answer, then 0/0, then few samples of the restored version."""
    made = Guarded(for_="0s", onNoData="Hold")
    await made.look(GOOD)
    gone: list[readings.Reading | float] = [
        *[readings.Unreachable("connection refused")] * 4,
        *[readings.Values(())] * 4,
        *[float("nan")] * 4,
    ]
    for answer in gone:
        decision = await made.look(answer)
        assert not decision.records
        assert not decision.steps
    await made.look(GOOD)
    assert made.verdict == Verdict.OK.value


@pytest.fixture(params=[-90.0, 90.0], ids=["behind", "ahead"])
def astray(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Prometheus that says that all is bad, whose clock is a minute and a half off ours."""
    answer = answering.vector("0.9")
    script = answering.Script(results={'errors{version="1.5.0"}': answer}, ahead=request.param)
    with answering.serve(script) as url:
        yield url


async def test_a_clock_a_minute_and_a_half_off_is_told_of_and_nothing_acts(astray: str) -> None:
    """J3: whose clock it is that is wrong, nobody knows."""
    asks = prometheus.Prometheus()
    made = Guarded(asks=asks, url=astray)
    try:
        looks = [await made.look() for _ in range(6)]
    finally:
        await asks.close()

    assert not any(decision.records or decision.steps for decision in looks)
    assert made.verdict == Verdict.BLIND.value
    assert "90 s apart" in made.memory.judged[0].judgement.message


@pytest.mark.parametrize("seconds", [-90, 90])
async def test_an_api_server_s_clock_a_minute_and_a_half_off_neither_hurries_nor_stops_the_judging(
    seconds: int,
) -> None:
    """J7: what it dates is compared with our clock only to find what an earlier process has seen."""
    made = Guarded(warmup="1m")
    made.rolls(updated=2, at=made.now + timedelta(seconds=seconds))
    looks = [condemns(await made.look(BAD)) for _ in range(8)]
    acted = looks.index(True)

    # One that is ahead makes this process begin the warm-up with its first look; one that is behind was long over.
    assert acted == (0 if seconds < 0 else 1 + timedelta(minutes=1) // INTERVAL)


async def test_times_cut_to_whole_seconds_leave_no_earlier_sample_in_a_window() -> None:
    """J7: what is dated at a second may have happened at its end."""
    made = Guarded(warmup="0s", window="1m")
    ended = made.now + timedelta(microseconds=900_000)
    made.switched(made.now)
    made.rolls(updated=2, at=ended)
    pod = {
        "metadata": labelled("p", "p", ownerReferences=[_owner("ReplicaSet", "r", name="r")]),
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": written(BEGIN)}]},
    }
    template = made.store.deployments["ml", "fraud"]["spec"]["template"]
    replica_set = {
        "metadata": labelled("r", "r", ownerReferences=[_owner("Deployment", "d", name="fraud")]),
        "spec": {"template": template},
    }
    made.store.put(resources.REPLICA_SETS, replica_set)
    made.store.put(resources.PODS, pod)
    await made.look(GOOD)

    assert made.memory.settling is not None
    settled_at = made.memory.settling.settled_at
    assert settled_at is not None
    assert settled_at >= ended


def _owner(kind: str, uid: str, *, name: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "uid": uid, "controller": True}
