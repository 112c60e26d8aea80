"""K8, K9: a kill is released by who has the verb `release`, never from Git, and by the operator where it mirrors."""

import pytest

from tests.cluster.guarding import ENGAGER, GITOPS, OPERATOR, RELEASER
from tests.cluster.interlock.asking import Namespace, model, switch

pytestmark = pytest.mark.cluster

OFF = {"engaged": False}


def test_who_may_engage_may_not_release_and_git_never_does(here: Namespace) -> None:
    """K9."""
    here.create(switch("inc", models=["fraud"]), user=ENGAGER)
    for user in (ENGAGER, *GITOPS, OPERATOR):
        said = here.refused("patch", "kswitch", "inc", *here.patch(OFF), user=user)
        assert said.startswith(f"{user} may not release KillSwitch inc")
        assert "the verb release, which the ClusterRole lastgood-release gives to people" in said
    said = here.refused(
        "patch", "kswitch", "inc", *here.patch(OFF), "--field-manager=kustomize-controller", user=RELEASER
    )
    assert "never comes from Git" in said, "an account that Flux impersonates"
    here.allowed("patch", "kswitch", "inc", *here.patch(OFF), user=RELEASER)
    here.allowed("patch", "kswitch", "inc", *here.patch({"engaged": True}), user=GITOPS[0])
    here.refused("replace", "-f", "-", given=switch("inc", engaged=False, models=["fraud"]), user=ENGAGER)


def test_the_operator_releases_what_it_mirrors_and_rehearses_and_nothing_else(here: Namespace) -> None:
    """K8, K9."""
    for cause in ("manual", "drill", "automatic"):
        here.create(switch(f"by-{cause}", cause=cause, models=["fraud"]), user=OPERATOR)
    here.allowed("patch", "kswitch", "by-manual", *here.patch(OFF), user=OPERATOR)
    here.allowed("patch", "kswitch", "by-drill", *here.patch(OFF), user=OPERATOR)
    here.refused("patch", "kswitch", "by-automatic", *here.patch(OFF), user=OPERATOR)


def test_the_field_of_a_model_is_set_back_only_by_who_may_release_its_switch(here: Namespace) -> None:
    """K8."""
    here.create(model("fraud", engaged=True), user=ENGAGER)
    off = here.patch({"killSwitch": {"engaged": False}})
    for user in (ENGAGER, *GITOPS):
        said = here.refused("patch", "mdep", "fraud", *off, user=user)
        assert said.startswith(
            f"{user} may not release ModelDeployment fraud: spec.killSwitch.engaged stays true"
        )
    gone = here.patch({"killSwitch": None})
    here.refused("patch", "mdep", "fraud", *gone, user=ENGAGER)
    here.refused("patch", "mdep", "fraud", *off, "--field-manager=argocd-controller", user=RELEASER)
    here.allowed("patch", "mdep", "fraud", *here.patch({"interval": "20s"}), user=ENGAGER)
    here.allowed("annotate", "mdep", "fraud", "a=b", user=OPERATOR)
    here.allowed("patch", "mdep", "fraud", *off, user=RELEASER)
    here.allowed("patch", "mdep", "fraud", *gone, user=ENGAGER)
