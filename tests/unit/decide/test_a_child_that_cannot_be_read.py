"""A ClusterKillSwitch and a KillSwitch of its own that says more than can be read (semantics.md, K2, B1)."""

from typing import Any

import pytest

from lastgood.api import names
from lastgood.decide.cluster_switch import Engage, Release
from lastgood.observe import cluster_switches, written
from tests.unit.decide.clusterwide import ML, RELEASED, SWITCH, child, decided


@pytest.mark.parametrize("engaged", [True, False])
def test_it_says_nothing_for_the_cluster_s_switch_and_is_not_written_anew(engaged: bool) -> None:
    """K2: whom it kills is not known, so another one says whom the ClusterKillSwitch asks for."""
    (write,) = decided(SWITCH, ML, children=(child(readable=False, engaged=engaged),))

    assert isinstance(write, Engage)
    assert (write.child.name, write.child.selection) == ("cluster-pii-2", SWITCH.selection)


def test_it_is_released_with_the_cluster_s_switch() -> None:
    """K9: that takes no more than its name."""
    (write,) = decided(RELEASED, ML, children=(child(readable=False),))
    assert isinstance(write, Release)


@pytest.mark.parametrize(
    ("spec", "readable"),
    [
        ({"engaged": True, "models": ["a"]}, True),
        ({"engaged": True, "models": "a"}, False),
        ({"engaged": True, "selector": {"matchExpressions": 3}}, False),
        ({"engaged": True, "restore": "newer"}, False),
    ],
)
def test_it_is_one_that_may_be_about_more_than_can_be_read(spec: Any, readable: bool) -> None:
    """B1."""
    metadata = {
        "name": "cluster-pii",
        "namespace": "ml",
        "labels": {names.LABEL_CAUSE: names.CAUSE_CLUSTER},
        "annotations": {names.ANNOTATION_CLUSTER_SWITCH: "pii"},
    }
    raw = {"metadata": metadata, "spec": spec}
    assert cluster_switches.child(raw, written.switch(raw)).readable is readable
