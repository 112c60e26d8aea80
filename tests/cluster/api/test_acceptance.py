from typing import Any

import pytest

from lastgood.api.base import Resource
from lastgood.api.crd import MODELS
from tests.cluster.api import objects
from tests.cluster.api.objects import ABSENT, NOW, Object
from tests.cluster.api.server import Server

pytestmark = pytest.mark.cluster

PARSERS: dict[str, type[Resource]] = {kind.kind: model for kind, model in MODELS}
TEMPLATE = {
    "replicas": 2,
    "container": "model",
    "metadata": {"labels": {"app": "fraud"}},
    "spec": {"containers": [{"name": "model", "image": "fraud:1", "resources": {"limits": {"cpu": "1"}}}]},
}
RESTORE = {
    "workload": "fraud",
    "model": "fraud",
    "replicas": 3,
    "autoscaler": {"kind": "HorizontalPodAutoscaler", "name": "fraud", "minReplicas": 2, "maxReplicas": 9},
    "ceiling": 1,
    "probation": {"since": NOW, "round": 2},
}

GOOD: dict[str, Object] = {
    "the smallest example": objects.example("minimal.yaml"),
    "the example of every field": objects.example("every-field.yaml"),
    "a model that the operator creates": objects.model(workloadRef=ABSENT, template=TEMPLATE),
    "a model that follows its workload": objects.model(version=ABSENT, versions=ABSENT, follow=True),
    "a model without thresholds": objects.model(thresholds=ABSENT),
    "a threshold with both limits": objects.threshold(min=0, max=1, clearMin=0.1, clearMax=0.9),
    "a threshold of a policy": objects.threshold(
        query=ABSENT, max=ABSENT, clearMax=0.4, **{"from": {"policy": "mlserver", "threshold": "latency-p99"}}
    ),
    "an alerting rule": objects.threshold(
        query=ABSENT, max=ABSENT, alert="ModelToxicityHigh", onBreach="Kill"
    ),
    "a probation of three": objects.model(killSwitch={"recovery": {"probation": {"replicas": 3}}}),
    "a canary by route": objects.model(
        rollout={"strategy": "Canary", "steps": [{"weight": 1}], "traffic": {"httpRoute": {"name": "fraud"}}}
    ),
    "a switch over a whole namespace": objects.switch(models=ABSENT),
    "a switch with all it can hold": objects.switch(
        reason="PII in completions, INC-4711",
        requestedBy="ana@example.com",
        workloads=["fraud"],
        action="ScaleToZero",
        restore=[RESTORE],
    ),
    "a switch by label": objects.switch(models=ABSENT, selector={"matchLabels": {"team": "payments"}}),
    "a switch over the whole cluster": objects.cluster_switch(),
    "a switch over the whole cluster with the longest name": objects.named(
        "f" * 240, objects.cluster_switch()
    ),
    "a switch over some namespaces": objects.cluster_switch(
        namespaceSelector={"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]}
    ),
    "a policy": objects.policy(samples={"query": "count", "min": 50}, window="2m"),
    "a cluster policy": objects.cluster_policy(query=ABSENT, max=ABSENT, alert="Toxic"),
    "a checkpoint with its facts": objects.checkpoint(
        saved={
            "images": [{"name": "model", "image": "fraud:1.4.0", "digest": "sha256:" + "1" * 64}],
            "configRefs": [{"kind": "Secret", "name": "fraud", "hash": "abc"}],
            "artifact": {"uri": "s3://models/fraud", "sha256": "0" * 64},
            "replicas": 3,
            "autoscaler": {"kind": "ScaledObject", "name": "fraud", "pausedReplicas": 2},
            "base": {
                "container": "model",
                "image": "fraud:0",
                "args": ["-v"],
                "env": [{"name": "A", "value": "1"}],
            },
        },
        verdict={
            "value": "Bad",
            "reason": "error-ratio",
            "since": NOW,
            "by": "lastgood",
            "evidence": {
                "threshold": "error-ratio",
                "value": "+Inf",
                "query": "q",
                "window": "2m",
                "time": NOW,
            },
        },
        activations=[{"at": NOW, "reason": "Wanted", "from": "1.3.0"}],
        pinned=True,
    ),
    "a drill": objects.drill(schedule="30 3 * * 1-5", abortOn=["errors"], limit="2m", allowProduction=True),
    "a drill by nickname": objects.drill(type="Kill", schedule="@weekly"),
}


@pytest.mark.parametrize("manifest", GOOD.values(), ids=GOOD.keys())
def test_a_good_object_is_accepted_and_comes_back_whole(
    manifest: Object, server: Server, namespace: str
) -> None:
    answer = server.create(manifest, namespace=namespace)

    assert answer.status == 201, answer.body
    assert _within(manifest["spec"], answer.body["spec"])
    parsed = PARSERS[manifest["kind"]].parse(answer.body)
    written = parsed.wire()["spec"]
    assert _within(written, answer.body["spec"])
    assert _within(answer.body["spec"], written)


def test_the_largest_model_stays_within_the_cost_of_its_rules(server: Server, namespace: str) -> None:
    durations = dict.fromkeys(("window", "for", "warmup", "clearFor"), "1h59m59s")
    limits = {"min": 0, "clearMin": 1, "clearMax": 2, "max": 3}
    manifest = objects.model(
        version="v99",
        versions=[
            {
                "name": f"v{i}",
                "image": "i" * 200,
                "labels": {f"example.com/label-{j}": "x" * 63 for j in range(32)},
            }
            for i in range(100)
        ],
        thresholds=[{"name": f"t{i}", "query": "q" * 4000} | durations | limits for i in range(50)],
        rollout={"strategy": "Canary", "steps": [{"weight": weight} for weight in range(1, 21)]},
        prometheus={"url": "http://prometheus", "headers": {f"X-Header-{i}": "x" * 1024 for i in range(20)}},
    )
    answer = server.create(manifest, namespace=namespace)
    assert answer.status == 201, answer.body


def test_an_interval_is_filled_in_and_a_kill_switch_is_not(server: Server, namespace: str) -> None:
    spec = server.create(objects.model(killSwitch={"reason": "later"}), namespace=namespace).body["spec"]

    assert spec["interval"] == "15s"
    assert spec["killSwitch"] == {"reason": "later"}
    assert spec["thresholds"] == objects.model()["spec"]["thresholds"]


def test_engaged_belongs_to_the_one_who_wrote_it(server: Server, namespace: str) -> None:
    manifest = objects.named("owned", objects.model())
    assert server.apply(manifest, namespace=namespace, manager="gitops").status == 201
    body = {"spec": {"killSwitch": {"engaged": True}}}
    answer = server.apply(
        {key: manifest[key] for key in ("apiVersion", "kind", "metadata")} | body,
        namespace=namespace,
        manager="ana",
    )

    assert answer.status == 200, answer.body
    managers = {
        entry["manager"]: entry["fieldsV1"]["f:spec"] for entry in answer.body["metadata"]["managedFields"]
    }
    assert "f:killSwitch" not in managers["gitops"]
    assert managers["ana"] == {"f:killSwitch": {"f:engaged": {}}}


def test_a_held_workload_without_a_ceiling_is_held_at_zero(server: Server, namespace: str) -> None:
    answer = server.create(objects.switch(restore=[{"workload": "fraud"}]), namespace=namespace)
    assert answer.body["spec"]["restore"] == [{"workload": "fraud", "ceiling": 0}]


def test_null_means_left_out(server: Server, namespace: str) -> None:
    answer = server.create(objects.model(fallback=None, rollout={"requireDrill": None}), namespace=namespace)
    assert answer.status == 201, answer.body
    assert "fallback" not in answer.body["spec"]


def test_what_was_saved_never_changes_while_verdicts_do(server: Server, namespace: str) -> None:
    manifest = objects.named("fraud-1", objects.checkpoint())
    assert server.create(manifest, namespace=namespace, keep=True).status == 201

    judged = server.patch(manifest, {"spec": {"verdict": {"value": "Good"}}}, namespace=namespace)
    assert judged.status == 200, judged.body

    for change in (
        {"digest": "sha256:ff"},
        {"podTemplate": {"spec": {"containers": [{"name": "model", "image": "evil:1"}]}}},
        {"podTemplate": {"spec": {"hostNetwork": True}}},
        {"replicas": 7},
    ):
        answer = server.patch(manifest, {"spec": {"saved": change}}, namespace=namespace)
        assert answer.status == 422, (change, answer.body)
        assert answer.causes[0][0] == "spec.saved"
        assert "cannot be changed" in answer.causes[0][1]


def test_a_full_status_is_accepted(server: Server, namespace: str) -> None:
    manifest = objects.named("reported", objects.model())
    assert server.create(manifest, namespace=namespace, keep=True).status == 201

    answer = server.patch(manifest, {"status": STATUS}, namespace=namespace, status=True)

    assert answer.status == 200, answer.body
    assert answer.body["status"] == STATUS
    status: Any = PARSERS["ModelDeployment"].parse(answer.body)
    assert status.wire()["status"] == STATUS

    later = server.patch(
        manifest, {"status": {"state": "AWordOfALaterRelease"}}, namespace=namespace, status=True
    )
    assert later.status == 200, later.body


STATUS: Object = {
    "observedGeneration": 7,
    "state": "RolledBack",
    "stateSince": NOW,
    "activeVersion": "1.4.0",
    "desiredVersion": "1.5.0",
    "lastGoodVersion": "1.4.0",
    "versions": [
        {"name": "1.5.0", "verdict": "Bad", "reason": "errors", "since": NOW, "checkpoint": "fraud-1"}
    ],
    "thresholds": [
        {
            "name": "errors",
            "version": "1.4.0",
            "verdict": "OK",
            "value": "0.01",
            "since": NOW,
            "message": "fine",
        },
        {"name": "errors", "version": "1.5.0", "verdict": "Breach", "value": "+Inf", "since": NOW},
    ],
    "rollout": {"version": "1.5.0", "step": 1, "weight": 50, "since": NOW},
    "killSwitch": {
        "engaged": True,
        "by": "ana",
        "reason": "leak",
        "since": NOW,
        "switches": ["fraud-spec", "pii-leak"],
        "replicasBefore": 3,
        "podsRemaining": 0,
        "timeToZero": "1.84s",
    },
    "lastRollback": {"from": "1.5.0", "to": "1.4.0", "reason": "errors", "at": NOW, "durationSeconds": 4.2},
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "observedGeneration": 7,
            "lastTransitionTime": NOW,
            "reason": "Serving",
            "message": "serves 1.4.0",
        }
    ],
}


def _within(given: Any, stored: Any) -> bool:
    """Tell whether all that was given is stored; nulls are not, and the server may add defaults."""
    if isinstance(given, dict):
        return all(value is None or _within(value, stored[name]) for name, value in given.items())
    if isinstance(given, list):
        return len(given) == len(stored) and all(map(_within, given, stored))
    return bool(given == stored)
