"""ModelDeployments that the API server refuses, but for their thresholds."""

from tests.cluster.api import objects
from tests.cluster.api.objects import ABSENT, Object
from tests.cluster.api.refusal import Refusal

TEMPLATE = {"spec": {"containers": [{"name": "model", "image": "fraud:1"}]}}
FALLBACK = {"workloadRef": {"name": "rules"}, "service": "fraud"}


def _version(**fields: object) -> Object:
    return objects.model(version=ABSENT, versions=[{"name": "1", "image": "fraud:1"} | fields])


def _rollout(**fields: object) -> Object:
    return objects.model(rollout=fields)


def _recovery(**fields: object) -> Object:
    return objects.model(killSwitch={"recovery": fields})


WORKLOADS = (
    Refusal(
        "neither workloadRef nor template",
        objects.model(workloadRef=ABSENT),
        "spec.workloadRef",
        "exactly one of workloadRef",
    ),
    Refusal(
        "both workloadRef and template", objects.model(template=TEMPLATE), "spec.workloadRef", "exactly one"
    ),
    Refusal(
        "a workload that is no Deployment",
        objects.model(workloadRef={"kind": "StatefulSet", "name": "fraud"}),
        "spec.workloadRef.kind",
        "Deployment",
    ),
    Refusal("a workload without a name", objects.model(workloadRef={}), "spec.workloadRef.name", "Required"),
    Refusal(
        "a workload's name in capitals", objects.model(workloadRef={"name": "Fraud"}), "spec.workloadRef.name"
    ),
    Refusal(
        "a template without containers",
        objects.model(workloadRef=ABSENT, template={"spec": {"containers": []}}),
        "spec.template.spec.containers",
    ),
    Refusal(
        "negative replicas in a template",
        objects.model(workloadRef=ABSENT, template=TEMPLATE | {"replicas": -1}),
        "spec.template.replicas",
    ),
    Refusal(
        "no spec", {key: value for key, value in objects.model().items() if key != "spec"}, "spec", "Required"
    ),
    Refusal(
        "a name that the mirror of the kill switch takes",
        objects.named("fraud-spec", objects.model()),
        "metadata.name",
        "-spec",
    ),
    Refusal("a name too long for a label", objects.named("f" * 64, objects.model()), "metadata.name", "63"),
)

VERSIONS = (
    Refusal("no version at all", objects.model(version=ABSENT, versions=[]), "spec.versions", "follow: true"),
    Refusal(
        "a wanted version that is not listed", objects.model(version="2.0"), "spec.version", "one of versions"
    ),
    Refusal(
        "two versions and none wanted", objects.model(version=ABSENT), "spec.version", "which of the versions"
    ),
    Refusal(
        "two versions of one name",
        objects.model(version="1", versions=[{"name": "1", "image": "a"}, {"name": "1", "image": "b"}]),
        "spec.versions[1]",
        "Duplicate",
    ),
    Refusal("a version that changes nothing", _version(image=None), "spec.versions[0]", "image, args or env"),
    Refusal("a version written as a number", objects.model(version=1.5), "spec.version", "string"),
    Refusal("a version's name that is no label value", _version(name="1/5"), "spec.versions[0].name"),
    Refusal("a version's name too long for a label", _version(name="1" * 64), "spec.versions[0].name"),
    Refusal("an image with a blank", _version(image="fraud 1"), "spec.versions[0].image"),
    Refusal(
        "a variable with value and valueFrom",
        _version(
            env=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
        ),
        "spec.versions[0].env[0]",
        "not both",
    ),
    Refusal("a variable without a name", _version(env=[{"value": "1"}]), "spec.versions[0].env[0].name"),
    Refusal(
        "a checksum that is none",
        _version(artifact={"uri": "s3://a", "sha256": "zz"}),
        "spec.versions[0].artifact.sha256",
    ),
    Refusal(
        "a label of the operator's own",
        _version(labels={"lastgood.dev/track": "stable"}),
        "spec.versions[0].labels",
        "another prefix",
    ),
    Refusal(
        "more than 100 versions",
        objects.model(version="0", versions=[{"name": str(i), "image": "a"} for i in range(101)]),
        "spec.versions",
        "at most 100",
    ),
)

ROLLOUTS = (
    Refusal("a canary without steps", _rollout(strategy="Canary"), "spec.rollout.steps", "needs steps"),
    Refusal(
        "steps without a canary", _rollout(steps=[{"weight": 10}]), "spec.rollout.steps", "strategy: Canary"
    ),
    Refusal(
        "weights that fall",
        _rollout(strategy="Canary", steps=[{"weight": 50}, {"weight": 10}]),
        "spec.rollout.steps",
        "must rise",
    ),
    Refusal(
        "weights that stay",
        _rollout(strategy="Canary", steps=[{"weight": 50}, {"weight": 50}]),
        "spec.rollout.steps",
        "must rise",
    ),
    Refusal(
        "a weight of 100",
        _rollout(strategy="Canary", steps=[{"weight": 100}]),
        "spec.rollout.steps[0].weight",
    ),
    Refusal(
        "a weight of 0", _rollout(strategy="Canary", steps=[{"weight": 0}]), "spec.rollout.steps[0].weight"
    ),
    Refusal("an unknown strategy", _rollout(strategy="BlueGreen"), "spec.rollout.strategy", "Canary"),
    Refusal("traffic through nothing", _rollout(traffic={}), "spec.rollout.traffic", "service"),
    Refusal("no deadline", _rollout(progressDeadline="0s"), "spec.rollout.progressDeadline"),
    Refusal(
        "a budget of nothing", objects.model(rollback={"budget": {"max": 0}}), "spec.rollback.budget.max"
    ),
    Refusal(
        "a Fallback that is not there",
        objects.model(rollback={"onNoGoodVersion": "Fallback"}),
        "spec.rollback.onNoGoodVersion",
        "needs spec.fallback",
    ),
    Refusal(
        "a kill into a fallback that is not there",
        objects.model(killSwitch={"action": "Fallback"}),
        "spec.killSwitch.action",
        "needs spec.fallback",
    ),
    Refusal(
        "a fallback on the model itself",
        objects.model(fallback=FALLBACK | {"workloadRef": {"name": "fraud"}}),
        "spec.fallback.workloadRef.name",
        "own fallback",
    ),
    Refusal(
        "a fallback on the Deployment that the operator creates",
        objects.model(
            workloadRef=ABSENT, template=TEMPLATE, fallback=FALLBACK | {"workloadRef": {"name": "fraud"}}
        ),
        "spec.fallback.workloadRef.name",
        "own fallback",
    ),
    Refusal(
        "a fallback without a Service",
        objects.model(fallback={"workloadRef": {"name": "rules"}}),
        "spec.fallback.service",
        "which Service",
    ),
)

RECOVERIES = (
    Refusal(
        "a probation of no replicas",
        _recovery(probation={"replicas": 0}),
        "spec.killSwitch.recovery.probation.replicas",
        "from 1",
    ),
    Refusal(
        "a probation of 0%",
        _recovery(probation={"replicas": "0%"}),
        "spec.killSwitch.recovery.probation.replicas",
        "25%",
    ),
    Refusal(
        "a probation of 101%",
        _recovery(probation={"replicas": "101%"}),
        "spec.killSwitch.recovery.probation.replicas",
        "100%",
    ),
    Refusal(
        "a probation of some",
        _recovery(probation={"replicas": "some"}),
        "spec.killSwitch.recovery.probation.replicas",
    ),
    Refusal("a backoff that shortens", _recovery(backoff=0.5), "spec.killSwitch.recovery.backoff"),
    Refusal("an unknown restart", _recovery(restart="Always"), "spec.killSwitch.recovery.restart"),
    Refusal(
        "engaged as text", objects.model(killSwitch={"engaged": "yes"}), "spec.killSwitch.engaged", "boolean"
    ),
    Refusal("no checkpoint kept", objects.model(checkpoints={"keep": 0}), "spec.checkpoints.keep"),
    Refusal(
        "a checkpoint job without its variable",
        objects.model(checkpoints={"job": {"template": TEMPLATE}}),
        "spec.checkpoints.job.env",
        "Required",
    ),
    Refusal("a standby of minus one", objects.model(standby={"replicas": -1}), "spec.standby.replicas"),
    Refusal(
        "a probe without a leading slash",
        objects.model(standby={"probe": {"path": "ready"}}),
        "spec.standby.probe.path",
    ),
)

PROMETHEUS = (
    Refusal(
        "a Prometheus without a scheme",
        objects.model(prometheus={"url": "prometheus:9090"}),
        "spec.prometheus.url",
        "http://",
    ),
    Refusal(
        "a Prometheus over ftp",
        objects.model(prometheus={"url": "ftp://prometheus"}),
        "spec.prometheus.url",
        "http://",
    ),
    Refusal(
        "a password in the address",
        objects.model(prometheus={"url": "http://ana:secret@prometheus:9090"}),
        "spec.prometheus.url",
        "authSecretRef",
    ),
    Refusal(
        "credentials in a header",
        objects.model(prometheus={"url": "http://prometheus", "headers": {"authorization": "Bearer x"}}),
        "spec.prometheus.headers",
        "authSecretRef",
    ),
    Refusal(
        "a time-out of an hour",
        objects.model(prometheus={"url": "http://prometheus", "timeout": "1h"}),
        "spec.prometheus.timeout",
    ),
)

ALL = (*WORKLOADS, *VERSIONS, *ROLLOUTS, *RECOVERIES, *PROMETHEUS)
