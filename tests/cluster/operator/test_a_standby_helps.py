"""F5: while the leader hangs and still holds the lease, a standby keeps a killed model at zero."""

import signal

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import LEASE, World

LONG = ("--lease-duration=120s", "--renew-deadline=90s", "--retry-period=300ms")


@pytest.mark.without_interlock
def test_a_standby_undoes_a_scale_up_while_the_leader_hangs(world: World) -> None:
    with world.operator(flags=LONG) as leader:
        seeing.a_good_version_serves(world)
        seeing.engage(world)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        with world.operator(flags=LONG):
            leader.process.send_signal(signal.SIGSTOP)
            try:
                world.kubectl("scale", "deployment/fraud", "--replicas=2")
                world.eventually(lambda: seeing.replicas(world) == 0, within=30)
                lease = "{.spec.holderIdentity}"
                holder = world.kubectl("get", "lease", LEASE, "-o", f"jsonpath={lease}")
                assert f"-{leader.process.pid}-" in holder, "the leader that hangs still has the lease"
            finally:
                leader.process.send_signal(signal.SIGCONT)
