import json

import pytest

from devcluster import Cluster
from lastgood.api import kinds
from lastgood.api.kinds import Kind
from tests.cluster.api import objects
from tests.cluster.api.server import Server

pytestmark = pytest.mark.cluster


def test_every_kind_is_established_under_its_names(crds: Cluster) -> None:
    listed = json.loads(crds.kubectl("get", "crd", "-o", "json").stdout)["items"]
    ours = {item["spec"]["names"]["kind"]: item for item in listed if item["spec"]["group"] == "lastgood.dev"}

    assert ours.keys() == kinds.BY_KIND.keys()
    for kind in kinds.KINDS:
        conditions = {entry["type"]: entry["status"] for entry in ours[kind.kind]["status"]["conditions"]}
        assert conditions["Established"] == "True"
        assert conditions["NamesAccepted"] == "True"
        assert "NonStructuralSchema" not in conditions


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.kind)
def test_kubectl_explains_every_field_of(kind: Kind, crds: Cluster) -> None:
    explained = crds.kubectl("explain", kind.plural, "--recursive", "-o", "plaintext-openapiv2").stdout
    assert f"KIND:     {kind.kind}" in explained
    assert "<empty>" not in crds.kubectl("explain", f"{kind.short_name}.spec").stdout


def test_explain_says_what_a_field_does_and_its_default(crds: Cluster) -> None:
    explained = " ".join(crds.kubectl("explain", "mdep.spec.rollout.bake").stdout.split())
    assert "How long all acting thresholds must be OK at 100 %" in explained
    assert "Default: 30m." in explained


def test_columns_tell_the_state_at_a_glance(crds: Cluster, server: Server, namespace: str) -> None:
    manifest = objects.named("columns", objects.model())
    assert server.create(manifest, namespace=namespace, keep=True).status == 201
    condition = {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": objects.NOW,
        "reason": "Baked",
        "message": "ok",
    }
    status = {
        "activeVersion": "1.4.0",
        "desiredVersion": "1.5.0",
        "state": "RolledBack",
        "conditions": [condition],
    }
    assert server.patch(manifest, {"status": status}, namespace=namespace, status=True).status == 200

    narrow = crds.kubectl("get", "mdep", "columns", "-n", namespace).stdout.splitlines()
    wide = crds.kubectl("get", "mdep", "columns", "-n", namespace, "-o", "wide").stdout.splitlines()

    assert narrow[0].split() == ["NAME", "VERSION", "DESIRED", "LASTGOOD", "STATE", "SINCE", "AGE"]
    assert narrow[1].split()[:4] == ["columns", "1.4.0", "1.5.0", "RolledBack"]
    assert "REASON" in wide[0]
    assert "Baked" in wide[1]


def test_one_word_lists_all_kinds(crds: Cluster, server: Server, namespace: str) -> None:
    for manifest in (objects.policy(), objects.drill(), objects.switch(engaged=False)):
        answer = server.create(objects.named("listed", manifest), namespace=namespace, keep=True)
        assert answer.status == 201, answer.body

    listed = crds.kubectl("get", "lastgood", "-n", namespace, "-o", "name").stdout.split()

    assert {"safetypolicy.lastgood.dev/listed", "safetydrill.lastgood.dev/listed"} <= set(listed)
    assert "killswitch.lastgood.dev/listed" in listed


def test_kubectl_refuses_a_misspelt_field(crds: Cluster, namespace: str) -> None:
    misspelt = json.dumps(objects.model(tresholds=[]))
    refused = crds.kubectl("apply", "-n", namespace, "-f", "-", input=misspelt, check=False)
    assert refused.returncode == 1
    assert 'unknown field "spec.tresholds"' in refused.stderr
