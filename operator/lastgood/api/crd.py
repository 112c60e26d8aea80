"""Writes the CustomResourceDefinitions: `python -m lastgood.api.crd [--check] [DIR ...]`.

The models are the only source; the files under crds/, and the chart's copy of them, are checked in so that people
and GitOps can apply them without Python, and a test holds them equal to what is written here. The copy is no link:
tools that pack charts leave links out. With `--check` nothing is written: the command names each file that differs and
fails.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from lastgood.api import kinds, openapi
from lastgood.api.base import Resource
from lastgood.api.killswitch import ClusterKillSwitch, KillSwitch
from lastgood.api.modelcheckpoint import ModelCheckpoint
from lastgood.api.modeldeployment import ModelDeployment
from lastgood.api.safetydrill import SafetyDrill
from lastgood.api.safetypolicy import ClusterSafetyPolicy, SafetyPolicy

DIRECTORIES: Final = (Path("crds"), Path("helm/lastgood/crds"))
"""Where they are checked in, relative to the project's root."""
HEADER: Final = "# Generated from the models by `python -m lastgood.api.crd`; change those, not this file.\n"

MODELS: Final[tuple[tuple[kinds.Kind, type[Resource]], ...]] = (
    (kinds.MODEL_DEPLOYMENT, ModelDeployment),
    (kinds.MODEL_CHECKPOINT, ModelCheckpoint),
    (kinds.KILL_SWITCH, KillSwitch),
    (kinds.CLUSTER_KILL_SWITCH, ClusterKillSwitch),
    (kinds.SAFETY_POLICY, SafetyPolicy),
    (kinds.CLUSTER_SAFETY_POLICY, ClusterSafetyPolicy),
    (kinds.SAFETY_DRILL, SafetyDrill),
)


def condition(kind: str, *, field: str = "status") -> str:
    """Give the JSON path of one field of one condition."""
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


Column = tuple[str, str, str, int]
"""Heading, type, JSON path, and 1 for a column of `-o wide` only."""

AGE: Final[Column] = ("Age", "date", ".metadata.creationTimestamp", 0)
SWITCH: Final[tuple[Column, ...]] = (
    ("Engaged", "boolean", ".spec.engaged", 0),
    ("Verified", "string", condition("Verified"), 0),
    ("Reason", "string", ".spec.reason", 0),
    ("RequestedBy", "string", ".spec.requestedBy", 0),
    AGE,
    ("Action", "string", ".spec.action", 1),
    ("Models", "string", ".spec.models", 1),
    ("Message", "string", condition("Engaged", field="message"), 1),
)
POLICY: Final[tuple[Column, ...]] = (
    ("Thresholds", "string", ".spec.thresholds[*].name", 0),
    ("Models", "integer", ".status.models", 0),
    ("Ready", "string", condition("Ready"), 0),
    AGE,
    ("Message", "string", condition("Ready", field="message"), 1),
)
COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "ModelDeployment": (
        ("Version", "string", ".status.activeVersion", 0),
        ("Desired", "string", ".status.desiredVersion", 0),
        ("LastGood", "string", ".status.lastGoodVersion", 0),
        ("State", "string", ".status.state", 0),
        ("Since", "date", ".status.stateSince", 0),
        AGE,
        ("Reason", "string", condition("Ready", field="reason"), 1),
        ("Message", "string", condition("Ready", field="message"), 1),
        ("Workload", "string", ".spec.workloadRef.name", 1),
        ("Monitored", "string", condition("Monitored"), 1),
        ("KillSwitches", "string", ".status.killSwitch.switches", 1),
    ),
    "ModelCheckpoint": (
        ("Model", "string", ".spec.saved.model", 0),
        ("Version", "string", ".spec.saved.version", 0),
        ("Verdict", "string", ".spec.verdict.value", 0),
        ("Reason", "string", ".spec.verdict.reason", 0),
        ("Since", "date", ".spec.verdict.since", 0),
        AGE,
        ("By", "string", ".spec.verdict.by", 1),
        ("Pinned", "boolean", ".spec.pinned", 1),
        ("Verified", "date", ".status.lastVerified", 1),
        ("Digest", "string", ".spec.saved.digest", 1),
    ),
    "KillSwitch": SWITCH,
    "ClusterKillSwitch": SWITCH,
    "SafetyPolicy": POLICY,
    "ClusterSafetyPolicy": POLICY,
    "SafetyDrill": (
        ("Model", "string", ".spec.model", 0),
        ("Type", "string", ".spec.type", 0),
        ("Phase", "string", ".status.phase", 0),
        ("Started", "date", ".status.startedAt", 0),
        ("ToRollback", "string", ".status.timeToRollback", 0),
        ("ToZero", "string", ".status.timeToZero", 0),
        ("ToRestore", "string", ".status.timeToRestore", 0),
        AGE,
        ("Schedule", "string", ".spec.schedule", 1),
        ("LastPassed", "date", ".status.lastPassedAt", 1),
        ("Message", "string", condition("DrillPassed", field="message"), 1),
    ),
}


def definition(kind: kinds.Kind, model: type[Resource]) -> dict[str, Any]:
    """Give the CustomResourceDefinition of one kind, as JSON types."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": kind.crd_name,
            "labels": {"app.kubernetes.io/name": "lastgood", "app.kubernetes.io/part-of": "lastgood"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": [kind.short_name],
                "categories": list(kind.categories),
            },
            "versions": [
                {
                    "name": kind.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(column) for column in COLUMNS[kind.kind]],
                    "schema": {"openAPIV3Schema": _root(model)},
                }
            ],
        },
    }


def _column(column: Column) -> dict[str, Any]:
    name, kind, path, priority = column
    return {"name": name, "type": kind, "jsonPath": path} | ({"priority": priority} if priority else {})


def _root(model: type[Resource]) -> dict[str, Any]:
    """Leave metadata, apiVersion and kind to the API server, which has its own rules for them."""
    root = openapi.structural(model)
    properties = root["properties"]
    for name in ("apiVersion", "kind"):
        properties[name] = {
            "type": "string",
            "description": properties[name]["description"].partition(" Default:")[0],
        }
    properties["metadata"] = {"type": "object", "properties": {"name": {"type": "string"}}}
    root["required"] = ["spec"]
    return root


class _Dumper(yaml.SafeDumper):
    """Writes lists indented and never writes anchors, as people would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  (the signature is PyYAML's)
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def written() -> dict[str, str]:
    """Give each file's name and text."""
    return {
        f"{kind.group}_{kind.plural}.yaml": HEADER
        + yaml.dump(definition(kind, model), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
        for kind, model in MODELS
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the CRDs, or compare with what is there. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lastgood.api.crd", description="Write lastgood's CRDs.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    parser.add_argument("directories", nargs="*", default=DIRECTORIES, type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    stale = []
    for directory, (name, text) in itertools.product(options.directories, written().items()):
        file = directory / name
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(file)
        if not options.check:
            directory.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if options.check and stale:
        sys.stderr.writelines(
            f"{file} is not what the models say; run `python -m lastgood.api.crd`\n" for file in stale
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
