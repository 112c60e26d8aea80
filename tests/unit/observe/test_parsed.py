"""Objects are read once for each version of them, however often they are looked at."""

from typing import Any

from lastgood.observe.parsed import SWITCHES_AT_ONCE, Parsed


class Reads:
    """Notes which versions were read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, raw: Any) -> str:
        version = str(raw["metadata"]["resourceVersion"])
        self.read.append(version)
        return f"read {version}"


def at(version: str, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "stop", "namespace": "ml", "uid": "u", "resourceVersion": version},
        "spec": spec,
    }


def test_a_version_is_read_once_and_a_newer_one_anew() -> None:
    parsed, reads = Parsed(), Reads()
    found = [parsed.of(at(version), reads) for version in ("1", "1", "2", "2")]
    assert found == ["read 1", "read 1", "read 2", "read 2"]
    assert reads.read == ["1", "2"]


def test_only_so_many_versions_are_kept() -> None:
    parsed, reads = Parsed(), Reads()
    for version in ("1", "2", "3", "2", "1"):
        parsed.of(at(version), reads, versions=2)
    assert reads.read == ["1", "2", "3", "1"]


def test_drives_that_know_different_versions_of_one_switch_do_not_make_each_other_read_it() -> None:
    """K6: a switch over hundreds of models takes milliseconds to read, and hundreds of drives look at it."""
    parsed = Parsed()
    first = [parsed.switch(at(str(number), engaged=True)) for number in range(SWITCHES_AT_ONCE)]
    again = [parsed.switch(at(str(number), engaged=True)) for number in range(SWITCHES_AT_ONCE)]
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_what_is_gone_is_forgotten() -> None:
    parsed, reads = Parsed(), Reads()
    parsed.of(at("1"), reads)
    parsed.forget(at("1"))
    parsed.of(at("1"), reads)
    assert reads.read == ["1", "1"]
