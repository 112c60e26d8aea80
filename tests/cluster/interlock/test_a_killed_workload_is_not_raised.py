"""The policy `hold` (K5): no operator runs here, so it is the API server alone that holds."""

import time

import pytest

from tests.cluster.guarding import GITOPS, OPERATOR
from tests.cluster.interlock.asking import Namespace, deployment, entry, switch

pytestmark = pytest.mark.cluster

HPA = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"


def test_nobody_raises_what_a_switch_names_by_whatever_path_even_with_the_operator_down(
    here: Namespace,
) -> None:
    """K5."""
    here.create(deployment("fraud"), deployment("other"), switch("inc", workloads=["fraud"], reason="PII"))
    for user in (None, *GITOPS, OPERATOR):
        said = here.soon_refused("scale", "deployment", "fraud", "--replicas=1", user=user)
        assert "held by KillSwitch inc: fraud cannot be raised from 0 to 1 replicas (PII)" in said
        assert "release the switch to start it" in said
        assert "ship a fix by spec.version and spec.versions of its ModelDeployment" in said
    here.soon_refused(
        "scale", "deployment", "fraud", "--replicas=1", f"--as={HPA}", "--as-group=system:masters"
    )
    here.soon_refused("patch", "deployment", "fraud", *here.patch({"replicas": 1}))
    here.refused(
        "apply", "--server-side", "--force-conflicts", "-f", "-", given=deployment("fraud", replicas=2)
    )
    here.allowed("delete", "deployment", "fraud")
    here.refused("create", "-f", "-", given=deployment("fraud", replicas=1))
    here.create(deployment("fraud"))
    here.allowed("set", "image", "deployment/fraud", "model=model:2")
    here.allowed("scale", "deployment", "other", "--replicas=3")


def test_what_is_held_by_an_entry_may_rise_to_its_ceiling_and_no_further(here: Namespace) -> None:
    """K9: in probation the operator writes the ceiling first, and then scales."""
    here.create(deployment("fraud"), deployment("other"))
    here.create(switch("fraud", cause="automatic", restore=[entry("fraud")]), user=OPERATOR)
    here.soon_refused("scale", "deployment", "fraud", "--replicas=1", user=OPERATOR)
    here.allowed("patch", "kswitch", "fraud", *here.patch({"engaged": False}))
    here.soon_refused("scale", "deployment", "fraud", "--replicas=1")
    on_probation = here.patch({"restore": [entry("fraud", ceiling=2)]})
    here.allowed("patch", "kswitch", "fraud", *on_probation, user=OPERATOR)
    _eventually_allowed(here, "scale", "deployment", "fraud", "--replicas=2")
    here.soon_refused("scale", "deployment", "fraud", "--replicas=3")
    here.create(switch("again", models=["other"]))
    here.allowed("patch", "kswitch", "fraud", *here.patch({"engaged": True}))
    here.allowed("scale", "deployment", "fraud", "--replicas=1")
    here.soon_refused("scale", "deployment", "fraud", "--replicas=2")


def test_what_is_gone_when_its_switch_is_released_is_created_with_no_replicas_and_the_refusal_says_so(
    here: Namespace,
) -> None:
    """K9: what it comes back in is for the operator to say, step by step."""
    here.create(deployment("fraud"))
    here.create(switch("fraud", cause="automatic", restore=[entry("fraud")]), user=OPERATOR)
    here.soon_refused("scale", "deployment", "fraud", "--replicas=1", user=OPERATOR)
    here.allowed("patch", "kswitch", "fraud", *here.patch({"engaged": False}))
    here.allowed("delete", "deployment", "fraud")
    deadline = time.monotonic() + 10
    while "the switch is released, and it comes back in steps: create it with replicas: 0" not in (
        said := here.refused("create", "-f", "-", given=deployment("fraud", replicas=1))
    ):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
    here.create(deployment("fraud"))
    assert here.refused("scale", "deployment", "fraud", "--replicas=1").endswith("it comes back in steps")


def test_an_autoscaler_is_refused_too(here: Namespace) -> None:
    """K5: the real controller, which wants five and finds three."""
    here.create(deployment("fraud", replicas=3), switch("inc", workloads=["fraud"]))
    here.soon_refused("scale", "deployment", "fraud", "--replicas=4")
    here.allowed("autoscale", "deployment", "fraud", "--min=5", "--max=6", "--cpu=80%")
    deadline = time.monotonic() + 30
    while "held by KillSwitch inc" not in (
        told := here.allowed("get", "events", "-o", "jsonpath={..note}{..message}")
    ):
        assert time.monotonic() < deadline, told
        time.sleep(0.3)
    assert here.spec("deployment", "fraud")["replicas"] == 3


def test_many_entries_and_names_stay_within_the_cost_of_an_expression(here: Namespace) -> None:
    """K2: the longest lists that the schema allows, as in a kill of everything."""
    names = [f"a-model-with-a-name-{number}" for number in range(999)]
    whole = switch(
        "all", cause="automatic", models=names, workloads=names, restore=[entry(name) for name in names]
    )
    here.create(deployment("a-model-with-a-name-998"), deployment("other"))
    here.create(whole, user=OPERATOR)
    here.soon_refused("scale", "deployment", "a-model-with-a-name-998", "--replicas=1")
    here.allowed("scale", "deployment", "other", "--replicas=1")
    patch = ("patch", "kswitch", "all", "--type=merge", "--patch-file=/dev/stdin")
    more = {key: [*whole["spec"][key], last] for key, last in (("models", "z"), ("restore", entry("z")))}
    here.allowed(*patch, given={"spec": more}, user=OPERATOR)
    changed = [{**each, "replicas": 7} for each in more["restore"]]
    here.allowed(*patch, given={"spec": {"restore": changed}}, user=OPERATOR)
    here.refused(*patch, given={"spec": {"restore": changed[1:]}}, user=OPERATOR)


def _eventually_allowed(here: Namespace, *arguments: str) -> None:
    """Try until the API server's own watch of the switches has caught up."""
    deadline = time.monotonic() + 10
    while (tried := here.asked(*arguments)).returncode:
        assert time.monotonic() < deadline, tried.stderr
        time.sleep(0.05)
