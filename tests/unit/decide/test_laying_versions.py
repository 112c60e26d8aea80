"""Laying a version over the container, and taking it away again (semantics.md, O1)."""

from typing import Any

from tests.unit.decide.scenes import model
from tests.unit.decide.simulator import pod_template


def container(made: Any) -> dict[str, Any]:
    found: dict[str, Any] = made.template["spec"]["containers"][0]
    return found


VERSIONS: list[dict[str, Any]] = [
    {"name": "a", "image": "img:a", "env": [{"name": "URI", "value": "1"}]},
    {"name": "b", "image": "img:b", "args": ["--fast"], "env": [{"name": "MODE", "value": "x"}]},
    {"name": "c", "image": "img:c"},
]


def test_what_a_version_lays_over_the_container_leaves_with_it() -> None:
    made = model()
    made.template = pod_template(
        "img:a", env=[{"name": "KEEP", "value": "0"}, {"name": "URI", "value": "1"}], args=["--own"]
    )
    made.spec["versions"] = VERSIONS
    made.wait(8)
    original = made.digest
    made.want("b")
    made.wait(2)
    assert container(made)["args"] == ["--fast"]
    assert container(made)["env"] == [{"name": "KEEP", "value": "0"}, {"name": "MODE", "value": "x"}]
    made.want("c")
    made.wait(2)
    assert container(made)["args"] == ["--own"]
    assert container(made)["env"] == [{"name": "KEEP", "value": "0"}]
    made.want("a")
    made.wait(2)

    assert made.digest == original


def test_a_version_s_variable_replaces_the_container_s_whole() -> None:
    made = model()
    source = {"name": "URI", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    made.template = pod_template("img:a", env=[source])
    made.spec["versions"] = [{"name": "a", "image": "img:a"}, VERSIONS[0] | {"name": "b"}]
    made.wait(1)
    made.want("b")
    made.wait(1)
    assert container(made)["env"] == [{"name": "URI", "value": "1"}]
    made.want("a")
    made.wait(1)

    assert container(made)["env"] == [source]


def test_only_the_named_container_is_changed() -> None:
    made = model(workloadRef={"name": "m", "container": "model"})
    sidecar = {"name": "proxy", "image": "proxy:1"}
    made.template = pod_template("img:a")
    made.template["spec"]["containers"].insert(0, sidecar)
    made.wait(1)
    made.want("b")
    made.wait(1)

    assert [c["image"] for c in made.template["spec"]["containers"]] == ["proxy:1", "img:b"]


def test_a_version_whose_variable_has_a_source_is_rolled_out_and_gone_back_from() -> None:
    """O1: such a version was once looked up by a hash that it has not."""
    made = model()
    source = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "token"}}}
    made.spec["versions"] = [
        {"name": "a", "image": "img:a"},
        {"name": "b", "image": "img:b", "env": [source]},
    ]
    made.wait(8)
    made.want("b")
    made.wait(2)
    assert container(made)["env"] == [source]
    made.want("a")
    made.wait(2)
    assert "env" not in container(made)
