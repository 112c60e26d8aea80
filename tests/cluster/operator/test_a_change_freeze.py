"""A policy of the cluster that refuses what was decided: people are told, and it is done once it may be (B1, K4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from tests.cluster.operator import seeing
from tests.cluster.operator.running import World, model

pytestmark = pytest.mark.cluster

API: Final = "admissionregistration.k8s.io/v1"
WHILE_FROZEN: Final = "object.kind == 'Deployment' && object.spec.template == oldObject.spec.template"
"""Neither another template nor, through `scale`, another number of replicas."""
EVERYTHING: Final = ["deployments", "deployments/scale"]


@contextmanager
def freeze(world: World) -> Iterator[None]:
    """Refuse changes of Deployments in the world's namespace, whoever asks for them."""
    name = world.namespace
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": EVERYTHING}
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": WHILE_FROZEN, "message": "frozen until Monday"}],
    }
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    bound = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    kinds = "validatingadmissionpolicybinding,validatingadmissionpolicy"
    metadata = {"name": name}
    world.apply(
        {"apiVersion": API, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": spec},
        {"apiVersion": API, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata, "spec": bound},
    )
    try:
        world.eventually(lambda: "frozen until Monday" in try_to_scale(world))
        yield
    finally:
        world.kubectl("delete", kinds, name)


def try_to_scale(world: World) -> str:
    """Return why a scale is refused, if it is."""
    scale = ("scale", "-n", world.namespace, "deployment/fraud", "--replicas=4", "--dry-run=server")
    return str(world.cluster.kubectl(*scale, check=False).stderr)


def degraded(world: World) -> str:
    """Return what the condition says while it is True because of a refusal."""
    conditions = (world.get("mdep", "fraud").get("status") or {}).get("conditions") or []
    found = [c["message"] for c in conditions if (c["type"], c["reason"]) == ("Degraded", "RequestRefused")]
    return str(found[0]) if found else ""


def state(world: World) -> str:
    return str((world.get("mdep", "fraud").get("status") or {}).get("state"))


def test_what_a_freeze_refuses_is_told_and_done_when_it_ends(world: World) -> None:
    """B1, K4, F2: the status says neither that nothing is to be done, nor that it is done."""
    with world.operator():
        seeing.a_good_version_serves(world)
        with freeze(world):
            world.apply(model(version="1.5.0"))
            world.eventually(lambda: "frozen until Monday" in degraded(world))
            assert state(world) == "RollingOut"
            assert seeing.condition(world, "Ready") == ("False", "SwitchingVersion")
            assert "template of 1.5.0" in degraded(world)
            seeing.engage(world)
            world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged") == ("Unknown", "Stopping"))
            world.eventually(lambda: "being stopped by KillSwitch fraud-spec" in degraded(world))
            assert state(world) == "Stopping"
            assert (seeing.image(world), seeing.replicas(world)) == ("fraud:1.4.0", 3)
        world.eventually(lambda: seeing.condition(world, "KillSwitchEngaged")[0] == "True")
        world.eventually(lambda: seeing.condition(world, "Degraded")[0] == "False")
        assert (state(world), seeing.replicas(world)) == ("Killed", 0)
