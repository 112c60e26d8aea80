"""Who has changed a template: the owners of what differs, and nobody else (rule O6)."""

from typing import Any

from lastgood.runtime import blame


def template(image: str, *, env: str = "") -> dict[str, Any]:
    container: dict[str, Any] = {"name": "model", "image": image}
    if env:
        container["env"] = [{"name": "TEAM", "value": env}]
    return {"metadata": {"labels": {"app": "m"}}, "spec": {"containers": [container]}}


def owning(manager: str, *fields: str) -> dict[str, Any]:
    container: dict[str, Any] = {f"f:{field}": {} for field in fields}
    if "env" in fields:
        container["f:env"] = {".": {}, 'k:{"name":"TEAM"}': {".": {}, "f:name": {}, "f:value": {}}}
    owned = {"f:spec": {"f:containers": {'k:{"name":"model"}': container}}}
    return {"manager": manager, "fieldsV1": {"f:spec": {"f:template": owned}}}


RESTARTED = {
    "manager": "kubectl-rollout",
    "fieldsV1": {
        "f:spec": {
            "f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}
        }
    },
}


def test_the_owner_of_the_image_is_named_when_the_image_differs() -> None:
    managed = [owning("helm", "image"), RESTARTED, owning("lastgood", "args")]
    assert blame.changers(managed, live=template("m:2"), wanted=template("m:1")) == ("helm",)


def test_who_wrote_something_else_is_not_named() -> None:
    managed = [owning("helm", "env"), owning("argocd-controller", "image")]
    live, wanted = template("m:1", env="risk"), template("m:1", env="payments")
    assert blame.changers(managed, live=live, wanted=wanted) == ("helm",)


def test_several_are_named_and_never_ourselves() -> None:
    managed = [owning("helm", "env"), owning("argocd-controller", "image"), owning("lastgood", "image")]
    live = template("m:2", env="risk")
    assert blame.changers(managed, live=live, wanted=template("m:1")) == ("argocd-controller", "helm")


def test_nobody_is_named_for_what_was_taken_out() -> None:
    managed = [owning("helm", "image")]
    assert blame.changers(managed, live=template("m:1"), wanted=template("m:1", env="risk")) == ()


def test_an_object_without_owners_blames_nobody() -> None:
    assert blame.changers((), live=template("m:2"), wanted=template("m:1")) == ()
