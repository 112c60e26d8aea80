"""K8, K9: a ClusterKillSwitch is released by people, and lets go of nothing but what was engaged for it."""

import dataclasses

from lastgood.decide.cluster_switch import Engage, Release, Selection, still_held
from tests.unit.decide.clusterwide import ELSEWHERE, GITOPS, ML, RELEASED, SWITCH, child, decided, engaged_in

ARGO, FLUX = GITOPS


def test_a_release_by_a_person_releases_what_it_engaged() -> None:
    assert decided(RELEASED, ML, children=(child(),)) == (Release(child(), by="kubectl"),)
    assert decided(RELEASED, children=(child(engaged=False, released_by="kubectl"),)) == ()


def test_a_release_from_git_lets_nothing_go_that_a_person_engaged() -> None:
    from_git = dataclasses.replace(RELEASED, owners=(ARGO,))

    assert decided(from_git, ML, children=(child(),)) == ()
    assert still_held(from_git, (child(),), GITOPS) == (child(),)
    assert decided(from_git, ML, children=(child(engaged_by=ARGO),)) != ()


def test_a_release_by_a_person_counts_also_where_git_says_so_too() -> None:
    """K8: of several who say so one is enough, whoever applied it last."""
    both = dataclasses.replace(RELEASED, owners=(ARGO, "ana"))

    assert decided(both, ML, children=(child(),)) == (Release(child(), by="ana"),)


def test_what_a_person_engages_beside_git_is_that_persons_kill() -> None:
    """K8: else Git, which says the same until it says otherwise, would release it."""
    both = dataclasses.replace(SWITCH, owners=(ARGO, "ana"))
    (new,) = decided(both, ML)
    (known,) = decided(both, ML, children=(child(engaged_by=ARGO),))

    assert [each.child.engaged_by for each in (new, known)] == ["ana", "ana"]
    assert decided(both, ML, children=(known.child,)) == ()
    assert decided(dataclasses.replace(SWITCH, owners=(ARGO,)), ML, children=(known.child,)) == ()


def test_a_release_that_nobody_wrote_releases_nothing() -> None:
    assert decided(dataclasses.replace(RELEASED, owners=()), ML, children=(child(),)) == ()


def test_one_that_is_created_released_says_nothing_of_the_kill_before_it() -> None:
    assert decided(dataclasses.replace(RELEASED, uid="new"), ML, children=(child(),)) == ()


def test_one_that_is_created_again_engaged_takes_its_switches_over() -> None:
    writes = decided(dataclasses.replace(SWITCH, uid="new", owners=("ana",)), ML, children=(child(),))

    assert [(write.child.parent_uid, write.child.resource_version) for write in writes] == [("new", "7")]
    assert isinstance(writes[0], Engage)


def test_a_persons_kill_that_git_takes_over_is_not_released_from_git() -> None:
    """K8, K9."""
    from_git = dataclasses.replace(SWITCH, uid="new", owners=(ARGO,))
    (taken,) = decided(from_git, ML, children=(child(),))
    released = dataclasses.replace(from_git, engaged=False)

    assert taken.child.engaged_by == "kubectl"
    assert decided(released, ML, children=(taken.child,)) == ()
    assert decided(dataclasses.replace(released, owners=("ana",)), ML, children=(taken.child,)) != ()


def test_a_kill_of_git_that_a_person_takes_over_is_that_persons() -> None:
    """K8."""
    (taken,) = decided(
        dataclasses.replace(SWITCH, uid="new", owners=("ana",)), ML, children=(child(engaged_by=ARGO),)
    )

    assert taken.child.engaged_by == "ana"


def test_a_switch_that_is_engaged_anew_is_the_kill_of_who_engages_it() -> None:
    """K8: a kill that is over says nothing of the next one."""
    before = child(engaged=False, engaged_by="kubectl")
    (again,) = decided(dataclasses.replace(SWITCH, owners=(ARGO,)), ML, children=(before,))

    assert again.child.engaged_by == ARGO


def test_one_that_a_person_engages_after_the_release_is_released_where_it_was_engaged() -> None:
    again = child(engaged=True, released_by="kubectl")

    assert decided(RELEASED, ML, children=(again,)) == ()
    assert still_held(RELEASED, (again,), GITOPS) == (again,)


def test_one_that_a_person_engages_on_itself_is_not_released_with_the_others() -> None:
    """K9: also one that was released alone, and says of no release on anybody's word."""
    own = child(by_hand=True)

    assert decided(RELEASED, ML, children=(own,)) == ()
    assert still_held(RELEASED, (own,), GITOPS) == (own,)


def test_what_a_person_engages_on_itself_is_left_as_it_is_and_a_further_one_is_engaged() -> None:
    """K2, K9: what it took in would be forgotten with it, and its own kill with what it took in."""
    for own in (child(by_hand=True), child(released_by="kubectl"), child(by_hand=True, parent_uid="old")):
        switch = dataclasses.replace(SWITCH, selection=Selection(models=("a",)))
        (write,) = decided(switch, ML, children=(own,))

        assert isinstance(write, Engage)
        assert (write.child.name, write.child.selection) == ("cluster-pii-2", switch.selection)
        assert decided(switch, ML, children=(own, write.child)) == ()
        assert decided(RELEASED, ML, children=(own, write.child)) == (Release(write.child, by="kubectl"),)
        away = dataclasses.replace(switch, namespaces=ELSEWHERE)
        assert engaged_in(decided(away, ML, children=(own,))) == []


def test_what_a_person_has_released_alone_is_engaged_for_the_cluster_again() -> None:
    """K2: who had written the release has no part in that."""
    (again,) = decided(SWITCH, ML, children=(child(engaged=False, by_hand=True),))

    assert again.child.name == "cluster-pii"
    assert not again.child.of_a_person
