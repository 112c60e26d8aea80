"""K2, K9: a ClusterKillSwitch engages one KillSwitch per namespace; selection only adds, and only people release."""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from lastgood.api.killswitch import LabelSelector
from lastgood.decide.cluster_switch import (
    Child,
    ClusterSwitch,
    Engage,
    Namespace,
    Release,
    Selection,
    Write,
    decide,
    still_held,
    widened,
)

PAYMENTS = LabelSelector(match_labels={"team": "payments"})
SWITCH = ClusterSwitch(
    name="pii", uid="u", engaged=True, selection=Selection(reason="INC-1"), written_by="kubectl"
)
RELEASED = dataclasses.replace(SWITCH, engaged=False)
ELSEWHERE = LabelSelector(match_labels={"team": "fraud"})
ML = Namespace("ml", labels={"team": "payments"})
GITOPS = ("argocd-controller",)
SELECTIONS = (
    Selection(),
    Selection(models=("a",)),
    Selection(models=("c",)),
    Selection(selector=PAYMENTS),
    Selection(selector=ELSEWHERE),
    Selection(workloads=("w",)),
    Selection(models=("a",), workloads=("w",)),
    Selection(selector=PAYMENTS, workloads=("w",)),
)


def child(namespace: str = "ml", **fields: Any) -> Child:
    found = Child(
        namespace=namespace,
        name="cluster-pii",
        engaged=True,
        selection=SWITCH.selection,
        parent="pii",
        parent_uid="u",
        engaged_by="kubectl",
        resource_version="7",
    )
    return dataclasses.replace(found, **fields)


def decided(
    switch: ClusterSwitch, *namespaces: Namespace, children: tuple[Child, ...] = ()
) -> tuple[Write, ...]:
    return decide(switch, namespaces=namespaces, children=children, gitops_managers=GITOPS)


def engaged_in(writes: tuple[Write, ...]) -> list[str]:
    return [write.child.namespace for write in writes if isinstance(write, Engage)]


def test_every_namespace_gets_its_switch_those_with_models_first() -> None:
    writes = decided(SWITCH, Namespace("a"), Namespace("z", has_models=True))

    assert engaged_in(writes) == ["z", "a"]
    assert {write.child.name for write in writes} == {"cluster-pii"}
    assert {write.child.selection.reason for write in writes} == {"INC-1"}


def test_namespaces_are_chosen_by_their_labels() -> None:
    switch = dataclasses.replace(SWITCH, namespaces=PAYMENTS)

    assert engaged_in(decided(switch, ML, Namespace("other"))) == ["ml"]


def test_a_namespace_that_ends_and_those_of_kubernetes_are_left_alone() -> None:
    system = Namespace("kube-system")
    with_a_model = dataclasses.replace(system, has_models=True)

    assert decided(SWITCH, Namespace("gone", ending=True), system) == ()
    assert engaged_in(decided(SWITCH, with_a_model)) == ["kube-system"]


def test_what_is_there_already_is_not_written_again() -> None:
    assert decided(SWITCH, ML, children=(child(),)) == ()


def test_a_namespace_whose_labels_change_keeps_its_switch() -> None:
    switch = dataclasses.replace(SWITCH, namespaces=PAYMENTS)

    assert decided(switch, Namespace("ml"), children=(child(),)) == ()


def test_a_release_by_a_person_releases_what_it_engaged() -> None:
    assert decided(RELEASED, ML, children=(child(),)) == (Release(child(), by="kubectl"),)
    assert decided(RELEASED, children=(child(engaged=False, released_by="kubectl"),)) == ()


def test_a_release_from_git_lets_nothing_go_that_a_person_engaged() -> None:
    from_git = dataclasses.replace(RELEASED, written_by="argocd-controller")

    assert decided(from_git, ML, children=(child(),)) == ()
    assert still_held(from_git, (child(),), GITOPS) == (child(),)
    assert decided(from_git, ML, children=(child(engaged_by="argocd-controller"),)) != ()


def test_one_that_is_created_released_says_nothing_of_the_kill_before_it() -> None:
    assert decided(dataclasses.replace(RELEASED, uid="new"), ML, children=(child(),)) == ()


def test_one_that_is_created_again_engaged_takes_its_switches_over() -> None:
    writes = decided(dataclasses.replace(SWITCH, uid="new", written_by="ana"), ML, children=(child(),))

    assert [(write.child.parent_uid, write.child.resource_version) for write in writes] == [("new", "7")]
    assert isinstance(writes[0], Engage)
    assert writes[0].child.engaged_by == "ana"


def test_a_switch_that_is_released_in_one_namespace_alone_is_engaged_again() -> None:
    assert engaged_in(decided(SWITCH, ML, children=(child(engaged=False),))) == ["ml"]


def test_a_switch_that_is_released_where_the_namespace_is_no_longer_selected_stays_released() -> None:
    switch = dataclasses.replace(SWITCH, namespaces=PAYMENTS)

    assert decided(switch, Namespace("ml"), children=(child(engaged=False),)) == ()


def test_one_that_a_person_engages_after_the_release_is_released_where_it_was_engaged() -> None:
    again = child(engaged=True, released_by="kubectl")

    assert decided(RELEASED, ML, children=(again,)) == ()
    assert still_held(RELEASED, (again,), GITOPS) == (again,)


def test_a_name_that_somebody_else_has_taken_keeps_no_kill_from_happening() -> None:
    writes = decide(SWITCH, namespaces=(ML,), children=(), taken={("ml", "cluster-pii")})

    assert [write.child.name for write in writes] == ["cluster-pii-2"]


def test_an_engaged_switch_is_widened_and_never_narrowed() -> None:
    everything, some = Selection(), Selection(models=("a", "b"))

    assert widened(some, Selection(models=("b", "c"))) == Selection(models=("a", "b", "c"))
    assert widened(some, everything) == everything
    assert widened(everything, some) == everything
    assert widened(Selection(workloads=("x",)), Selection(workloads=("y",))) == Selection(
        workloads=("x", "y")
    )
    assert widened(some, Selection(workloads=("y",))) == Selection(models=("a", "b"), workloads=("y",))
    assert widened(Selection(workloads=("x",)), some) == Selection(models=("a", "b"), workloads=("x",))


def test_what_a_list_names_stays_selected_when_a_selector_is_asked_for() -> None:
    """K2: selection only adds, and one switch cannot have both: a further one is engaged beside it."""
    listed, labelled = Selection(models=("a", "b")), Selection(selector=PAYMENTS)
    others = Selection(selector=ELSEWHERE)

    for before, wanted in ((listed, labelled), (labelled, listed), (labelled, others)):
        assert widened(before, wanted) is None
        first, switch = child(selection=before), dataclasses.replace(SWITCH, selection=wanted)
        (write,) = decided(switch, ML, children=(first,))

        assert isinstance(write, Engage)
        assert (write.child.name, write.child.selection) == ("cluster-pii-2", wanted)
        both = (first, write.child)
        assert decided(switch, ML, children=both) == (), "and both hold from then on"
        assert decided(dataclasses.replace(switch, namespaces=ELSEWHERE), ML, children=(first,)) == ()
        released = dataclasses.replace(RELEASED, selection=wanted)
        assert {each.child.name for each in decided(released, ML, children=both)} == {
            "cluster-pii",
            "cluster-pii-2",
        }


def test_deployments_that_are_named_stay_named_beside_every_model() -> None:
    """K2: one switch says every model by naming nothing: a Deployment by name needs one of its own."""
    everything, named = Selection(), Selection(workloads=("batch",))
    both = Selection(models=("a",), workloads=("batch",))
    for before, wanted in ((everything, named), (named, everything), (everything, both), (both, everything)):
        assert widened(before, wanted) is None
        first, switch = child(selection=before), dataclasses.replace(SWITCH, selection=wanted)
        (write,) = decided(switch, ML, children=(first,))

        assert isinstance(write, Engage)
        assert (write.child.name, write.child.selection) == ("cluster-pii-2", wanted)
        assert decided(switch, ML, children=(first, write.child)) == (), "and both hold from then on"


def test_names_that_one_list_has_no_room_for_go_into_a_further_switch() -> None:
    """K2, B2: a list of more would be refused, again and again, and nothing of what is new would be killed."""
    held, more = (tuple(f"{prefix}{number}" for number in range(600)) for prefix in "ab")
    for before, wanted, overlapping in (
        (Selection(models=held), Selection(models=more), Selection(models=(*held, *more[:400]))),
        (Selection(workloads=held), Selection(workloads=more), Selection(workloads=(*held, *more[:400]))),
    ):
        assert widened(before, wanted) is None
        assert widened(before, overlapping) == overlapping
        switch = dataclasses.replace(SWITCH, selection=wanted)
        (write,) = decided(switch, ML, children=(child(selection=before),))
        assert (write.child.name, write.child.selection) == ("cluster-pii-2", wanted)
        assert decided(switch, ML, children=(child(selection=before), write.child)) == ()


def test_a_list_that_comes_back_widens_the_switch_that_has_one() -> None:
    """K2."""
    first, second = child(selection=Selection(models=("a",))), child(selection=Selection(selector=PAYMENTS))
    second = dataclasses.replace(second, name="cluster-pii-2")
    switch = dataclasses.replace(SWITCH, selection=Selection(models=("b",)))

    (write,) = decided(switch, ML, children=(second, first))

    assert (write.child.name, write.child.selection.models) == ("cluster-pii", ("a", "b"))


def test_one_that_is_created_again_takes_over_also_what_it_cannot_widen() -> None:
    """K2, K9: else its release would leave that engaged."""
    switch = dataclasses.replace(SWITCH, uid="new", selection=Selection(selector=PAYMENTS))

    writes = decided(switch, ML, children=(child(selection=Selection(models=("a",))),))

    assert [(each.child.name, each.child.parent_uid) for each in writes] == [
        ("cluster-pii", "new"),
        ("cluster-pii-2", "new"),
    ]
    assert writes[0].child.selection.models == ("a",)


def test_what_was_written_needs_no_second_write() -> None:
    for before, wanted in itertools.product(SELECTIONS, repeat=2):
        switch = dataclasses.replace(SWITCH, selection=wanted)
        writes = decided(switch, ML, children=(child(selection=before),))
        assert decided(switch, ML, children=tuple(_after(writes, child(selection=before)))) == ()


def test_whatever_is_asked_for_is_killed_beside_what_was() -> None:
    """K2."""
    for before, wanted in itertools.product(SELECTIONS, repeat=2):
        switch = dataclasses.replace(SWITCH, selection=wanted)
        writes = decided(switch, ML, children=(child(selection=before),))
        after = list(_after(writes, child(selection=before)))
        for asked in (before, wanted):
            assert any(_says(each.selection, asked) for each in after), f"{before} and then {wanted}"


def _says(selection: Selection, asked: Selection) -> bool:
    """Whether a switch with one selection stops all that another one asks for."""
    of_models = selection.everything or (
        not asked.everything
        and set(asked.models) <= set(selection.models)
        and asked.selector in (None, selection.selector)
    )
    return of_models and set(asked.workloads) <= set(selection.workloads)


def _after(writes: Sequence[Write], before: Child) -> Iterable[Child]:
    """Return the switches as they are once all of it is written."""
    return {each.name: each for each in (before, *(write.child for write in writes))}.values()
