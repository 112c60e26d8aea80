import datetime
from typing import Any

import pydantic
import pytest

from lastgood.api import kinds
from lastgood.api.base import Condition, ConditionStatus
from lastgood.api.killswitch import KillSwitch, KillSwitchSpec, LabelSelector, ProbationFact, RestoreEntry
from lastgood.api.modelcheckpoint import Activation, ModelCheckpoint
from lastgood.api.modeldeployment import ModelDeployment
from lastgood.api.modeldeployment_status import RollbackStatus
from lastgood.api.rollback import OnNoGoodVersion

NOON = datetime.datetime(2026, 11, 22, 12, 0, 0, 7, tzinfo=datetime.UTC)
FALLBACK = {"workloadRef": {"name": "rules"}}


def model(**spec: Any) -> ModelDeployment:
    return ModelDeployment.parse(
        {"metadata": {"name": "fraud"}, "spec": {"workloadRef": {"name": "w"}} | spec}
    )


def test_an_unknown_field_does_not_break_a_read() -> None:
    parsed = model(rollout={"bake": "1m", "invented": {"later": True}}, later=1)
    assert parsed.spec.rollout.bake == datetime.timedelta(minutes=1)


def test_a_status_that_cannot_be_read_counts_as_absent() -> None:
    parsed = ModelDeployment.parse(
        {
            "metadata": {"name": "a"},
            "spec": {},
            "status": {"versions": [{"name": "1", "verdict": "Splendid"}]},
        }
    )
    assert parsed.status is None


def test_an_engaged_switch_reads_even_if_the_api_server_would_now_refuse_it() -> None:
    parsed = KillSwitch.parse(
        {
            "metadata": {"name": "X" * 300},
            "spec": {"engaged": True, "models": [], "selector": {}, "reason": "r" * 9999},
        }
    )
    assert parsed.spec.engaged


def test_a_bad_value_is_reported_with_its_path() -> None:
    with pytest.raises(pydantic.ValidationError) as refusal:
        model(rollout={"steps": [{"weight": 10, "hold": "soon"}]})
    assert refusal.value.errors()[0]["loc"] == ("spec", "rollout", "steps", 0, "hold")


def test_only_what_was_set_is_written() -> None:
    spec = KillSwitchSpec(engaged=True, restore=(RestoreEntry(workload="fraud", replicas=3, ceiling=0),))
    assert spec.wire() == {"engaged": True, "restore": [{"workload": "fraud", "replicas": 3, "ceiling": 0}]}


def test_a_word_that_python_reserves_is_written_under_its_wire_name() -> None:
    assert RollbackStatus(from_="1.5.0", to="1.4.0").wire() == {"from": "1.5.0", "to": "1.4.0"}
    assert Activation(at=NOON, from_="1.4.0").wire()["from"] == "1.4.0"


def test_a_time_is_written_in_utc_with_microseconds() -> None:
    east = NOON.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    assert ProbationFact(since=east, round=2).wire() == {"since": "2026-11-22T12:00:00.000007Z", "round": 2}
    assert ProbationFact.model_validate({"since": "2026-11-22T12:00:00.000007123Z"}).since == NOON


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="timezone"):
        ProbationFact.model_validate({"since": "2026-11-22T12:00:00"})


def test_a_message_that_is_too_long_is_cut_rather_than_lost() -> None:
    condition = Condition(
        type="Ready",
        status=ConditionStatus.TRUE,
        last_transition_time=NOON,
        reason="Serving",
        message="x" * 5000,
    )
    assert len(condition.message) == 1024


def test_defaults_are_those_of_the_reference() -> None:
    spec = model().spec
    assert spec.interval == datetime.timedelta(seconds=15)
    assert (spec.rollback.warmup, spec.rollback.cooldown) == (
        datetime.timedelta(minutes=2),
        datetime.timedelta(minutes=10),
    )
    assert (spec.rollback.budget.max, spec.rollback.budget.per) == (3, datetime.timedelta(hours=24))
    assert str(spec.kill_switch.recovery.probation.replicas) == "25%"
    assert spec.kill_switch.engaged is False
    assert spec.standby.replicas == 0


def test_without_a_good_version_a_fallback_is_used_if_there_is_one() -> None:
    assert model().spec.on_no_good_version is OnNoGoodVersion.HOLD
    assert model(fallback=FALLBACK).spec.on_no_good_version is OnNoGoodVersion.FALLBACK
    given = model(fallback=FALLBACK, rollback={"onNoGoodVersion": "Kill"})
    assert given.spec.on_no_good_version is OnNoGoodVersion.KILL


def test_the_wanted_version_is_the_only_one_unless_the_model_follows() -> None:
    one = [{"name": "1", "image": "a"}]
    assert model(versions=one).spec.wanted_version == "1"
    assert model(versions=one, follow=True).spec.wanted_version is None
    assert model(versions=one, version="2").spec.wanted_version == "2"


def test_a_created_workload_is_named_like_its_model() -> None:
    created = ModelDeployment.parse(
        {"metadata": {"name": "fraud"}, "spec": {"template": {"container": "m", "spec": {"containers": []}}}}
    )
    assert (created.workload_name, created.container_name) == ("fraud", "m")
    assert model().workload_name == "w"


def test_a_fallback_takes_over_the_service_of_the_rollout_by_default() -> None:
    assert model().spec.fallback_service is None
    assert (
        model(fallback=FALLBACK, rollout={"traffic": {"service": "fraud"}}).spec.fallback_service == "fraud"
    )
    assert model(fallback=FALLBACK | {"service": "own"}).spec.fallback_service == "own"


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({"matchLabels": {"team": "a"}}, True),
        ({"matchLabels": {"team": "b"}}, False),
        ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "b"]}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "stage", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}, False),
        ({}, True),
    ],
)
def test_a_selector_chooses_as_kubernetes_does(selector: Any, chosen: bool) -> None:
    assert LabelSelector.model_validate(selector).matches({"team": "a"}) is chosen


def test_a_checkpoint_survives_writing_and_reading() -> None:
    manifest = {
        "apiVersion": "lastgood.dev/v1alpha1",
        "kind": "ModelCheckpoint",
        "metadata": {"name": "fraud-1"},
        "spec": {
            "saved": {
                "model": "fraud",
                "version": "1",
                "podTemplate": {"spec": {"containers": [{"name": "m", "unknownToUs": {"kept": [1, None]}}]}},
                "digest": "d",
                "base": {"container": "m", "image": "fraud:0", "env": [{"name": "A", "value": "1"}]},
                "autoscaler": {"kind": "ScaledObject", "name": "fraud", "pausedReplicas": 0},
                "createdAt": "2026-11-22T12:00:00.000007Z",
            },
            "verdict": {"value": "Bad", "evidence": {"threshold": "errors", "value": "+Inf", "window": "2m"}},
            "activations": [{"at": "2026-11-22T12:00:00.000007Z", "reason": "Wanted", "from": "0"}],
        },
    }
    assert ModelCheckpoint.parse(manifest).wire() == manifest


def test_every_kind_knows_its_address() -> None:
    assert kinds.KILL_SWITCH.path(namespace="ml", name="a") == (
        "/apis/lastgood.dev/v1alpha1/namespaces/ml/killswitches/a"
    )
    assert kinds.CLUSTER_KILL_SWITCH.path(namespace="ml") == "/apis/lastgood.dev/v1alpha1/clusterkillswitches"
    assert kinds.MODEL_DEPLOYMENT.path() == "/apis/lastgood.dev/v1alpha1/modeldeployments"
    assert len({kind.short_name for kind in kinds.KINDS} | {kind.plural for kind in kinds.KINDS}) == 14
