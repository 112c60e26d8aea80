"""The policy `latch` and its twin for the cluster: an engaged switch is neither deleted nor narrowed (K2)."""

import json
import time
from typing import Any

import pytest

from tests.cluster.guarding import ENGAGER, GITOPS, OPERATOR, RELEASER
from tests.cluster.interlock.asking import OWN, Namespace, entry, switch

pytestmark = pytest.mark.cluster


def test_an_engaged_switch_is_not_deleted_and_a_released_one_only_when_all_is_back(here: Namespace) -> None:
    """K2."""
    here.create(switch("inc", cause="automatic", models=["fraud"], restore=[entry("fraud")]), user=OPERATOR)
    for user in (None, *GITOPS, OPERATOR, RELEASER):
        tried = here.cluster.kubectl("-n", here.name, "delete", "kswitch", "inc", user=user, check=False)
        assert tried.returncode, user
    assert "KillSwitch inc is engaged: release it first" in here.refused("delete", "kswitch", "inc")
    assert "KillSwitch inc is engaged" in here.refused("delete", "kswitch", "--all")  # one by one, by kubectl
    path = f"/apis/{OWN}/namespaces/{here.name}/killswitches"
    assert "KillSwitch inc is engaged" in here.refused("delete", "--raw", path)  # a deletecollection
    here.allowed("patch", "kswitch", "inc", *here.patch({"engaged": False}), user=RELEASER)
    assert "still holds workloads" in here.refused("delete", "kswitch", "inc")
    here.allowed("patch", "kswitch", "inc", *here.patch({"restore": []}), user=OPERATOR)
    here.allowed("delete", "kswitch", "inc", user=RELEASER)


def test_a_namespace_with_an_engaged_switch_still_terminates(here: Namespace) -> None:
    """K2: the one way by which an engaged switch goes."""
    here.create(switch("inc"))
    here.create(switch("held", cause="automatic", models=["a"], restore=[entry("a")]), user=OPERATOR)
    here.allowed("delete", "namespace", here.name, "--timeout=40s")


NARROWER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"models": ["a", "b"]}, {"models": ["a"]}),
    ({"models": ["a"]}, {"models": ["b", "c"]}),
    ({"models": ["a"]}, {"models": None, "selector": {"matchLabels": {"a": "b"}}}),
    ({"models": ["a"]}, {"models": None, "workloads": ["a"]}),
    ({"workloads": ["a", "b"]}, {"workloads": ["b"]}),
    ({"workloads": ["a"]}, {"workloads": None}),
    ({"selector": {"matchLabels": {"a": "b"}}}, {"selector": {"matchLabels": {"c": "d"}}}),
    ({"selector": {"matchLabels": {"a": "b"}}}, {"selector": None, "models": ["a"]}),
    ({}, {"models": ["a"]}),
    ({}, {"selector": {"matchLabels": {"a": "b"}}}),
    ({}, {"workloads": ["a"]}),
    ({"requestedBy": "ana@example.com"}, {"requestedBy": "argocd-controller"}),
]
WIDER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"models": ["a"]}, {"models": ["b", "a"]}),
    ({"models": ["a"]}, {"models": ["a", "b"], "workloads": ["c"]}),
    ({"models": ["a"]}, {"models": None}),
    ({"selector": {"matchLabels": {"a": "b"}}}, {"selector": None}),
    ({"workloads": ["a"]}, {"workloads": ["b", "a"], "models": ["d"]}),
    ({"models": ["a"]}, {"reason": "INC-2"}),
]


def test_an_engaged_switch_gains_targets_and_loses_none(here: Namespace) -> None:
    """K2: by neither people, GitOps nor the operator."""
    for number, (before, after) in enumerate(NARROWER):
        here.create(switch(f"narrow-{number}", **before))
        for user in (None, GITOPS[0], OPERATOR) if number == 0 else (None,):
            said = here.refused("patch", "kswitch", f"narrow-{number}", *here.patch(after), user=user)
            assert f"KillSwitch narrow-{number} is engaged" in said
    for number, (before, after) in enumerate(WIDER):
        here.create(switch(f"wide-{number}", **before))
        here.allowed("patch", "kswitch", f"wide-{number}", *here.patch(after), user=ENGAGER)
    here.create(switch("held", cause="automatic", restore=[entry("a"), entry("b")]), user=OPERATOR)
    said = here.refused("patch", "kswitch", "held", *here.patch({"restore": [entry("b")]}), user=OPERATOR)
    assert "what spec.restore holds stays held" in said
    here.allowed(
        "patch", "kswitch", "held", *here.patch({"restore": [entry("b"), entry("a")]}), user=OPERATOR
    )


def test_what_a_switch_holds_is_written_by_the_operator_alone(here: Namespace) -> None:
    """F1, K9: who could write a ceiling could start what is killed."""
    said = here.refused("create", "-f", "-", given=switch("mine", restore=[entry("fraud", ceiling=9)]))
    assert "spec.restore is written by the operator alone" in said
    here.create(switch("inc", cause="automatic", models=["fraud"], restore=[entry("fraud")]), user=OPERATOR)
    for restore in (
        [entry("fraud", ceiling=9)],
        [entry("fraud", replicas=9)],
        [entry("fraud"), entry("b")],
        [],
    ):
        for user in (None, RELEASER, GITOPS[1]):
            here.refused("patch", "kswitch", "inc", *here.patch({"restore": restore}), user=user)
    here.allowed("patch", "kswitch", "inc", *here.patch({"engaged": False}), user=RELEASER)
    here.refused("patch", "kswitch", "inc", *here.patch({"restore": []}), user=RELEASER)


def test_facts_in_labels_and_annotations_are_not_forged(here: Namespace) -> None:
    """K7, K8: by them the operator knows whose kill it is, which version is Bad, and whether it may release."""
    here.refused("create", "-f", "-", given=switch("mine", cause="drill"))
    here.refused("create", "-f", "-", given=switch("fraud-spec", models=["fraud"]))
    own = switch("fraud-spec", cause="manual", models=["fraud"], requestedBy="kubectl-patch")
    own["metadata"]["annotations"] = {"lastgood.dev/model-uid": "1", "lastgood.dev/released-by": "kubectl"}
    here.create(own, user=OPERATOR)
    for note in ("model-uid=2", "model-uid-", "released-by=", "engaged-at=x", "bad-digest=y", "new=z"):
        said = here.refused("annotate", "--overwrite", "kswitch", "fraud-spec", f"lastgood.dev/{note}")
        assert "facts that the operator alone writes" in said
    here.refused("label", "--overwrite", "kswitch", "fraud-spec", "lastgood.dev/cause=drill")
    here.refused("label", "--overwrite", "kswitch", "fraud-spec", "lastgood.dev/cause=drill", user=OPERATOR)
    here.refused("label", "kswitch", "fraud-spec", "lastgood.dev/cause-")
    here.allowed("annotate", "kswitch", "fraud-spec", "example.com/ticket=INC-1", user=ENGAGER)
    here.create(switch("plain", engaged=False))
    here.refused("label", "kswitch", "plain", "lastgood.dev/cause=manual")


def test_the_same_holds_for_the_whole_cluster(here: Namespace) -> None:
    """K2: the twin for ClusterKillSwitches, which no selector of namespaces leaves out."""

    def body(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": OWN,
            "kind": "ClusterKillSwitch",
            "metadata": {"name": here.name},
            "spec": {"engaged": True, **spec},
        }

    where = {"matchLabels": {"team": "payments"}}
    here.create(body(models=["a", "b"], namespaceSelector=where), user=ENGAGER)
    assert "is engaged: release it first" in here.refused("delete", "ckswitch", here.name)
    for narrower in ({"models": ["a"]}, {"namespaceSelector": {"matchLabels": {"team": "risk"}}}):
        here.refused("patch", "ckswitch", here.name, *here.patch(narrower))
    for user in (ENGAGER, *GITOPS):
        said = here.refused("patch", "ckswitch", here.name, *here.patch({"engaged": False}), user=user)
        assert f"{user} may not release ClusterKillSwitch {here.name}" in said
    here.allowed("patch", "ckswitch", here.name, *here.patch({"models": ["a", "b", "c"]}), user=ENGAGER)
    here.allowed("patch", "ckswitch", here.name, *here.patch({"namespaceSelector": None}), user=ENGAGER)
    here.allowed("patch", "ckswitch", here.name, *here.patch({"engaged": False}), user=RELEASER)
    here.allowed("delete", "ckswitch", here.name, user=RELEASER)
    deadline = time.monotonic() + 10
    while here.name in json.dumps(here.allowed("get", "ckswitch", "-o", "name")):
        assert time.monotonic() < deadline
