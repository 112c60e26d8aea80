"""Thresholds: what is measured, what is too much, and what happens then.

In the schema every field is optional and none has a default: a default written by the API server would look
like the user's word and override the policy that the threshold takes its values `from`. `resolve` merges both
and applies the defaults last; judging and deciding work on its result only.
"""

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import Field

from lastgood.api import durations, schema, threshold_rules
from lastgood.api.base import Model, Name, ShortName
from lastgood.api.durations import Duration

DEFAULT_WINDOW: Final = datetime.timedelta(minutes=5)
"""Long enough for rate() over ten scrapes of 30 s, short enough that a rollback still spares users."""
NO_TIME: Final = datetime.timedelta(0)

_T = TypeVar("_T")


class Verdict(StrEnum):
    """What a threshold says about a version. Only `BREACH` acts."""

    OK = "OK"
    PENDING = "Pending"
    BREACH = "Breach"
    INSUFFICIENT = "Insufficient"
    BLIND = "Blind"
    INVALID = "Invalid"


class OnBreach(StrEnum):
    """What a breach does."""

    ALERT = "Alert"
    HOLD = "Hold"
    ROLLBACK = "Rollback"
    KILL = "Kill"


class OnNoData(StrEnum):
    """What an answer without data does."""

    IGNORE = "Ignore"
    HOLD = "Hold"
    BREACH = "Breach"


class Reduce(StrEnum):
    """How several series become one number."""

    MAX = "max"
    MIN = "min"
    AVG = "avg"
    SUM = "sum"


class Samples(Model):
    """How much traffic a verdict needs: one error in three requests is no ratio to act on."""

    query: Annotated[str, schema.text(8192, shortest=1)]
    """PromQL giving the number of samples, with the same placeholders as the threshold's query. Empty counts
    as 0."""
    min: Annotated[float, schema.number(least=0)]
    """Fewer samples than this make the verdict Insufficient."""


class PolicyRef(Model):
    """A threshold of a SafetyPolicy."""

    policy: Name
    """A SafetyPolicy of the namespace, else a ClusterSafetyPolicy, else a stack of the built-in library."""
    threshold: ShortName
    """The name of the threshold in it."""


class PolicyThreshold(Model):
    """A named threshold that many models can use."""

    rules = threshold_rules.POLICY

    name: ShortName
    """The threshold's name: a label value of the metrics, in lower case with dashes."""
    query: Annotated[str | None, schema.text(8192, shortest=1)] = None
    """PromQL giving one number. $namespace, $model, $workload, $version and $window are filled in."""
    alert: Annotated[str | None, schema.text(253, shortest=1)] = None
    """Instead of a query: an alerting rule that this Prometheus already has. Firing is a breach, not firing
    is OK; a rule that does not exist, is unhealthy or stale is Blind."""
    window: Annotated[Duration | None, durations.between("1s", "8760h")] = None
    """What $window becomes; shorter after a switch of version, so that no earlier sample is inside. Default:
    5m."""
    max: float | None = None
    """A value above this is a breach."""
    min: float | None = None
    """A value below this is a breach."""
    clear_max: float | None = None
    """After a breach of max, only a value at or below this is OK again (hysteresis). Default: max."""
    clear_min: float | None = None
    """After a breach of min, only a value at or above this is OK again (hysteresis). Default: min."""
    for_: Annotated[Duration | None, durations.between("0s", "720h")] = Field(None, alias="for")
    """How long a breach must last before it acts; until then the verdict is Pending. Default: 0s."""
    warmup: Annotated[Duration | None, durations.between("0s", "720h")] = None
    """After a switch of version, nothing is judged for this long. Default: rollback.warmup."""
    clear_for: Annotated[Duration | None, durations.between("0s", "720h")] = None
    """How long values must be clear before a breach ends. Default: the same as `for`."""
    samples: Samples | None = None
    """How much traffic a verdict needs."""
    on_breach: OnBreach | None = None
    """What a breach does: Alert reports it, Hold stops the rollout, Rollback returns to the last good
    version, Kill stops the model. Default: Rollback."""
    on_no_data: OnNoData | None = None
    """What an answer without data does: Hold freezes rollout and bake, Ignore lets them go on, Breach counts
    as one provided that the server answers otherwise. Default: Hold."""
    reduce: Reduce | None = None
    """How several series become one number; without it more than one series is Invalid."""
    dry_run: bool | None = None
    """True: judged and reported, never acted on. Default: false."""


class Threshold(PolicyThreshold):
    """A threshold of a model. With `from`, fields given here override the policy's."""

    rules = threshold_rules.MODEL

    from_: PolicyRef | None = Field(None, alias="from")
    """Take the fields of a policy's threshold; fields given here override them."""


class ThresholdError(ValueError):
    """A threshold that cannot be judged. The text is a sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class ResolvedThreshold:
    """A threshold with nothing left open: after the merge with its policy and after the defaults.

    Exactly one of `query` and `alert` is set. `clear_max` is set if `max` is, `clear_min` if `min` is.
    """

    name: str
    query: str | None
    alert: str | None
    window: datetime.timedelta
    max: float | None
    min: float | None
    clear_max: float | None
    clear_min: float | None
    for_: datetime.timedelta
    clear_for: datetime.timedelta
    warmup: datetime.timedelta
    samples: Samples | None
    on_breach: OnBreach
    on_no_data: OnNoData
    reduce: Reduce | None
    dry_run: bool
    policy: str | None
    """Where the values came from, as `<policy>/<threshold>`; none if the model gave them all."""


def resolve(
    threshold: Threshold, policy_threshold: PolicyThreshold | None, *, warmup: datetime.timedelta
) -> ResolvedThreshold:
    """Merge a threshold over its policy's and apply the defaults; `warmup` is the model's `rollback.warmup`.

    A clear level that only the policy gave and that lies beyond the model's own limit gives way to that
    limit. Raises ThresholdError when `from` names a policy that was not found, or when no judgement can
    come of the merge.
    """
    if threshold.from_ is not None and policy_threshold is None:
        raise ThresholdError(
            f"threshold {threshold.name}: there is no threshold {threshold.from_.threshold} in a policy "
            f"{threshold.from_.policy}; create the SafetyPolicy or correct `from`"
        )
    merged = _merge(threshold, policy_threshold)
    _check(merged)
    for_ = _given(merged.for_, NO_TIME)
    return ResolvedThreshold(
        name=merged.name,
        query=merged.query,
        alert=merged.alert,
        window=_given(merged.window, DEFAULT_WINDOW),
        max=merged.max,
        min=merged.min,
        clear_max=_given(merged.clear_max, merged.max),
        clear_min=_given(merged.clear_min, merged.min),
        for_=for_,
        clear_for=_given(merged.clear_for, for_),
        warmup=_given(merged.warmup, warmup),
        samples=merged.samples,
        on_breach=_given(merged.on_breach, OnBreach.ROLLBACK),
        on_no_data=_given(merged.on_no_data, OnNoData.HOLD),
        reduce=merged.reduce,
        dry_run=_given(merged.dry_run, False),
        policy=f"{threshold.from_.policy}/{threshold.from_.threshold}"
        if threshold.from_ is not None
        else None,
    )


def _given(value: _T | None, default: _T) -> _T:
    return default if value is None else value


def _merge(threshold: Threshold, policy: PolicyThreshold | None) -> PolicyThreshold:
    """Put the model's fields over the policy's; the policy's clear levels stay on their side of the limit."""
    fields = {name: getattr(threshold, name) for name in PolicyThreshold.model_fields}
    if policy is not None:
        fields = {name: _given(value, getattr(policy, name)) for name, value in fields.items()}
        if threshold.clear_max is None and None not in (fields["clear_max"], fields["max"]):
            fields["clear_max"] = min(fields["clear_max"], fields["max"])
        if threshold.clear_min is None and None not in (fields["clear_min"], fields["min"]):
            fields["clear_min"] = max(fields["clear_min"], fields["min"])
    return PolicyThreshold.model_construct(**fields)


def _check(merged: PolicyThreshold) -> None:
    """Raise ThresholdError for a merge that nothing could be judged by."""
    for broken, sentence in (
        ((merged.query is None) == (merged.alert is None), "needs exactly one of query and alert"),
        (merged.alert is None and merged.max is None and merged.min is None, "needs max, min or both"),
        (_above(merged.min, merged.max), "has a min above its max, so no value is inside"),
        (_above(merged.clear_max, merged.max), "has a clearMax above its max"),
        (_above(merged.min, merged.clear_min), "has a clearMin below its min"),
        (
            _above(merged.clear_min, merged.clear_max),
            "has a clearMin above its clearMax, so no value is ever clear",
        ),
    ):
        if broken:
            raise ThresholdError(
                f"threshold {merged.name} {sentence}; correct it or the policy that it comes from"
            )


def _above(lower: float | None, upper: float | None) -> bool:
    return lower is not None and upper is not None and lower > upper
