"""From which moment a version is judged, and how far back a query may look (semantics.md, J7)."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from lastgood.decide import facts, world
from lastgood.judge import warmup
from tests.unit.judge.given import START, seconds, threshold

SWITCHED = START - seconds(600)
READY = SWITCHED + seconds(20)


def version(
    *, activated_at: datetime = SWITCHED, digest: str = "new", reason: str = facts.CREATED
) -> facts.Checkpoint:
    return facts.Checkpoint(
        name="m-v",
        version="v",
        digest=digest,
        template={},
        base=None,
        verdict=facts.VerdictFact(facts.Worth.UNPROVEN, reason, since=SWITCHED),
        activations=(facts.Activation(activated_at, facts.Why.ROLLOUT),),
        created_at=SWITCHED,
    )


def pod(digest: str = "new", *, ready_since: datetime | None = READY) -> world.Pod:
    return world.Pod(
        name=f"pod-{digest}",
        uid="u",
        digest=digest,
        ready=ready_since is not None,
        terminating=False,
        ready_since=ready_since,
    )


def workload(**fields: Any) -> world.Workload:
    given: dict[str, Any] = {
        "name": "m",
        "uid": "u",
        "resource_version": "1",
        "replicas": 2,
        "template": {"metadata": {}},
        "digest": "new",
        "complete": True,
        "progressed_at": SWITCHED + seconds(40),
        "pods": (pod(), pod(ready_since=SWITCHED + seconds(39))),
    }
    return world.Workload(**(given | fields))


ROLLING = workload(complete=False, pods=(pod(), pod("old")))
RESTARTED = workload(template={"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}})


class Looks:
    """A process that looks at one model again and again, every ten seconds."""

    def __init__(self, current: facts.Checkpoint | None = None) -> None:
        self.current = version() if current is None else current
        self.known: warmup.Settling | None = None
        self.now = START
        self.probation: datetime | None = None

    def see(self, seen: world.Workload | None) -> datetime | None:
        self.now += seconds(10)
        self.known = warmup.settle(
            self.known, workload=seen, current=self.current, probation_since=self.probation, now=self.now
        )
        return self.known.settled_at


def test_a_switch_settles_when_only_available_pods_of_the_new_template_are_left() -> None:
    looks = Looks()

    assert looks.see(ROLLING) is None
    assert looks.see(workload(pods=(pod(), pod("old")))) is None
    assert looks.see(workload()) == looks.now


def test_a_settled_version_stays_settled_when_a_pod_restarts() -> None:
    looks = Looks()
    looks.see(ROLLING)
    settled = looks.see(workload())

    assert looks.see(workload(complete=False, pods=(pod(), pod(ready_since=None)))) == settled
    assert looks.see(workload()) == settled


def test_a_new_process_finds_out_since_when_the_version_is_settled() -> None:
    assert Looks().see(workload()) == SWITCHED + seconds(41)


@pytest.mark.parametrize(
    ("case", "seen", "found"),
    [
        (
            "a start from zero after the rollout counts from its first ready pod",
            workload(pods=(pod(ready_since=START - seconds(60)), pod(ready_since=START - seconds(30)))),
            START - seconds(59),
        ),
        (
            "one pod that restarted since moves nothing",
            workload(pods=(pod(), pod(ready_since=START))),
            SWITCHED + seconds(41),
        ),
        (
            "without the Deployment's word the last pod counts",
            workload(progressed_at=None),
            SWITCHED + seconds(40),
        ),
        (
            "more pods than there should be are of a list that lags, and say nothing",
            workload(replicas=1, pods=(pod(), pod(), pod(ready_since=START))),
            START + seconds(10),
        ),
        (
            "a pod that is ending is none too many",
            workload(replicas=1, pods=(pod(), dataclasses.replace(pod(), terminating=True))),
            SWITCHED + seconds(41),
        ),
        ("without any trace it counts from now", workload(progressed_at=None, pods=()), START + seconds(10)),
        ("never later than now", workload(progressed_at=START + seconds(500)), START + seconds(10)),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_what_a_new_process_finds(case: str, seen: world.Workload, found: datetime) -> None:
    assert Looks().see(seen) == found, case


def test_a_new_process_never_counts_from_before_the_switch() -> None:
    looks = Looks(version(activated_at=START - seconds(5)))

    assert looks.see(workload()) == START - seconds(5)


def test_a_version_that_was_available_is_judged_although_a_pod_crashes_as_the_process_starts() -> None:
    crashing = workload(complete=False, pods=(pod(), pod(ready_since=None)))

    assert Looks(version(reason=facts.SERVED)).see(crashing) == SWITCHED + seconds(41)
    assert Looks(version(reason=facts.CREATED)).see(crashing) is None


def test_another_switch_settles_anew() -> None:
    looks = Looks()
    looks.see(workload())
    looks.current = version(activated_at=looks.now, digest="newer")

    assert looks.see(workload()) is None, "the workload still has the template of before"
    assert looks.see(workload(digest="newer", pods=(pod("new"), pod("newer")))) is None
    assert looks.see(workload(digest="newer", pods=(pod("newer"),))) == looks.now


def test_a_rollout_restart_settles_anew_though_it_is_no_new_version() -> None:
    looks = Looks()
    looks.see(workload())

    assert looks.see(dataclasses.replace(RESTARTED, complete=False)) is None
    assert looks.see(RESTARTED) == looks.now


def test_a_workload_that_is_created_again_settles_anew_though_nobody_saw_it_gone() -> None:
    """`kubectl replace --force` deletes and creates within one look; the pods are all new."""
    looks = Looks()
    looks.see(workload())

    assert looks.see(workload(uid="another", complete=False, pods=())) is None
    assert looks.see(workload(uid="another")) == looks.now


def test_a_start_from_zero_settles_anew() -> None:
    looks = Looks()
    looks.see(workload())

    assert looks.see(workload(replicas=0, pods=())) is None
    assert looks.see(workload(complete=False, pods=())) is None
    assert looks.see(workload()) == looks.now


def test_a_probation_settles_anew_and_its_end_does_not() -> None:
    looks = Looks()
    looks.see(workload())
    looks.probation = looks.now
    settled = looks.see(workload())
    assert settled == looks.now

    looks.probation = None
    assert looks.see(workload()) == settled


@pytest.mark.parametrize("missing", [None, workload(digest="other")], ids=["gone", "other-template"])
def test_nothing_settles_without_the_template_that_was_switched_to(missing: world.Workload | None) -> None:
    looks = Looks()
    looks.see(workload())

    assert looks.see(missing) is None


SETTLED = warmup.Settling(SWITCHED, {}, START)


@pytest.mark.parametrize(
    ("after", "window"),
    [
        (0, None),
        (60, None),
        (60.9, None),
        (61, 1),
        (61.9, 1),
        (150, 90),
        (180, 120),
        (9999, 120),
        (-60, None),
    ],
)
def test_the_window_grows_from_the_end_of_the_warm_up_in_whole_seconds(
    after: float, window: int | None
) -> None:
    judged = threshold(window="2m", warmup="1m")

    found = warmup.window_for(judged, settling=SETTLED, now=START + seconds(after))

    assert found == (None if window is None else seconds(window))


def test_there_is_no_window_while_pods_are_replaced() -> None:
    unsettled = warmup.Settling(SWITCHED, {}, None)
    judged = threshold(warmup="1m")

    assert warmup.window_for(judged, settling=unsettled, now=START + timedelta(days=1)) is None
    assert warmup.counting_from(judged, settling=unsettled) is None
    assert warmup.counting_from(judged, settling=SETTLED) == START + timedelta(minutes=1)
