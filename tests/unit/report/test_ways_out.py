"""What the status of a switch tells a person to do (semantics.md, K2, K8, K9)."""

import dataclasses

import pytest

from lastgood.api.killswitch import LabelSelector
from lastgood.decide.facts import Cause, Entry, Switch
from lastgood.report import ways_out
from lastgood.report.switches import Target, summarize_switch
from tests.unit.report.building import NOON, brief, condition

PERSONS = Switch(name="inc", engaged=True, cause=Cause.PERSON, models=("frud",))
OF_A_FIELD = Switch(name="fraud-spec", engaged=True, cause=Cause.MANUAL, models=("fraud",))
OF_A_CLUSTER_SWITCH = Switch(name="cluster-leak", engaged=True, cause=Cause.CLUSTER)


@pytest.mark.parametrize(
    ("switch", "parent", "where"),
    [
        (PERSONS, "", "set spec.engaged to false to release it"),
        (
            OF_A_FIELD,
            "",
            (
                "to release it, set spec.killSwitch.engaged of ModelDeployment fraud to false; as long as that is "
                "true, what is released here alone is engaged again"
            ),
        ),
        (
            OF_A_CLUSTER_SWITCH,
            "leak",
            (
                "to release it, set spec.engaged of ClusterKillSwitch leak to false; as long as that one is engaged "
                "and selects this namespace, what is released here alone is engaged again"
            ),
        ),
        (
            dataclasses.replace(
                OF_A_FIELD, released_by="kubectl-patch"
            ),  # and engaged again on the switch itself
            "",
            "set spec.engaged to false to release it",
        ),
    ],
)
def test_a_switch_is_released_where_it_was_engaged(switch: Switch, parent: str, where: str) -> None:
    """K2, K8."""
    assert ways_out.release(switch, cluster_switch=parent) == where


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        (
            PERSONS,
            (
                "there is no ModelDeployment frud here; if another is meant, add its name to spec.models, or engage "
                "another switch"
            ),
        ),
        (
            dataclasses.replace(PERSONS, models=("fraud", "frud")),
            "there is no ModelDeployment frud here; if another",
        ),
        (dataclasses.replace(PERSONS, models=("fraud",)), ""),
        (dataclasses.replace(PERSONS, models=(), workloads=("batch",)), ""),
        (dataclasses.replace(PERSONS, engaged=False), ""),
        (dataclasses.replace(PERSONS, entries=(Entry("w", "frud", replicas=1, ceiling=0),)), ""),
        (
            dataclasses.replace(PERSONS, models=(), selector=LabelSelector(match_labels={"a": "b"})),
            "no ModelDeployment here has the labels that it selects; if others are meant, engage another switch",
        ),
        (dataclasses.replace(OF_A_CLUSTER_SWITCH, models=("frud",)), "there is no ModelDeployment frud here"),
    ],
)
def test_what_is_named_and_not_there_is_told(switch: Switch, said: str) -> None:
    """K2: the typo in an engaged switch cannot be taken out, so that what is told is what the latch lets be done."""
    selected = [name for name in switch.models if name == "fraud"]
    told = ways_out.not_there(switch, models=["fraud"], selected=selected)
    assert told == said or (said and told.startswith(said))


def test_a_switch_over_an_empty_namespace_tells_what_it_is_for() -> None:
    assert ways_out.not_there(OF_A_CLUSTER_SWITCH, models=(), selected=()) == (
        "there is no ModelDeployment here; one that is created is kept at zero"
    )


def test_the_status_of_a_switch_says_what_is_not_there_where_people_look() -> None:
    """`kubectl get killswitches` shows the message of Engaged."""
    status = summarize_switch(
        engaged=True,
        reason="PII",
        generation=1,
        targets=(),
        now=NOON,
        previous=None,
        not_there="there is no ModelDeployment frud here",
    )
    assert condition(status, "Engaged")["message"] == (
        "PII; there is no ModelDeployment frud here; set spec.engaged to false to release it"
    )
    assert (
        condition(status, "Verified")["message"] == "it stops nothing: there is no ModelDeployment frud here"
    )


def test_what_another_switch_keeps_at_zero_is_not_on_its_way_back() -> None:
    """K2."""
    entries = tuple(Entry(name, name, replicas=1, ceiling=0) for name in ("churn", "fraud"))
    released = Switch(name="a", engaged=False, cause=Cause.PERSON, entries=entries)
    other = Switch(name="b", engaged=True, cause=Cause.PERSON, entries=entries[1:])
    held = ways_out.held_elsewhere(released, [released, other])
    assert held == {"fraud": "b"}

    def told(*workloads: str) -> tuple[str, str]:
        found = tuple(Target(name, name, 0) for name in workloads)
        status = summarize_switch(
            engaged=False,
            reason="",
            generation=1,
            targets=found,
            now=NOON,
            previous=None,
            held_elsewhere=held,
        )
        return brief(status, "Engaged"), condition(status, "Engaged")["message"]

    assert told("fraud") == ("False/HeldByAnother", "released; KillSwitch b keeps fraud at zero")
    assert told("churn", "fraud") == (
        "False/Recovering",
        "released; KillSwitch b keeps fraud at zero; churn on the way back to service",
    )
