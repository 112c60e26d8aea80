from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lastgood.api import crd, kinds

ROOT = Path(__file__).parents[3]
SCHEMAS = {
    kind.kind: crd.definition(kind, model)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for kind, model in crd.MODELS
}
STABLE = {
    "ModelDeployment.spec.workloadRef.kind": "Deployment",
    "ModelDeployment.spec.fallback.workloadRef.kind": "Deployment",
    "ModelDeployment.spec.interval": "15s",
    "ModelDeployment.spec.rollout.strategy": "Direct",
    "KillSwitch.spec.restore[].ceiling": 0,
}


def nodes(path: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, part in node.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", part)
    if "items" in node:
        yield from nodes(f"{path}[]", node["items"])
    if isinstance(node.get("additionalProperties"), dict):
        yield from nodes(f"{path}{{}}", node["additionalProperties"])


ALL = [found for kind, schema in SCHEMAS.items() for found in nodes(kind, schema)]
OURS = [(path, node) for path, node in ALL if ".metadata" not in path.partition(".spec")[0]]


@pytest.mark.parametrize("directory", crd.DIRECTORIES, ids=str)
def test_the_checked_in_crds_are_what_the_models_say(directory: Path) -> None:
    found = {file.name: file.read_text() for file in sorted((ROOT / directory).iterdir())}
    assert found == crd.written(), "run `python -m lastgood.api.crd`, which writes them and the chart's copy"


def test_every_field_says_what_it_is() -> None:
    silent = [path for path, node in OURS if not path.endswith(("[]", "{}")) and not node.get("description")]
    assert silent == []


def test_everything_that_can_grow_has_a_limit() -> None:
    unlimited = [
        path
        for path, node in OURS
        if (node.get("type") == "string" and not {"maxLength", "enum"} & node.keys() and path.count(".") > 1)
        or (node.get("type") == "array" and "maxItems" not in node)
        or ("additionalProperties" in node and "maxProperties" not in node)
    ]
    # A status word that may grow is not an enum, and only the operator writes it.
    assert unlimited == ["ModelDeployment.status.state", "SafetyDrill.status.phase"]


def test_only_harmless_defaults_are_written_into_objects() -> None:
    assert {path: node["default"] for path, node in OURS if "default" in node} == STABLE


def test_every_default_that_the_operator_applies_is_told() -> None:
    described = dict(OURS)
    assert described["ModelDeployment.spec.rollout.bake"]["description"].endswith("Default: 30m.")
    assert described["ModelDeployment.spec.killSwitch.recovery.backoff"]["description"].endswith(
        "Default: 2."
    )
    assert described["ModelDeployment.spec.killSwitch.recovery.probation.replicas"]["description"].endswith(
        "Default: 25%."
    )


def test_nothing_of_ours_leaks_into_the_schema() -> None:
    assert not [
        path for path, node in ALL if {"title", "$ref", "anyOf", "x-lastgood-stable-default"} & node.keys()
    ]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("ModelDeployment.spec.versions", ["name"]),
        ("ModelDeployment.spec.thresholds", ["name"]),
        ("ModelDeployment.spec.versions[].env", ["name"]),
        ("ModelDeployment.status.versions", ["name"]),
        ("ModelDeployment.status.thresholds", ["name", "version"]),
        ("ModelDeployment.status.conditions", ["type"]),
        ("ModelCheckpoint.status.conditions", ["type"]),
        ("KillSwitch.spec.restore", ["workload"]),
        ("KillSwitch.status.targets", ["workload"]),
        ("ClusterKillSwitch.status.targets", ["namespace", "workload"]),
        ("SafetyPolicy.spec.thresholds", ["name"]),
        ("SafetyDrill.status.steps", ["name"]),
    ],
)
def test_a_list_of_named_things_is_a_map(path: str, keys: list[str]) -> None:
    node = dict(ALL)[path]
    assert (node["x-kubernetes-list-type"], node["x-kubernetes-list-map-keys"]) == ("map", keys)


def test_the_command_writes_checks_and_names_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crd.main(["--check", str(tmp_path)]) == 1
    assert crd.main([str(tmp_path)]) == 0
    assert crd.main(["--check", str(tmp_path)]) == 0
    changed = tmp_path / "lastgood.dev_killswitches.yaml"
    changed.write_text("{}")
    capsys.readouterr()
    assert crd.main(["--check", str(tmp_path)]) == 1
    assert "lastgood.dev_killswitches.yaml is not what the models say" in capsys.readouterr().err


def test_every_kind_has_a_definition_and_columns() -> None:
    assert [kind for kind, _ in crd.MODELS] == list(kinds.KINDS)
    assert crd.COLUMNS.keys() == kinds.BY_KIND.keys()


def test_the_example_of_every_field_leaves_none_out() -> None:
    example = yaml.safe_load((ROOT / "examples" / "every-field.yaml").read_text())
    given = set(_paths("ModelDeployment.spec", example["spec"]))
    described = {
        path for path, _ in nodes("ModelDeployment.spec", SCHEMAS["ModelDeployment"]["properties"]["spec"])
    }
    missing = {path for path in described - given if not path.startswith("ModelDeployment.spec.template")}
    assert {path for path in missing if not path.endswith(("[]", "{}"))} == set()


def _paths(path: str, value: Any) -> Iterator[str]:
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _paths(f"{path}.{name}", part)
    if isinstance(value, list):
        for part in value:
            yield from _paths(f"{path}[]", part)
