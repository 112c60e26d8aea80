from pathlib import Path

import pytest

from devcluster.processnode import images

TABLE = """
registry.example:5000/fraud:1.4.0: {command: [serve]}
plain:latest: {command: [serve]}
plain:2: {command: [serve], pull_seconds: 1.5}
"""


@pytest.fixture
def table(tmp_path: Path) -> images.ImageTable:
    (tmp_path / "images.yaml").write_text(TABLE, encoding="utf-8")
    return images.ImageTable(path=tmp_path / "images.yaml")


def test_an_image_is_found_by_its_name_and_a_missing_tag_means_latest(table: images.ImageTable) -> None:
    assert table.find("plain").name == "plain:latest"
    assert table.find("plain:2").pull_seconds == 1.5


def test_an_unknown_image_is_a_pull_error_that_says_what_to_do(table: images.ImageTable) -> None:
    with pytest.raises(images.PullError, match=r'"fraud:9".*add it to the image table images\.yaml'):
        table.find("fraud:9")


def test_the_id_of_an_image_is_its_repository_and_a_digest_that_changes_with_its_entry(
    table: images.ImageTable, tmp_path: Path
) -> None:
    before = table.find("registry.example:5000/fraud:1.4.0").id
    assert before.startswith("registry.example:5000/fraud@sha256:")
    (tmp_path / "images.yaml").write_text(TABLE.replace("[serve]", "[serve, --fast]"), encoding="utf-8")
    after = table.find("registry.example:5000/fraud:1.4.0").id
    assert after.startswith("registry.example:5000/fraud@sha256:")
    assert after != before


def test_an_image_named_by_digest_keeps_that_digest() -> None:
    name = f"registry.example/fraud@sha256:{'1' * 64}"
    assert images.Image(name=name, digest="sha256:2").id == name


@pytest.mark.parametrize(
    "entry", ["{command: serve}", "{cmd: [serve]}", "[serve]", "{command: [a], env: [b]}"]
)
def test_a_broken_entry_is_a_pull_error_and_not_a_crash(tmp_path: Path, entry: str) -> None:
    (tmp_path / "images.yaml").write_text(f"a:1: {entry}\n", encoding="utf-8")
    with pytest.raises(images.PullError, match="image table"):
        images.ImageTable(path=tmp_path / "images.yaml").find("a:1")


def test_placeholders_are_filled_in_and_other_braces_stay() -> None:
    fields = {"pod_ip": "127.64.0.1", "port:http": "8080"}
    assert images.fill('{pod_ip}:{port:http} {"a": {b}}', fields=fields) == '127.64.0.1:8080 {"a": {b}}'


def test_a_port_that_the_pod_has_not_is_an_error() -> None:
    with pytest.raises(images.UnknownFieldError, match="port:grpc"):
        images.fill("{port:grpc}", fields={})
