"""What the judge owes to restarts and to outages, on a real API server (rules J6, J8)."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import LEASE, World, deployment, model
from tests.unit.observe.answering import Handler

pytestmark = pytest.mark.cluster

FOR = timedelta(seconds=15)
A_ROUND = timedelta(seconds=2)
"""Between two evaluations, and then some."""
NAMES = ("fraud", "churn", "rank", "spam")


def patient(version: str) -> dict[str, Any]:
    """A model whose threshold has to breach for a while."""
    body = model(version=version)
    body["spec"]["thresholds"][0]["for"] = f"{FOR.seconds}s"
    return body


def threshold(world: World) -> str:
    found = (world.get("mdep", "fraud").get("status") or {}).get("thresholds") or [{}]
    return str(found[0].get("verdict"))


def test_an_operator_killed_in_the_middle_of_a_breach_rolls_back_when_it_would_have_anyway(
    world: World,
) -> None:
    """J6."""
    with world.operator() as operator:
        seeing.a_good_version_serves(world)
        world.apply(patient("1.5.0"))
        world.eventually(lambda: seeing.image(world) == "fraud:1.5.0" and threshold(world) == "OK")
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        began = datetime.now(UTC)
        world.eventually(lambda: threshold(world) == "Pending")
        while datetime.now(UTC) < began + FOR * 0.6:
            assert threshold(world) == "Pending"
            time.sleep(0.2)
        operator.kill()
    with world.operator():
        world.eventually(lambda: seeing.verdict(world, "1.5.0") == "Bad")
        led = world.get("lease", LEASE)["spec"]["acquireTime"]
    leads, judged = (datetime.fromisoformat(moment) for moment in (led, condemned(world, "1.5.0")))
    assert judged >= began + FOR - A_ROUND, "it breached for long enough"
    assert judged < leads + FOR - A_ROUND, "timed anew, it would take the whole time once more"


def condemned(world: World, version: str) -> str:
    """Return when a version was found Bad."""
    found = [c["spec"] for c in world.all_of("mckpt") if c["spec"]["saved"]["version"] == version]
    return str(found[0]["verdict"]["since"])


def degraded(world: World) -> set[str]:
    found = set()
    for each in world.all_of("mdep"):
        conditions = (each.get("status") or {}).get("conditions") or []
        found |= {c["reason"] for c in conditions if c["type"] == "Degraded"}
    return found


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def killed(world: World) -> list[str]:
    deployments = [world.get("deployment", name) for name in NAMES]
    return [each["metadata"]["name"] for each in deployments if each["spec"]["replicas"] == 0]


def test_an_outage_is_told_once_for_all_models_and_a_breach_of_all_kills_no_more_than_may_be(
    world: World,
) -> None:
    """J8, J9."""
    limited = ("--automatic-kills=1", "--automatic-kills-percent=25")
    with world.operator(flags=limited):
        world.measures(error_ratio=0.0)
        for name in NAMES:
            kills = model(name, version="1.4.0", on_breach="Kill")
            world.apply(deployment(name, image=f"{name}:1.4.0", replicas=1), kills)
        world.eventually(lambda: len(world.all_of("mckpt")) == 4 and degraded(world) == {"NotDegraded"})
        world.eventually(lambda: all(c["spec"]["verdict"]["value"] == "Good" for c in world.all_of("mckpt")))
        world.breaks_down(hang_up)
        world.eventually(lambda: degraded(world) == {"MassBlindness"})
        world.breaks_down(None)
        world.eventually(lambda: degraded(world) == {"NotDegraded"})
        told = [(e["reason"], e["regarding"]["kind"], e["regarding"]["name"]) for e in world.all_of("events")]
        world.measures(error_ratio=0.4)
        world.eventually(lambda: len(killed(world)) == 1 and "BlastRadius" in degraded(world))
    assert sorted(each for each in told if each[0].startswith("MassBlindness")) == [
        ("MassBlindness", "Lease", LEASE),
        ("MassBlindnessEnded", "Lease", LEASE),
    ]
    assert "Degraded" not in {reason for reason, _, _ in told}
    with world.operator(flags=limited):
        (first,) = killed(world)
        second = next(name for name in NAMES if name != first)
        stop = '{"spec":{"killSwitch":{"engaged":true}}}'
        world.kubectl("patch", "mdep", second, "--type=merge", "-p", stop)
        world.eventually(lambda: sorted(killed(world)) == sorted((first, second)))
        held = [name for name in NAMES if name not in (first, second)]
        world.eventually(lambda: [name for name in held if _is_held(world, name)] == held)
        assert len(killed(world)) == 2, "an operator that remembers nothing kills no other"


def _is_held(world: World, name: str) -> bool:
    found = world.get("mdep", name)["status"]
    breaching = [each["verdict"] for each in found["thresholds"]] == ["Breach"]
    return breaching and any(c["reason"] == "BlastRadius" for c in found["conditions"])
