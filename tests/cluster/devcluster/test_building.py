"""Building with a real Go, on a small module: what counts is the cache, the lock and the sentence of a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.binaries import builder, golang, recipes
from devcluster.errors import BuildError

pytestmark = pytest.mark.cluster


class Workshop:
    """A module of its own with one main package, and a cache of its own."""

    def __init__(self, *, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module = folder / "modules" / "small"
        self.module.mkdir(parents=True)
        (self.module / "go.mod").write_text("module small\n\ngo 1.21\n", encoding="utf-8")
        (self.module / "go.sum").touch()
        self.write("package main\n\nfunc main() { println(42) }\n")
        self.recipe = recipes.Recipe(name="answer", module="small", package="small")
        self.steps: list[builder.Step] = []
        monkeypatch.setattr(recipes, "MODULES", folder / "modules")
        monkeypatch.setattr(recipes, "RECIPES", (self.recipe,))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE", str(Path.home() / ".cache" / "go-build")))
        for variable in ("DEVCLUSTER_BIN", "KUBEBUILDER_ASSETS"):
            monkeypatch.delenv(variable, raising=False)

    def write(self, program: str) -> None:
        (self.module / "main.go").write_text(program, encoding="utf-8")

    def build(self) -> Path:
        self.steps.clear()
        return builder.build(report=self.steps.append)["answer"]

    def kinds(self) -> list[str]:
        return [step.kind for step in self.steps]


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(folder=tmp_path, monkeypatch=monkeypatch)


def test_a_built_binary_runs_and_is_not_built_again(workshop: Workshop) -> None:
    path = workshop.build()
    assert subprocess.run([path], capture_output=True, text=True, check=True).stderr == "42\n"
    assert "built" in workshop.kinds()
    assert workshop.build() == path
    assert workshop.kinds() == ["cached"]


def test_other_module_files_mean_another_binary(workshop: Workshop) -> None:
    path = workshop.build()
    (workshop.module / "go.mod").write_text("module small\n\ngo 1.22\n", encoding="utf-8")
    assert workshop.build() != path
    assert path.exists()


def test_a_failed_build_is_one_sentence_that_names_the_log_and_leaves_nothing_in_the_cache(
    workshop: Workshop,
) -> None:
    workshop.write("package main\n\nfunc main() { printn(42) }\n")
    with pytest.raises(
        BuildError, match=r"answer could not be built: .*undefined: printn .*answer\.log"
    ) as caught:
        workshop.build()
    assert "\n" not in str(caught.value)
    assert list(recipes.built_path(workshop.recipe).parent.iterdir()) == []
    workshop.write("package main\n\nfunc main() { println(42) }\n")
    assert workshop.build().exists()


def test_a_second_build_waits_for_the_first_and_finds_its_work_done(workshop: Workshop) -> None:
    folder = workshop.module.parent.parent
    lock = folder / "cache" / "lastgood" / "devcluster" / "build.lock"
    lock.parent.mkdir(parents=True)
    target = recipes.built_path(workshop.recipe)
    holder = (
        "import fcntl, os, pathlib, sys\n"
        f"lock = open({str(lock)!r}, 'a+'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "lock.write(str(os.getpid())); lock.flush()\n"
        "print('held', flush=True); sys.stdin.readline()\n"
        f"path = pathlib.Path({str(target)!r}); path.parent.mkdir(parents=True); path.touch(mode=0o755)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == "held\n"
        pipe = first.stdin

        def report(step: builder.Step) -> None:
            workshop.steps.append(step)
            if step.kind == "waiting" and not pipe.closed:
                assert str(first.pid) in step.detail
                pipe.close()

        builder.build(report=report)
    assert workshop.kinds()[0] == "waiting"
    assert set(workshop.kinds()) == {"waiting", "cached"}


def test_a_go_that_is_too_old_is_not_used() -> None:
    found = golang.find(least=(1, 21))
    assert found is not None
    assert golang.find(least=(found.version[0] + 1,)) is None
