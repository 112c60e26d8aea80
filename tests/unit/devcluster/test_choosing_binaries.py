"""Which binary is used: given ones before built ones, each variable for what it is known to hold."""

from pathlib import Path

import pytest

from devcluster import binaries
from devcluster.binaries import golang, progress, recipes
from devcluster.binaries.builder import Step
from devcluster.errors import MissingBinariesError


def folder_with(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).touch(mode=0o755)
    return path


def test_without_variables_every_binary_is_a_built_one() -> None:
    found = binaries.sources(environ={})
    assert {source.given_by for source in found.values()} == {None}
    assert found["etcd"].path.name == "etcd"


def test_kubebuilder_assets_give_their_three_and_the_others_are_built(tmp_path: Path) -> None:
    assets = folder_with(tmp_path / "assets", "etcd", "kube-apiserver", "kubectl", "kube-scheduler")
    found = binaries.sources(environ={"KUBEBUILDER_ASSETS": str(assets)})
    given = {name for name, source in found.items() if source.given_by}
    assert given == {"etcd", "kube-apiserver", "kubectl"}


def test_the_own_variable_wins_over_kubebuilder_assets_and_may_be_incomplete(tmp_path: Path) -> None:
    assets = folder_with(tmp_path / "assets", "etcd", "kubectl")
    own = folder_with(tmp_path / "own", "server", "prometheus")
    found = binaries.sources(environ={"DEVCLUSTER_BIN": str(own), "KUBEBUILDER_ASSETS": str(assets)})
    assert found["etcd"].path == own / "server"
    assert found["kubectl"].path == assets / "kubectl"
    assert found["prometheus"].given_by == "DEVCLUSTER_BIN"
    assert found["kwok"].given_by is None


def test_a_variable_that_names_no_folder_is_an_error_and_no_silent_build(tmp_path: Path) -> None:
    with pytest.raises(MissingBinariesError, match=r"DEVCLUSTER_BIN names .*, which is no folder"):
        binaries.sources(environ={"DEVCLUSTER_BIN": str(tmp_path / "nowhere")})


def test_missing_binaries_are_named_with_the_command_that_builds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder_with(tmp_path / "own", *(recipe.name for recipe in recipes.RECIPES if recipe.name != "kwok"))
    monkeypatch.setenv("DEVCLUSTER_BIN", str(own))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(MissingBinariesError, match="kwok not built yet: run 'python -m devcluster build'"):
        binaries.locate()


def test_the_cache_key_changes_with_a_checksum(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n", encoding="utf-8")
    (tmp_path / "go.sum").write_text("a\n", encoding="utf-8")
    first = recipes.cache_key("controlplane", folder=tmp_path)
    assert recipes.cache_key("controlplane", folder=tmp_path) == first
    assert recipes.cache_key("prometheus", folder=tmp_path) != first
    (tmp_path / "go.sum").write_text("b\n", encoding="utf-8")
    assert recipes.cache_key("controlplane", folder=tmp_path) != first


def test_kubernetes_binaries_carry_the_version_of_go_mod() -> None:
    apiserver = recipes.RECIPES[0]
    version = recipes.kubernetes_version()
    assert f"-X k8s.io/component-base/version.gitVersion={version}" in apiserver.flags()[-1]
    assert f"k8s.io/client-go/pkg/version.gitMinor={version.split('.')[1]}" in apiserver.flags()[-1]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 darwin/arm64", (1, 27)),
        ("go version devel +a1b2c3 linux/amd64", None),
    ],
)
def test_the_version_of_go_is_read(text: str, version: tuple[int, ...] | None) -> None:
    assert golang.parse_version(text) == version


def test_a_log_gets_a_line_at_the_start_of_a_step_and_none_for_each_tick(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = progress.Plain()
    for seconds in (0.0, 0.5, 1.0):
        plain(Step(kind="compiling", name="kwok", done=3, total=900, seconds=seconds))
    plain(Step(kind="built", name="kwok", done=900, seconds=125))
    assert capsys.readouterr().err.splitlines() == [
        "[devcluster] kwok: compiling and linking, 0:00, 3 of at most 900 packages",
        "[devcluster] kwok: built in 2:05, 900 packages compiled, the others were cached",
    ]
