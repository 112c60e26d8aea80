"""Who may release the kill of `spec.killSwitch.engaged` (semantics.md, K8)."""

import pytest

from tests.unit.decide.scenes import asked, killed_by_field


def test_the_one_who_engaged_the_field_may_release_it() -> None:
    made = asked(killed_by_field(), engaged=False)
    made.rest()

    assert not made.switch("m-spec").engaged


def test_another_person_may_release_it() -> None:
    made = asked(killed_by_field(), engaged=False, by="bob")
    made.rest()

    assert not made.switch("m-spec").engaged


def test_a_gitops_manager_may_not_release_what_a_person_engaged() -> None:
    made = asked(killed_by_field(), engaged=False, by="argocd-controller")
    decision = made.wait(30)

    assert made.switch("m-spec").engaged
    assert made.replicas == 0
    assert "argocd-controller, which may not release a kill by ana" in decision.contested


def test_a_release_by_hand_counts_though_a_sync_has_said_the_same_since() -> None:
    """As when the operator was down meanwhile: both own the field, and the sync was later."""
    made = asked(killed_by_field(), engaged=False, by="argocd-controller")
    made.engaged_also_by = "kubectl-patch"
    made.rest()

    assert not made.switch("m-spec").engaged
    assert made.switch("m-spec").released_by == "kubectl-patch"


def test_a_gitops_manager_may_release_what_it_engaged() -> None:
    made = asked(killed_by_field(by="argocd-controller"), engaged=False, by="argocd-controller")
    made.rest()

    assert not made.switch("m-spec").engaged


@pytest.mark.parametrize("by", ["", "ana"])
def test_a_field_that_is_gone_releases_nothing(by: str) -> None:
    made = asked(killed_by_field(), engaged=None, by=by)
    made.wait(5)

    assert made.switch("m-spec").engaged


def test_a_false_that_nobody_wrote_releases_nothing() -> None:
    made = asked(killed_by_field(), engaged=False, by="")
    made.wait(5)

    assert made.switch("m-spec").engaged


@pytest.mark.parametrize("engaged", [False, None])
def test_a_model_that_is_created_again_while_killed_stays_killed(engaged: bool | None) -> None:
    made = asked(killed_by_field(), engaged=engaged)
    made.uid = "uid-2"
    decision = made.wait(5)

    assert made.replicas == 0
    assert "created again while killed" in decision.contested


def test_a_model_that_is_created_again_and_asks_for_a_kill_may_be_released_by_its_own_field() -> None:
    made = killed_by_field()
    made.uid = "uid-2"
    made.rest()
    asked(made, engaged=False)
    made.rest()

    assert not made.switch("m-spec").engaged
    assert made.replicas == 1


def test_the_switch_itself_may_be_released_by_hand() -> None:
    made = asked(killed_by_field(), engaged=False, by="argocd-controller")
    made.release("m-spec")
    made.rest()

    assert made.replicas == 1


def test_a_person_who_engages_the_switch_itself_again_is_not_overruled_by_the_old_field() -> None:
    made = asked(killed_by_field(), engaged=False)
    made.wait(30)
    made.engage("m-spec")
    decision = made.wait(5)

    assert (made.replicas, made.switch("m-spec").engaged) == (0, True)
    assert "engaged again on the KillSwitch itself" in decision.contested


def test_the_field_engages_again_and_may_then_release_again() -> None:
    made = asked(killed_by_field(), engaged=False)
    made.wait(30)
    asked(made, engaged=True)
    made.rest()
    assert made.replicas == 0
    asked(made, engaged=False)
    made.wait(30)

    assert made.replicas == 4
