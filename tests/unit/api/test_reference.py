from pathlib import Path

import pytest

from lastgood.api import kinds, reference

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_what_the_models_say() -> None:
    assert (ROOT / "docs" / "reference" / "api.md").read_text() == reference.page()


def test_the_page_tells_fields_defaults_refusals_and_words() -> None:
    page = reference.page()

    assert "| `spec.rollout.bake` | duration | 30m | How long all acting thresholds" in page
    assert "| `spec.engaged` | boolean | **required** |" in page
    assert "- `spec.thresholds[].clearMax`: clearMax needs max" in page
    assert "- `metadata.name`: metadata.name must not end in -spec" in page
    assert "| `lastgood.dev/rollback-to` |" in page
    for kind in kinds.KINDS:
        assert f"\n## {kind.kind}\n" in page


def test_the_command_writes_checks_and_names_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "reference" / "api.md"
    assert reference.main(["--check", str(page)]) == 1
    assert "api.md is not what the source says" in capsys.readouterr().err
    assert reference.main([str(page)]) == 0
    assert reference.main(["--check", str(page)]) == 0
