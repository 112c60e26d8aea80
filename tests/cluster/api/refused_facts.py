"""Switches, checkpoints and drills that the API server refuses."""

from tests.cluster.api import objects
from tests.cluster.api.objects import ABSENT, NOW
from tests.cluster.api.refusal import Refusal

RESTORE = {"workload": "fraud", "replicas": 3, "ceiling": 0}

SWITCHES = (
    Refusal("a switch that does not say whether", objects.switch(engaged=ABSENT), "spec.engaged", "Required"),
    Refusal(
        "models and a selector",
        objects.switch(selector={"matchLabels": {"team": "a"}}),
        "spec.models",
        "not both",
    ),
    Refusal("a list of no models", objects.switch(models=[]), "spec.models"),
    Refusal("an empty selector", objects.switch(models=ABSENT, selector={}), "spec.selector", "leave it out"),
    Refusal(
        "In without values",
        objects.switch(models=ABSENT, selector={"matchExpressions": [{"key": "team", "operator": "In"}]}),
        "spec.selector.matchExpressions[0].values",
        "need values",
    ),
    Refusal(
        "an unknown operator",
        objects.switch(
            models=ABSENT,
            selector={"matchExpressions": [{"key": "team", "operator": "Like", "values": ["a"]}]},
        ),
        "spec.selector.matchExpressions[0].operator",
    ),
    Refusal("an unknown action", objects.switch(action="Delete"), "spec.action", "ScaleToZero"),
    Refusal(
        "a workload held twice", objects.switch(restore=[RESTORE, RESTORE]), "spec.restore[1]", "Duplicate"
    ),
    Refusal(
        "a ceiling below zero", objects.switch(restore=[RESTORE | {"ceiling": -1}]), "spec.restore[0].ceiling"
    ),
    Refusal(
        "an autoscaler of another kind",
        objects.switch(restore=[RESTORE | {"autoscaler": {"kind": "VPA", "name": "fraud"}}]),
        "spec.restore[0].autoscaler.kind",
    ),
    Refusal(
        "a probation that is no time",
        objects.switch(restore=[RESTORE | {"probation": {"since": "now"}}]),
        "spec.restore[0].probation.since",
        "date-time",
    ),
    Refusal(
        "models and a selector in the whole cluster",
        objects.cluster_switch(models=["fraud"], selector={"matchLabels": {"team": "a"}}),
        "spec.models",
        "not both",
    ),
    Refusal(
        "an empty selector of namespaces",
        objects.cluster_switch(namespaceSelector={}),
        "spec.namespaceSelector",
        "leave it out",
    ),
    Refusal(
        "a cluster-wide switch that does not say whether",
        objects.cluster_switch(engaged=ABSENT),
        "spec.engaged",
        "Required",
    ),
    Refusal(
        "a name too long for that of its KillSwitches",
        objects.named("f" * 241, objects.cluster_switch()),
        "metadata.name",
        "240",
    ),
)

CHECKPOINTS = (
    Refusal("a checkpoint of nothing", objects.checkpoint() | {"spec": {}}, "spec.saved", "Required"),
    Refusal(
        "a checkpoint without its template",
        objects.checkpoint(saved={"podTemplate": ABSENT}),
        "spec.saved.podTemplate",
        "Required",
    ),
    Refusal(
        "a checkpoint without a digest", objects.checkpoint(saved={"digest": ABSENT}), "spec.saved.digest"
    ),
    Refusal(
        "a checkpoint without its time",
        objects.checkpoint(saved={"createdAt": ABSENT}),
        "spec.saved.createdAt",
    ),
    Refusal(
        "a verdict that there is not",
        objects.checkpoint(verdict={"value": "Fine"}),
        "spec.verdict.value",
        "Good",
    ),
    Refusal("a verdict without a value", objects.checkpoint(verdict={"reason": "x"}), "spec.verdict.value"),
    Refusal(
        "more than 20 activations",
        objects.checkpoint(activations=[{"at": NOW}] * 21),
        "spec.activations",
        "at most 20",
    ),
    Refusal(
        "an activation without its time",
        objects.checkpoint(activations=[{"reason": "Wanted"}]),
        "spec.activations[0].at",
        "Required",
    ),
    Refusal(
        "a reference to another kind",
        objects.checkpoint(saved={"configRefs": [{"kind": "Pod", "name": "a", "hash": "b"}]}),
        "spec.saved.configRefs[0].kind",
    ),
)

DRILLS = (
    Refusal("a drill on no model", objects.drill(model=ABSENT), "spec.model", "Required"),
    Refusal("a drill of an unknown type", objects.drill(type="Fire"), "spec.type", "Rollback"),
    Refusal("a schedule of four fields", objects.drill(schedule="0 3 * *"), "spec.schedule"),
    Refusal("a schedule in words", objects.drill(schedule="every night"), "spec.schedule"),
    Refusal("a drill without end", objects.drill(limit="0s"), "spec.limit", "from 1s"),
    Refusal(
        "the same threshold twice in abortOn",
        objects.drill(abortOn=["a", "a"]),
        "spec.abortOn[1]",
        "Duplicate",
    ),
)

ALL = (*SWITCHES, *CHECKPOINTS, *DRILLS)
