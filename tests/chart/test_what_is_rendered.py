"""The chart as Helm's engine renders it: with its own values and with odd ones."""

import dataclasses
import re
from typing import Any

import click
import helm_python
import pytest
import yaml

from lastgood import __version__
from lastgood.cli import interlock, operator
from lastgood.kube import client
from lastgood.runtime import settings
from tests.chart import rendering

EVERYTHING: dict[str, Any] = {
    "image": {"repository": "registry.example/lastgood", "digest": f"sha256:{'a' * 64}"},
    "imagePullSecrets": [{"name": "pull"}],
    "replicas": 3,
    "prometheus": {"url": "http://prometheus.monitoring:9090", "timeout": "3s"},
    "namespaces": ["ml", "fraud"],
    "logFormat": "text",
    "logLevel": "debug",
    "workers": 8,
    "automaticKills": 1,
    "automaticKillsPercent": 0,
    "lease": {"duration": "20s", "renewDeadline": "12s", "retryPeriod": "3s"},
    "gitopsManagers": ["argocd-controller", "our-own"],
    "manifestManagers": ["kubectl"],
    "extraArgs": ["--workers=9"],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "interlock": {
        "namespaceSelector": {
            "matchLabels": {"tier": "models"},
            "matchExpressions": [{"key": "a", "operator": "Exists"}],
        },
        "operatorAccounts": ["system:serviceaccount:other:lastgood"],
        "restoreAccounts": ["system:serviceaccount:velero:velero"],
    },
    "serviceAccount": {"name": "own", "annotations": {"a": "b"}},
    "metrics": {"service": {"port": 9100, "annotations": {"prometheus.io/scrape": "true"}}},
    "podLabels": {"team": "platform"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
}


def one(kind: str, values: dict[str, Any] | None = None, **release: str) -> dict[str, Any]:
    (found,) = rendering.of_kind(rendering.render(values, **release), kind)
    return found


def arguments(values: dict[str, Any] | None = None) -> list[str]:
    (container,) = one("Deployment", values)["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


def understood(given: list[str]) -> settings.Settings:
    """What the operator makes of its flags."""
    assert given[0] == "operator"
    context = operator.command.make_context("operator", given[1:])
    return operator.of(context.params)


def test_helm_finds_no_fault_in_it() -> None:
    for values in ({}, EVERYTHING):
        report = helm_python.lint(rendering.CHART, values, strict=True)
        assert [each for each in report["messages"] if each["severity"] > 1] == []
        assert report["errors"] == []


def test_it_is_of_the_operators_own_version() -> None:
    chart = yaml.safe_load((rendering.CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == __version__


def test_by_default_the_operator_has_its_own_defaults() -> None:
    chosen, own = understood(arguments()), settings.Settings()
    differs = {
        field.name
        for field in dataclasses.fields(own)
        if getattr(chosen, field.name) != getattr(own, field.name)
    }
    assert differs <= {"metrics_address", "log_format", "kubeconfig", "lease_namespace"}
    assert chosen.gitops_managers == settings.GITOPS_MANAGERS


def test_every_setting_reaches_the_operator() -> None:
    chosen = understood(arguments(EVERYTHING))
    assert chosen.prometheus_url == "http://prometheus.monitoring:9090"
    assert chosen.prometheus_timeout == 3
    assert chosen.namespaces == ("ml", "fraud")
    assert (chosen.lease_duration, chosen.renew_deadline, chosen.retry_period) == (20, 12, 3)
    assert (chosen.log_format, chosen.log_level, chosen.workers) == ("text", "debug", 9)
    assert chosen.gitops_managers == ("argocd-controller", "our-own", "kubectl")
    assert (chosen.automatic_kills, chosen.automatic_kills_percent) == (1, 0)


def test_the_lease_that_is_installed_is_the_one_that_is_taken() -> None:
    for release in ("lastgood", "safety"):
        lease = one("Lease", release=release)
        assert "spec" not in lease, "one without a holder is taken at once"
        chosen = one("Deployment", release=release)["spec"]["template"]["spec"]["containers"][0]["args"]
        assert f"--lease-name={lease['metadata']['name']}" in chosen


def test_it_runs_without_root_and_writes_nowhere() -> None:
    objects = rendering.render()
    jobs = [each for each in objects if each["kind"] == "Job"]
    for each in (*rendering.of_kind(objects, "Deployment"), *jobs):
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert container["resources"]["limits"]["memory"]


def test_two_replicas_survive_a_node_and_a_drain() -> None:
    assert one("Deployment")["spec"]["replicas"] == 2
    assert one("PodDisruptionBudget")["spec"]["minAvailable"] == 1
    assert rendering.of_kind(rendering.render({"replicas": 1}), "PodDisruptionBudget") == []


def test_a_digest_goes_before_a_tag() -> None:
    def image(values: dict[str, Any]) -> str:
        return str(one("Deployment", values)["spec"]["template"]["spec"]["containers"][0]["image"])

    assert image({}) == f"lastgood:{__version__}"
    assert image({"image": {"repository": "r/lastgood", "tag": "x"}}) == "r/lastgood:x"
    assert image(EVERYTHING) == f"registry.example/lastgood@sha256:{'a' * 64}"


def test_some_namespaces_get_rights_in_those_alone() -> None:
    objects = rendering.render(EVERYTHING)
    bound = {
        each["metadata"]["namespace"]: each["roleRef"]["name"]
        for each in rendering.of_kind(objects, "RoleBinding")
    }
    assert bound["ml"] == bound["fraud"] == "lastgood-operator"
    assert rendering.of_kind(objects, "ClusterRoleBinding") == []
    assert [
        each["metadata"]["name"] for each in rendering.of_kind(rendering.render(), "ClusterRoleBinding")
    ] == ["lastgood-operator"]


def test_the_rights_are_those_of_the_example() -> None:
    def stated(each: dict[str, Any]) -> tuple[object, ...]:
        name, namespace = each["metadata"]["name"], each["metadata"].get("namespace")
        return each["kind"], name, namespace, each.get("rules"), each.get("roleRef"), each.get("subjects")

    example = list(yaml.safe_load_all((rendering.ROOT / "examples" / "rbac.yaml").read_text()))
    rendered = [stated(each) for each in rendering.render(namespace="lastgood")]
    assert [
        each["kind"] for each in example if each["kind"] != "Namespace" and stated(each) not in rendered
    ] == []


def test_its_names_follow_the_release() -> None:
    names = {
        each["metadata"]["name"]
        for each in rendering.render(release="safety", namespace="ops")
        if each["kind"] != "Namespace"
    }
    assert all(name.startswith("safety-lastgood") for name in names)
    account = one("ServiceAccount", release="safety", namespace="ops")["metadata"]
    assert (account["name"], account["namespace"]) == ("safety-lastgood", "ops")
    latch = next(
        each
        for each in rendering.render(release="safety", namespace="ops")
        if each["metadata"]["name"] == "safety-lastgood-latch" and each["kind"].endswith("Policy")
    )
    assert "system:serviceaccount:ops:safety-lastgood" in yaml.safe_dump(latch)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"replica": 3}, "replica"),
    ({"replicas": 0}, "replicas"),
    ({"replicas": "2"}, "replicas"),
    ({"prometheus": {"uri": "x"}}, "uri"),
    ({"prometheus": {"url": "prometheus:9090"}}, "url"),
    ({"prometheus": {"timeout": "5 seconds"}}, "timeout"),
    ({"namespaces": ["ML"]}, "namespaces"),
    ({"namespaces": "ml"}, "namespaces"),
    ({"logLevel": "loud"}, "logLevel"),
    ({"gitopsManagers": []}, "gitopsManagers"),
    ({"image": {"digest": "sha256:abc"}}, "digest"),
    ({"interlock": {"enabled": "yes"}}, "enabled"),
    ({"interlock": {"gitopsAccounts": ['a"b']}}, "gitopsAccounts"),
    ({"interlock": {"failurePolicy": "Ignore"}}, "failurePolicy"),
]


@pytest.mark.parametrize(("values", "named"), REFUSED, ids=[str(values) for values, _ in REFUSED])
def test_a_value_that_cannot_be_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    report = helm_python.lint(rendering.CHART, values)
    told = " ".join(each["error"] for each in report["messages"] if each["severity"] == 3)
    assert named in told


def test_a_missing_account_is_said() -> None:
    with pytest.raises(helm_python.HelmError, match=r"serviceAccount\.name is needed"):
        rendering.render({"serviceAccount": {"create": False}})


def test_the_operator_knows_a_refusal_of_the_interlock_by_its_first_words() -> None:
    (hold,) = (
        each
        for each in rendering.of_kind(rendering.render(), "ValidatingAdmissionPolicy")
        if each["metadata"]["name"] == "lastgood-hold"
    )
    (validation,) = hold["spec"]["validations"]
    assert validation["messageExpression"].startswith(f"'{client.HELD}'")


def test_before_an_uninstall_exactly_the_bindings_are_deleted_and_nothing_else() -> None:
    objects = rendering.render()
    hooks = [each for each in objects if rendering.is_hook(each)]
    assert {each["metadata"]["annotations"]["helm.sh/hook"] for each in hooks} == {"pre-delete"}
    bindings = {
        each["metadata"]["name"] for each in rendering.of_kind(objects, "ValidatingAdmissionPolicyBinding")
    }
    (role,) = (each for each in hooks if each["kind"] == "ClusterRole")
    assert role["rules"] == [
        {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["validatingadmissionpolicybindings"],
            "resourceNames": [f"lastgood-{policy}" for policy in interlock.POLICIES],
            "verbs": ["delete"],
        }
    ]
    assert set(role["rules"][0]["resourceNames"]) == bindings
    (job,) = (each for each in hooks if each["kind"] == "Job")
    given = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert given[:2] == ["interlock", "remove"]
    assert isinstance(interlock.remove.make_context("remove", given[2:]), click.Context)


def test_without_the_interlock_nothing_of_it_is_left() -> None:
    kinds = {each["kind"] for each in rendering.render({"interlock": {"enabled": False}})}
    assert not any("Policy" in kind for kind in kinds)
    assert "Job" not in kinds


def test_only_one_role_has_the_verb_release_and_nobody_sees_checkpoints_by_viewing() -> None:
    roles = {each["metadata"]["name"]: each for each in rendering.of_kind(rendering.render(), "ClusterRole")}
    verbs = {name: {verb for rule in role["rules"] for verb in rule["verbs"]} for name, role in roles.items()}
    assert [name for name, has in verbs.items() if "release" in has or "*" in has] == ["lastgood-release"]
    viewed = [resource for rule in roles["lastgood-view"]["rules"] for resource in rule["resources"]]
    assert "modelcheckpoints" not in viewed
    assert (
        roles["lastgood-view"]["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    )
    edited = [resource for rule in roles["lastgood-edit"]["rules"] for resource in rule["resources"]]
    assert not {"killswitches", "clusterkillswitches"} & set(edited)


def test_the_notes_say_what_to_do_next() -> None:
    told = rendering.notes()
    # Helm owns the fields of what it has installed, so that an upgrade by another hand has to insist.
    assert "kubectl apply --server-side --force-conflicts -f -" in told
    assert "No prometheus.url is set" in told
    assert "--clusterrole=lastgood-release" in told
    assert "helm show crds" in told
    assert "No prometheus.url is set" not in rendering.notes(EVERYTHING)
    assert re.search(r"the namespaces ml, fraud\.", rendering.notes(EVERYTHING))
