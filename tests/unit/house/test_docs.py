"""What the documents say of the code is what the code says of itself."""

import re
from pathlib import PurePath

import yaml

from lastgood.api import modeldeployment
from lastgood.api.modeldeployment_status import State
from lastgood.api.thresholds import OnBreach, Verdict
from lastgood.cli import reference
from lastgood.decide import unbuilt
from lastgood.report import conditions
from lastgood.report.metrics import Metrics
from tests.unit.house import tracked

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[\w-]+)?\)")


def test_the_settings_page_is_what_the_flags_say() -> None:
    assert tracked.text("docs/reference/settings.md") == reference.page()


def test_every_metric_is_documented_and_no_other() -> None:
    registered = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in Metrics().registry.collect()
        if metric.name.startswith("lastgood_")
    }
    documented = set(re.findall(r"^\| `(lastgood_\w+)`", tracked.text("docs/operations.md"), re.MULTILINE))
    assert documented == registered


def test_every_condition_state_and_verdict_is_explained() -> None:
    text = tracked.text("docs/concepts.md")
    words = [*conditions.CONDITIONS, *State, *Verdict, *OnBreach]
    assert [str(word) for word in words if f"`{word}`" not in text] == []


def test_the_readme_names_every_field_that_is_not_built() -> None:
    row = next(line for line in tracked.text("README.md").splitlines() if "answers `NotImplemented`" in line)
    named = set(re.findall(r"`([^`]+)`", row)) - {"NotImplemented"}
    assert named == {field for field, _ in unbuilt.UNBUILT}


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        (name, target)
        for name in tracked.written_by_hand()
        if name.endswith(".md")
        for target in LINK.findall(tracked.text(name))
        if not (tracked.ROOT / PurePath(name).parent / target).exists()
    ]
    assert broken == []


def test_every_model_in_the_documents_is_a_valid_one() -> None:
    found = 0
    for name in tracked.written_by_hand():
        if not name.endswith(".md"):
            continue
        for block in re.findall(r"```yaml\n(.*?)```", tracked.text(name), re.DOTALL):
            for document in yaml.safe_load_all(block):
                if isinstance(document, dict) and document.get("kind") == "ModelDeployment":
                    modeldeployment.ModelDeployment.parse(document)
                    found += 1
    assert found > 0


def test_every_make_target_that_the_documents_name_exists() -> None:
    makefile = tracked.text("Makefile")
    named = {
        target
        for name in tracked.written_by_hand()
        if name.endswith(".md")
        for target in re.findall(r"\bmake ([a-z][a-z0-9-]+)(?=[`\s;]*(?:KEEP|$|[`,.;)]))", tracked.text(name))
    }
    assert {target for target in named if f"\n{target}:" not in makefile} == set()


def test_every_rule_says_how_far_it_is_and_what_it_lacks() -> None:
    text = tracked.text("docs/semantics.md")
    rules = dict(re.findall(r"^- \*\*([A-Z]\d+)\*\* \*\((built|in part|not yet)\)\*", text, re.MULTILINE))
    assert set(rules) == set(re.findall(r"^- \*\*([A-Z]\d+)\*\*", text, re.MULTILINE))
    lacking = dict(re.findall(r"^\| ([A-Z]\d+) \| (in part|not yet) \|", text, re.MULTILINE))
    assert lacking == {rule: status for rule, status in rules.items() if status != "built"}
