"""K2: a ClusterKillSwitch engages one KillSwitch per namespace, and selection only adds."""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from lastgood.decide.cluster_switch import Child, Engage, Namespace, Selection, Write, decide, widened
from tests.unit.decide.clusterwide import (
    ELSEWHERE,
    ML,
    PAYMENTS,
    RELEASED,
    SWITCH,
    child,
    decided,
    engaged_in,
)

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


def test_a_switch_that_is_released_in_one_namespace_alone_is_engaged_again() -> None:
    assert engaged_in(decided(SWITCH, ML, children=(child(engaged=False),))) == ["ml"]


def test_a_switch_that_is_released_where_the_namespace_is_no_longer_selected_stays_released() -> None:
    switch = dataclasses.replace(SWITCH, namespaces=PAYMENTS)

    assert decided(switch, Namespace("ml"), children=(child(engaged=False),)) == ()


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
