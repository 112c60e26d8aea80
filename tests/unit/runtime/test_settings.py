"""Settings: what is refused, with the flag's name in the sentence, and what is found around the process."""

from pathlib import Path
from typing import Any

import pytest

from lastgood.runtime.settings import (
    GITOPS_MANAGERS,
    Address,
    Settings,
    SettingsError,
    find_kubeconfig,
    find_lease_namespace,
)


def refusal(**given: Any) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (pydantic wraps ours; the sentence is what counts)
        Settings(**given)
    return str(refused.value)


def test_the_defaults_are_safe_for_a_laptop() -> None:
    chosen = Settings()
    assert chosen.metrics_address == "127.0.0.1:8080"
    assert (chosen.namespaces, chosen.gitops_managers) == ((), GITOPS_MANAGERS)


def test_durations_are_read_as_go_writes_them() -> None:
    assert Settings(prometheus_timeout="1m30s").prometheus_timeout == 90.0  # type: ignore[arg-type]  # as flags give it


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"prometheus_url": "prometheus:9090"}, "--prometheus-url"),
        ({"prometheus_url": "http://"}, "--prometheus-url"),
        ({"prometheus_url": "http://[::"}, "--prometheus-url"),
        ({"prometheus_timeout": 0.0}, "--prometheus-timeout"),
        ({"metrics_address": "8080"}, "--metrics-address"),
        ({"metrics_address": "127.0.0.1:99999"}, "--metrics-address"),
        ({"namespaces": ("Not A Name",)}, "--namespace"),
        ({"lease_name": ""}, "--lease-name"),
        ({"lease_namespace": "a/b"}, "--lease-namespace"),
        ({"workers": 0}, "--workers"),
        ({"automatic_kills": 0}, "--automatic-kills"),
        ({"automatic_kills_percent": 101}, "--automatic-kills-percent"),
        ({"lease_duration": 10.0, "renew_deadline": 9.0}, "--renew-deadline"),
        ({"retry_period": 6.0}, "--renew-deadline"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_flag(given: dict[str, Any], flag: str) -> None:
    assert f"{flag} " in refusal(**given)


def test_addresses_may_be_ipv6_or_every_one() -> None:
    assert Address.parse("[::1]:0") == Address("::1", 0)
    assert Address.parse(":8080") == Address("0.0.0.0", 8080)
    with pytest.raises(SettingsError):
        Address.parse("::1:8080")


def test_inside_a_cluster_the_pods_account_is_used_whatever_kubeconfig_says(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("lastgood-system\n")
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": "/elsewhere"}
    assert find_kubeconfig(environment, account=tmp_path, home=tmp_path) is None
    assert find_lease_namespace(account=tmp_path) == "lastgood-system"


def test_outside_of_a_cluster_kubeconfig_and_then_the_usual_file_are_used(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert find_kubeconfig({"KUBECONFIG": "/a"}, account=nowhere, home=tmp_path) == "/a"
    assert find_kubeconfig({}, account=nowhere, home=tmp_path) is None
    usual = tmp_path / ".kube" / "config"
    usual.parent.mkdir()
    usual.touch()
    assert find_kubeconfig({}, account=nowhere, home=tmp_path) == str(usual)
    assert find_lease_namespace(account=nowhere) == "default"
