"""Options, folders, addresses and configuration of a cluster, before anything runs."""

import os
from pathlib import Path

import pytest
import yaml

from devcluster import folders
from devcluster.errors import DevclusterError, StartError
from devcluster.options import ClusterOptions, User
from devcluster.run import identities, layout, network, scrape


def test_options_survive_the_way_to_the_supervisor() -> None:
    options = ClusterOptions(
        name="a",
        state_dir=Path("/x"),
        kwok_nodes=3,
        process_nodes=1,
        images=Path("/images.yaml"),
        feature_gates={"HPAScaleToZero": True},
        apiserver_args=("--v=4",),
        users=(User(name="cleo", groups=("people", "oncall")),),
    )
    assert ClusterOptions.from_json(options.to_json()) == options


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "../x"}, "cannot be named"),
        ({"name": ""}, "cannot be named"),
        ({"process_nodes": 1}, "need a table of images"),
        ({"kwok_nodes": -1}, "0 to 10,000 kwok nodes"),
        ({"scrape_interval": "soon"}, "is no duration"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(DevclusterError, match=sentence):
        ClusterOptions(**wrong)  # type: ignore[arg-type] # each case is one wrong argument


def test_folders_follow_the_xdg_variables_unless_these_are_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ana")
    assert folders.cache() == Path("/c/lastgood/devcluster")
    assert folders.state() == Path("/home/ana/.local/state/lastgood/devcluster")


def test_two_clusters_get_other_ports_pods_and_services() -> None:
    first, second = network.take_slot(), network.take_slot()
    with first.guard, second.guard:
        assert first.number != second.number
        assert not set(first.ports()) & set(second.ports())
        assert first.service_cidr != second.service_cidr
        assert len({first.pod_cidr(0), first.pod_cidr(1), second.pod_cidr(0)}) == 3


def test_a_slot_is_free_again_when_its_holder_has_ended() -> None:
    first = network.take_slot()
    first.guard.close()
    assert network.can_bind(network.FIRST_PORT + network.PORTS_PER_SLOT * first.number)


def test_a_folder_is_locked_once(tmp_path: Path) -> None:
    mine = layout.Layout(tmp_path / "cluster")
    fd = layout.acquire(mine, create=True)
    assert fd is not None
    assert layout.acquire(mine, create=True) is None
    os.close(fd)
    again = layout.acquire(mine, create=False)
    assert again is not None
    os.close(again)


def test_a_folder_with_files_but_no_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(StartError, match="no cluster's folder"):
        layout.acquire(layout.Layout(tmp_path), create=True)


def test_clearing_a_folder_keeps_its_lock(tmp_path: Path) -> None:
    mine = layout.Layout(tmp_path)
    mine.lock.touch()
    mine.create()
    mine.clear()
    assert list(tmp_path.iterdir()) == [mine.lock]


def test_a_kubeconfig_needs_no_other_file_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    text = identities.kubeconfig(server="https://127.0.0.1:1", authority=b"pem", user="ana", token="t")
    path = tmp_path / identities.file_name("system:serviceaccount:argocd:argocd")
    identities.write_private(path, text)
    assert ":" not in path.name
    assert path.stat().st_mode & 0o077 == 0
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert document["users"] == [{"name": "ana", "user": {"token": "t"}}]
    assert document["clusters"][0]["cluster"]["certificate-authority-data"] == "cGVt"


def test_the_token_file_holds_user_and_groups() -> None:
    users = (User(name="ana", groups=("people", "oncall")), User(name="argocd"))
    assert identities.token_file(users=users, tokens={"ana": "1", "argocd": "2"}) == (
        '1,ana,ana,"people,oncall"\n2,argocd,argocd,""\n'
    )


def test_pods_are_scraped_under_the_labels_of_their_model_and_version() -> None:
    text = scrape.configuration(folder=Path("/p"), kubeconfig=Path("/k"), interval="2s")
    document = yaml.safe_load(text)
    assert document["global"]["scrape_interval"] == document["global"]["evaluation_interval"] == "2s"
    rules = document["scrape_configs"][0]["relabel_configs"]
    labels = {rule["target_label"]: rule["source_labels"] for rule in rules if "target_label" in rule}
    assert labels["model_version"] == ["__meta_kubernetes_pod_label_lastgood_dev_version"]
    assert labels["model"] == ["__meta_kubernetes_pod_label_lastgood_dev_model"]
    assert {"namespace", "pod", "__address__", "__metrics_path__"} <= set(labels)
