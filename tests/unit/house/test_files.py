"""What holds for every file of the project."""

import os
import re

from tests.unit.house import tracked

MOST_LINES = 320
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|tmp/\w|(?:Users|home)/(?!ana\b)[a-z])[\w./-]*")
# Written apart, so that this file may be looked through too.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("registry", "npmjs", "org"),
        ("static", "crates", "io"),
    )
)


def test_a_file_fits_on_a_few_screens() -> None:
    lengths = {name: tracked.text(name).count("\n") for name in tracked.written_by_hand()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = {
        name: match.group() for name in tracked.files() if (match := MACHINE_PATH.search(tracked.text(name)))
    }
    assert found == {}


def test_no_file_names_the_host_of_a_package_registry() -> None:
    found = [
        (name, host) for name in tracked.files() for host in REGISTRIES if host in tracked.text(name).lower()
    ]
    assert found == []


def test_text_files_end_with_one_newline_and_carry_no_trailing_blanks() -> None:
    untidy = [
        name
        for name in tracked.written_by_hand()
        if (text := tracked.text(name)) and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    blanks = [
        name
        for name in tracked.written_by_hand()
        if re.search(r"[ \t]$", tracked.text(name), flags=re.MULTILINE)
    ]
    assert untidy == []
    assert blanks == []


def test_the_folder_operator_is_never_a_package() -> None:
    # The standard library has a module of that name.
    assert "operator/__init__.py" not in tracked.files()


def test_what_is_run_can_be_run() -> None:
    scripts = [name for name in tracked.files() if tracked.text(name).startswith("#!")]
    assert [name for name in scripts if not os.access(tracked.ROOT / name, os.X_OK)] == []
