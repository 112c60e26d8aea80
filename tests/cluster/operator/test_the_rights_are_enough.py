"""An operator with the rights of examples/rbac.yaml, and no other, does its whole job."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.operator import seeing
from tests.cluster.operator.process import ROOT
from tests.cluster.operator.running import World, deployment, model

pytestmark = pytest.mark.cluster

SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "fraud"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"},
        "minReplicas": 2,
        "maxReplicas": 6,
    },
}
STAND_IN = deployment("rules", image="rules:1")
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "front"},
    "spec": {"selector": {"app": "fraud"}, "ports": [{"port": 8080}]},
}
FALLBACK = {"workloadRef": {"name": "rules"}, "service": "front"}
DIRECT = {
    "apiVersion": "lastgood.dev/v1alpha1",
    "kind": "KillSwitch",
    "metadata": {"name": "by-name"},
    "spec": {"engaged": True, "reason": "INC-2", "workloads": ["other"]},
}


@pytest.fixture
def account(world: World, tmp_path: Path) -> Path:
    """A kubeconfig with the token of the operator's own account."""
    world.cluster.kubectl("apply", "-f", ROOT / "examples" / "rbac.yaml")
    token = str(world.cluster.kubectl("create", "token", "lastgood", "-n", "lastgood").stdout).strip()
    access = yaml.safe_load(world.cluster.kubeconfig.read_text())
    access["users"] = [{"name": each["name"], "user": {"token": token}} for each in access["users"]]
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(access))
    return path


@pytest.mark.without_interlock
def test_with_these_rights_it_rolls_back_kills_and_brings_back(
    world: World, account: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flags = (
        f"--kubeconfig={account}",
        "--lease-namespace=lastgood",
        "--lease-name=lastgood-operator",
    )
    with world.operator(flags=flags):
        seeing.a_good_version_serves(world)
        world.measures_by_version(v1_4_0=0.0, v1_5_0=0.4)
        world.apply(model(version="1.5.0"), SCALER)
        world.eventually(lambda: seeing.condition(world, "RolledBack")[0] == "True")
        world.measures(error_ratio=0.0)
        world.apply(STAND_IN, SERVICE, model(version="1.4.0", fallback=FALLBACK))
        seeing.engage(world, action="Fallback")
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        assert world.get("service", "front")["spec"]["selector"] == {"app": "rules"}
        seeing.release(world)
        world.eventually(lambda: world.get("kswitch", "fraud-spec")["spec"].get("restore") in (None, []))
        assert world.get("hpa", "fraud")["spec"]["maxReplicas"] == 6
        world.apply(deployment("other", image="other:1"), DIRECT)
        world.eventually(lambda: world.get("deployment", "other")["spec"]["replicas"] == 0)
        world.eventually(lambda: world.all_of("events"))
    log = capfd.readouterr().err
    assert "holds the lease" in log or "lease" in log.lower()
    assert "forbidden" not in log.lower()
