"""Thresholds of models and of policies that the API server refuses."""

from tests.cluster.api import objects
from tests.cluster.api.objects import ABSENT
from tests.cluster.api.refusal import Refusal

THRESHOLDS = (
    Refusal(
        "query and alert",
        objects.threshold(alert="Toxic", max=ABSENT),
        "spec.thresholds[0].query",
        "exactly one",
    ),
    Refusal(
        "none of query, alert and from",
        objects.threshold(query=ABSENT),
        "spec.thresholds[0].query",
        "exactly one",
    ),
    Refusal(
        "query and from",
        objects.threshold(**{"from": {"policy": "p", "threshold": "t"}}),
        "spec.thresholds[0].query",
        "exactly one",
    ),
    Refusal("no limit", objects.threshold(max=ABSENT), "spec.thresholds[0].max", "without a limit"),
    Refusal("min above max", objects.threshold(min=3), "spec.thresholds[0].min", "must not exceed max"),
    Refusal(
        "clearMax above max",
        objects.threshold(clearMax=2.5),
        "spec.thresholds[0].clearMax",
        "must not exceed max",
    ),
    Refusal(
        "clearMax without max",
        objects.threshold(max=ABSENT, min=1, clearMax=2),
        "spec.thresholds[0].clearMax",
        "needs max",
    ),
    Refusal(
        "clearMin below min",
        objects.threshold(max=ABSENT, min=1, clearMin=0.5),
        "spec.thresholds[0].clearMin",
        "must not be below min",
    ),
    Refusal(
        "clearMin without min", objects.threshold(clearMin=1), "spec.thresholds[0].clearMin", "needs min"
    ),
    Refusal(
        "clear levels that cross",
        objects.threshold(min=0, clearMin=1.5, clearMax=1),
        "spec.thresholds[0].clearMin",
        "must not exceed clearMax",
    ),
    Refusal(
        "a limit beside an alerting rule",
        objects.threshold(query=ABSENT, alert="Toxic"),
        "spec.thresholds[0].alert",
        "leave out",
    ),
    Refusal("a limit written as text", objects.threshold(max="2%"), "spec.thresholds[0].max", "number"),
    Refusal("a window of nothing", objects.threshold(window="0s"), "spec.thresholds[0].window", "from 1s"),
    Refusal("a duration in days", objects.threshold(**{"for": "1d"}), "spec.thresholds[0].for"),
    Refusal("a negative duration", objects.threshold(clearFor="-1m"), "spec.thresholds[0].clearFor"),
    Refusal("a duration without a unit", objects.threshold(warmup="30"), "spec.thresholds[0].warmup"),
    Refusal(
        "samples without a least number",
        objects.threshold(samples={"query": "vector(1)"}),
        "spec.thresholds[0].samples.min",
        "Required",
    ),
    Refusal(
        "an action that there is not",
        objects.threshold(onBreach="Restart"),
        "spec.thresholds[0].onBreach",
        "Rollback",
    ),
    Refusal(
        "an unknown way with no data", objects.threshold(onNoData="Guess"), "spec.thresholds[0].onNoData"
    ),
    Refusal("an unknown reduction", objects.threshold(reduce="median"), "spec.thresholds[0].reduce"),
    Refusal("a threshold's name in capitals", objects.threshold(name="Errors"), "spec.thresholds[0].name"),
    Refusal(
        "two thresholds of one name",
        objects.model(thresholds=[{"name": "a", "query": "vector(1)", "max": 1}] * 2),
        "spec.thresholds[1]",
        "Duplicate",
    ),
    Refusal(
        "more than 50 thresholds",
        objects.model(thresholds=[{"name": f"a{i}", "query": "vector(1)", "max": 1} for i in range(51)]),
        "spec.thresholds",
        "at most 50",
    ),
    Refusal("an interval below a second", objects.model(interval="500ms"), "spec.interval", "from 1s to 1h"),
    Refusal("an interval beyond an hour", objects.model(interval="61m"), "spec.interval", "from 1s to 1h"),
)

POLICIES = (
    Refusal(
        "a policy that refers to a policy",
        objects.policy(query=ABSENT, **{"from": {"policy": "p", "threshold": "t"}}),
        "spec.thresholds[0].query",
        "ModelDeployment",
    ),
    Refusal("a policy's threshold without a limit", objects.policy(max=ABSENT), "spec.thresholds[0].max"),
    Refusal(
        "a policy without thresholds", objects.policy() | {"spec": {"thresholds": []}}, "spec.thresholds"
    ),
    Refusal(
        "a policy's clearMax without max",
        objects.policy(max=ABSENT, min=0, clearMax=1),
        "spec.thresholds[0].clearMax",
        "needs max",
    ),
    Refusal("a cluster policy with min above max", objects.cluster_policy(min=3), "spec.thresholds[0].min"),
    Refusal(
        "a cluster policy's limit beside an alert",
        objects.cluster_policy(query=ABSENT, alert="Toxic"),
        "spec.thresholds[0].alert",
        "leave out",
    ),
)

ALL = (*THRESHOLDS, *POLICIES)
