"""Operators that share a cluster by namespaces agree on who tells of a ClusterKillSwitch (F2, K2)."""

import dataclasses
import itertools
from collections.abc import Collection

from lastgood.decide.cluster_switch import ClusterSwitch, Namespace, Share, share
from tests.unit.decide.clusterwide import ELSEWHERE, PAYMENTS, SWITCH

THERE = (
    Namespace("lab", labels={"team": "payments"}),
    Namespace("ml", labels={"team": "payments"}),
    Namespace("web"),
    Namespace("kube-system", has_models=True),
)
PART = dataclasses.replace(SWITCH, namespaces=PAYMENTS)
NOWHERE = dataclasses.replace(SWITCH, namespaces=ELSEWHERE)


def test_an_operator_of_all_namespaces_sees_all() -> None:
    for switch in (SWITCH, PART, NOWHERE):
        assert share(switch, THERE, ()) is Share.ALL


def test_an_operator_of_all_that_are_selected_sees_all_and_others_see_nothing() -> None:
    assert share(PART, THERE, ("lab", "ml")) is Share.ALL
    assert share(PART, THERE, ("web", "kube-system")) is Share.NONE


def test_operators_of_some_of_those_that_are_selected_see_some() -> None:
    for switch, only in ((PART, ("ml",)), (PART, ("lab", "web")), (SWITCH, ("ml",)), (NOWHERE, ("ml",))):
        assert share(switch, THERE, only) is Share.SOME


def test_of_those_who_share_a_cluster_one_tells_or_all_tell_the_same() -> None:
    """F2: each sees models in its own namespaces only."""
    names = [each.name for each in THERE]
    for switch, size in itertools.product((SWITCH, PART, NOWHERE), range(1, len(names))):
        for first in itertools.combinations(names, size):
            second = [name for name in names if name not in first]
            shares = [_share(switch, first), _share(switch, second)]
            assert shares.count(Share.ALL) == 0 or sorted(shares, key=str) == [Share.ALL, Share.NONE]


def _share(switch: ClusterSwitch, only: Collection[str]) -> Share:
    """Return the share of an operator that knows of models where it looks, and nowhere else."""
    seen = (dataclasses.replace(each, has_models=each.name in only) for each in THERE)
    return share(switch, seen, only)
